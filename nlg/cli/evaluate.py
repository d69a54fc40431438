"""`nlg eval`: measure texts and models."""

from typing import ClassVar

import click

from nlg.cli.options import LazyGroup


class EvalGroup(LazyGroup):
    """The commands that measure, one file each."""

    places: ClassVar = {
        "couplet": "nlg.cli.couplet_eval:eval_couplet",
        "poem": "nlg.cli.poem_eval:eval_poem",
        "qa": "nlg.cli.qa_eval:eval_qa",
    }


@click.group("eval", cls=EvalGroup)
def evaluate() -> None:
    """Measure texts and models."""
