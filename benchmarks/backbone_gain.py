"""What pretraining brings: the same short fine-tuning from it and from random weights.

Reading comprehension as UniLM does it, `[CLS]passage[SEP]question[SEP]answer[SEP]`,
the loss on the answer alone (kexue.fm/archives/7115). Both runs see the same rows in
the same order; on dev: nats an answer token, and how many answers greedy writing gets
right to the character.

    python benchmarks/backbone_gain.py --train qa.jsonl.gz --dev qa.dev.jsonl.gz

The files hold JSON lines with passage, question and answer. A table on screen; the last
line is JSON. `KERAS_BACKEND=torch` is the fastest on a CPU.
"""

import argparse
import gzip
import json
import pathlib
import tempfile

import keras
import numpy as np
from keras import ops

from nlg.backbone.checkpoint import load_backbone
from nlg.backbone.unilm import UniLM
from nlg.pretrain.model import Pretraining
from nlg.runtime import checkpoints_folder
from nlg.text.packing import pack
from nlg.text.vocab import CLS_ID, SEP_ID
from nlg.training.loop import fit
from nlg.training.options import TrainOptions
from nlg.training.run import Run

PASSAGE, QUESTION, ANSWER, ROW, ROWS = 300, 64, 16, 512, 4


def encoded(path, tokenizer, limit):
    """Return source and answer ids of the first `limit` records that fit."""
    pairs = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            passage, question, answer = (
                tokenizer.encode(record[x]) for x in ("passage", "question", "answer")
            )
            if len(passage) <= PASSAGE and 0 < len(answer) <= ANSWER:
                question = question[:QUESTION]
                source = [CLS_ID, *passage, SEP_ID, *question, SEP_ID]
                pairs.append((source, [*answer, SEP_ID]))
    order = np.random.default_rng(0).permutation(len(pairs))[:limit]
    return [pairs[i] for i in order]


def batch_of(rows, pairs):
    """Return the model's input for packed rows of `pairs`."""
    names = ("token_ids", "segment_ids", "sample_ids", "position_ids")
    batch = {name: np.zeros((len(rows), ROW), "int32") for name in names}
    places, targets = [], []
    for b, row in enumerate(rows):
        start = 0
        for number, index in enumerate(row, 1):
            source, answer = pairs[index]
            here = slice(start, start + len(source) + len(answer))
            batch["token_ids"][b, here] = source + answer
            batch["segment_ids"][b, here] = [0] * len(source) + [1] * len(answer)
            batch["sample_ids"][b, here] = number
            batch["position_ids"][b, here] = range(len(source) + len(answer))
            first = b * ROW + start + len(source) - 1
            places += range(first, first + len(answer))
            targets += answer
            start = here.stop
    room = -(-len(places) // 64) * 64 - len(places)
    return batch | {
        "places": np.array(places + [0] * room, "int32"),
        "targets": np.array(targets + [0] * room, "int32"),
        "objective": np.full(len(places) + room, 2, "int32"),
        "weights": np.array([1] * len(places) + [0] * room, "float32"),
    }


def batches(pairs, seed):
    lengths = [len(source) + len(answer) for source, answer in pairs]
    order = np.random.default_rng(seed).permutation(len(pairs))
    rows = pack(order.tolist(), lengths, ROW)
    return [rows[i : i + ROWS] for i in range(0, len(rows) - ROWS + 1, ROWS)]


def exact_match(unilm, pairs):
    """Return the share of answers that greedy writing gets right."""
    right = 0
    for start in range(0, len(pairs), 16):
        part = pairs[start : start + 16]
        longest = max(len(source) for source, _ in part)
        sources = np.zeros((len(part), longest), "int32")
        for row, (source, _) in zip(sources, part, strict=True):
            row[: len(source)] = source
        states, source = unilm.prefill({"token_ids": sources})
        cache = unilm.empty_cache(len(part), ANSWER + 1)
        written = []
        for index in range(ANSWER + 1):
            logits = ops.convert_to_numpy(unilm.logits(states))
            written.append(logits.argmax(-1).astype("int32"))
            states, cache = unilm.step(written[-1], index, source, cache)
        for tokens, (_, answer) in zip(np.array(written).T, part, strict=True):
            right += tokens[: len(answer)].tolist() == answer
    return right / len(pairs)


def tuned(unilm, train, dev, options):
    """Fine-tune, and return what dev says."""
    model = Pretraining(unilm)
    model.build()
    deal = batches(train, options.seed)
    look = [batch_of(rows, dev) for rows in batches(dev, 0)]

    def evaluate():
        nats = count = 0.0
        for batch in look:
            model.reset_metrics()
            scores = model.test_on_batch(batch, return_dict=True)
            nats += float(scores["loss"]) * batch["weights"].sum()
            count += batch["weights"].sum()
        return {"dev_loss": nats / count}

    with tempfile.TemporaryDirectory() as folder:
        best = fit(
            model,
            lambda step: batch_of(deal[step % len(deal)], train),
            evaluate,
            options,
            Run(pathlib.Path(folder)),
        )
    return {"dev_nats": best["dev_loss"], "exact_match": exact_match(unilm, dev)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--rate", type=float, default=5e-4)
    asked = parser.parse_args()
    folder = asked.checkpoint or checkpoints_folder() / "backbone"
    tokenizer = load_backbone(folder).tokenizer
    train = encoded(asked.train, tokenizer, 40_000)
    dev = encoded(asked.dev, tokenizer, 400)
    options = TrainOptions(
        steps=asked.steps,
        learning_rate=asked.rate,
        warmup_steps=asked.steps // 10,
        eval_every=asked.steps,
        save_every=asked.steps,
    )
    results = {}
    for name in ("random", "pretrained"):
        keras.utils.set_random_seed(1)
        unilm = load_backbone(folder).model
        if name == "random":
            unilm = UniLM(unilm.config)
            unilm.build()
        results[name] = tuned(unilm, train, dev, options)
        print(f"{name:12} {results[name]}", flush=True)
    print(json.dumps({"steps": asked.steps, "dev_questions": len(dev), **results}))


if __name__ == "__main__":
    main()
