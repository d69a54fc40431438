"""Turn a finished training run into a checkpoint folder that answers without Keras.

Run as a process of its own (`python -m nlg.couplet.train.export`), because tf2onnx
reads the TensorFlow backend, whichever backend trained the run.

    model.onnx    answers a line, `BEAMS` beams
    many.onnx     the same with `MANY_BEAMS`, for more answers to one line
    judge.onnx    what the network thinks of a given answer, and would rather write
"""

import dataclasses
import pathlib

from keras import ops

from nlg.couplet.dataset import load_couplets
from nlg.couplet.evaluate import human_report, model_report
from nlg.couplet.pairs import Pairs
from nlg.couplet.responder import BEAMS, MANY_BEAMS, PAIRS, RUNNERS_UP, TASK, Couplets
from nlg.couplet.scroll import Scrolls, dictionary_words
from nlg.couplet.train.model import CoupletTagger, build_model
from nlg.couplet.train.options import CoupletTraining
from nlg.couplet.train.search import Rules, answer_lines
from nlg.layers.context import before
from nlg.onnx_export.export import export_onnx, save_weights
from nlg.runtime.checkpoint import VOCABULARY, WEIGHTS
from nlg.text.vocab import Vocabulary
from nlg.training.export_checkpoint import (
    export_arguments,
    export_checkpoint,
    finished,
)

ANSWER = ("answers", "log_probs")  # an output may not have the name of an input


def export(
    run_folder: pathlib.Path, out: pathlib.Path, data: pathlib.Path, dev: pathlib.Path
) -> None:
    """Write the checkpoint `out` from the best weights of `run_folder`.

    Args:
        run_folder: what `nlg train couplet` wrote.
        out: the folder to make or to make anew.
        data: the training couplets, which the scrolls come from.
        dev: the couplets that the metrics are taken on.
    """
    done = finished(run_folder)
    options = CoupletTraining(**done.settings)
    vocabulary = Vocabulary.load(run_folder / VOCABULARY)
    pairs = Pairs.load(run_folder / PAIRS, vocabulary)
    model = build_model(len(vocabulary), len(pairs), options)
    done.load_into(model)
    couplets = load_couplets(dev)[: options.metric_samples]

    def graphs(out: pathlib.Path) -> None:
        write_graphs(model, out)
        vocabulary.save(out / VOCABULARY)
        pairs.save(out / PAIRS)
        Scrolls.learn(load_couplets(data), dictionary_words(), vocabulary).save(out)

    export_checkpoint(
        done.run,
        out,
        TASK,
        graphs=graphs,
        facts={"model": dataclasses.asdict(model.config)},
        measure=lambda: {
            "dev": model_report(couplets, Couplets.from_checkpoint(out)),
            "dev_human": human_report(couplets),
        },
    )


def write_graphs(model: CoupletTagger, out: pathlib.Path) -> None:
    """Write the weights and the three graphs of `model`."""
    weights = out / WEIGHTS
    save_weights(model, weights)
    V, lines = model.config.vocab_size, ((None, None), "int32")
    source = {"token_ids": lines, "pair_ids": lines, "mode": ((None,), "int32")}
    chance = {"noise": ((None, None, None), "float32"), "temperature": ((), "float32")}
    rules = {
        "kinds": ((None, V), "float32"),
        "required": lines,
        "usable": ((None, V), "float32"),
        "fixed": lines,
        "same": lines,
    }
    for name, beams in (("model", BEAMS), ("many", MANY_BEAMS)):

        def answer(token_ids, pair_ids, mode, noise, temperature, *rest, beams=beams):
            given = (token_ids, pair_ids, mode, noise, temperature, Rules(*rest))
            return answer_lines(model, *given, beams=beams)

        signature = {**source, **chance, **rules}
        path = out / f"{name}.onnx"
        int8 = name == "model"  # the one for many lines
        export_onnx(answer, model, signature, ANSWER, path, weights, int8)
    export_onnx(
        lambda *given: judge(model, *given),
        model,
        {**source, "targets": lines},
        ("log_probs", "favourites", "favourite_log_probs"),
        out / "judge.onnx",
        weights,
    )


def judge(model: CoupletTagger, token_ids, pair_ids, mode, targets) -> tuple:
    """Return what the network thinks of `targets`, without rules.

    Returns:
        log_probs (B, T) of the targets, and the `RUNNERS_UP` most probable characters
        of each place given the two before it, (B, T, R), with their log-probabilities.
    """
    places = model.places(token_ids, pair_ids, mode)
    context = before(model.vocabulary(targets))
    scores = ops.log_softmax(model.logits(model.head(places, context)), axis=-1)
    own = ops.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
    best, token_ids = ops.top_k(scores, RUNNERS_UP)
    return own, ops.cast(token_ids, "int32"), best


if __name__ == "__main__":
    export(*map(pathlib.Path, export_arguments()))
