"""The rules of a 词 on the seam, from the arrays of `nlg.poem.ci_plans`.

A search that is held to them writes texts in which `nlg.text.ci_rules` finds no fault,
whatever its model. This file knows no characters.

Shapes: B rows, K beams, T tokens with marks; the others are those of `ci_plans`.
"""

from collections.abc import Mapping
from typing import Any

from keras import ops

from nlg.decode.constraints import allowed_by_place
from nlg.decode.rhyme_constraints import (
    no_pair_against,
    no_repeated_foot,
    one_part_a_group,
    said_again,
)
from nlg.decode.seam import Constraint


def rules_of(arrays: Mapping[str, Any], rows: Any, beams: int) -> list[Constraint]:
    """Return the rules that keep what is written to a variant.

    Args:
        arrays: what `CiPlanBuilder.arrays` makes.
        rows: B, a number or a scalar tensor.
        beams: K.
    """
    kind_at, source_at = arrays["kind_at"], arrays["source_at"]
    group_at, rhyme_at = arrays["group_at"], arrays["rhyme_at"]
    parts, open_parts = arrays["parts"], arrays["open_parts"]
    every_row = ops.repeat(ops.convert_to_tensor(kind_at)[None], rows, axis=0)  # (B, T)
    return [
        allowed_by_place(arrays["kinds"], every_row, beams),
        one_part_a_group(parts, open_parts, group_at, rhyme_at),
        no_repeated_foot(group_at, source_at),
        no_pair_against(arrays["pairs"], arrays["against"], kind_at, source_at),
        said_again(source_at),
    ]
