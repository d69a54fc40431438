"""Answers from the shell, in bulk, and against the loop of bert4keras's example.

    python benchmarks/qa.py [--quick] [--checkpoint FOLDER] [--count 128] [--threads 2]

    cold    `nlg qa` on one passage, a process: seconds from shell to answer, most MB
    bulk    Reader.answer_all: one question to each passage of 256 characters, passages
            a second; extractive, four beams
    loop    the same network in task_reading_comprehension_by_seq2seq.py's way, in the
            same run: AutoRegressiveDecoder.beam_search in Python, a question at a time,
            each step a predict() of the whole passage and what is written; and how many
            times as fast ours is in bulk

cold and bulk are of FOLDER, by default the shipped reader. The loop is compared on a
plain UniLM of the shipped backbone's shape, without the aids that bert4keras does not
have: the same random weights on both sides, free text, four beams, the vote of one
passage, and the same number of tokens, since no line may end: 6, an answer of five
characters and its end, and 33, all that the example leaves room for. Ours multiplies in
float32, as the loop does, and in int8, an export's option (`nlg.onnx_export.quantize`).
same_lines tells how many of its lines are the loop's.

Passages are made-up lives. Every system runs in a process of its own; loading is not
counted but in cold; medians over runs, after a warm-up. The last line is JSON.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from measure import medians

ROOT = pathlib.Path(__file__).parents[1]
LENGTHS = 6, 33  # tokens
KINDS = "float32", "int8"  # what ours multiplies
BEAMS = 4
LOOPS = 3  # questions that the loop answers; it is slow
NEVER = -30_000.0  # log-odds that 16 bits hold
SHARP = 50.0  # times a random table: some token is likely, as after a training
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "明华国建文志玉春秀英"
PLACES = "江南", "长安", "洛阳", "成都", "杭州", "苏州"
CRAFTS = "木匠", "石匠", "医生", "教师", "船夫", "画师"


def life(name, rng):
    year = rng.randrange(1800, 1990)
    return f"{name}，{year}年生于{rng.choice(PLACES)}，是一位{rng.choice(CRAFTS)}。"


def questions(count, size=256, seed=0):
    """Return made-up questions, a passage of `size` characters each."""
    from nlg.qa.answer import QARequest

    rng = random.Random(seed)
    names = [a + b + c for a in SURNAMES for b in GIVEN for c in GIVEN]
    found = []
    for _ in range(count):
        chosen = rng.sample(names, 32)
        text = "".join(life(name, rng) for name in chosen)[:size]
        whole = [
            name for name in chosen if f"{name}，" in text[: -len(life(name, rng))]
        ]
        found.append(QARequest(f"{rng.choice(whole)}生于哪一年？", [text]))
    return found


def seconds_of(run, runs):
    """Return the median time of `run` after a warm-up, and what it returned last."""
    result = run()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        result = run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), result


def bulk(args):
    """Answer passages with the checkpoint."""
    from nlg.qa.reader import Reader

    reader = Reader.from_checkpoint(args.checkpoint, workers=args.threads)
    asked = questions(args.count)
    seconds, answers = seconds_of(lambda: list(reader.answer_all(asked)), args.runs)
    given = [answer.text for answer in answers if answer.text]
    return {
        "passages_per_second": round(args.count / seconds, 1),
        "answered": len(given),
        "characters": round(statistics.mean(map(len, given or [""])), 1),
    }


def ours(args):
    """Answer passages with the plain network, all at once."""
    from nlg.qa.options import AnswerOptions
    from nlg.qa.reader import Reader

    reader = Reader.from_checkpoint(args.checkpoint, workers=args.threads)
    most = args.length - 1  # the end is a token
    reader.config = dataclasses.replace(reader.config, max_answer=most)
    asked, options = questions(args.count), AnswerOptions("generative", beam=BEAMS)
    seconds, answers = seconds_of(
        lambda: list(reader.answer_all(asked, options)), args.runs
    )
    return {
        "seconds_per_passage": seconds / args.count,
        "lines": [answer.text for answer in answers[:LOOPS]],
    }


def loop(args):
    """Answer a few of the same passages with bert4keras, one by one."""
    os.environ |= {"TF_KERAS": "1", "TF_USE_LEGACY_KERAS": "1"}
    import tensorflow as tf
    import tensorflow.keras

    tensorflow.keras.__version__ = "2.21.0-tf"  # it compares version strings
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    import numpy as np
    from bert4keras.snippets import AutoRegressiveDecoder

    from nlg.qa.inputs import as_read, source_of
    from nlg.qa.reader import Reader

    model = their_model(args.checkpoint)
    tokenizer = Reader.from_checkpoint(args.checkpoint).tokenizer

    class Decoder(AutoRegressiveDecoder):
        @AutoRegressiveDecoder.wraps(default_rtype="probas")
        def predict(self, inputs, output_ids, states):
            tokens, segments = inputs
            tokens = np.concatenate([tokens, output_ids], 1)
            segments = np.concatenate([segments, np.ones_like(output_ids)], 1)
            probs = model.predict([tokens, segments], verbose=0)[:, -1]
            return probs**2 / (1 + probs)  # the vote, of one passage

    decoder = Decoder(start_id=None, end_id=-1, maxlen=args.length)

    def answer(asked):
        encode = lambda text: tokenizer.encode(as_read(text))  # noqa: E731
        source = source_of(encode(asked.passages[0]), encode(asked.question)).token_ids
        inputs = [source.tolist(), [0] * len(source)]
        return tokenizer.decode(decoder.beam_search(inputs, topk=BEAMS).tolist())

    asked = questions(args.count)[:LOOPS]
    seconds, lines = seconds_of(lambda: [answer(one) for one in asked], 1)
    return {"seconds_per_passage": seconds / len(asked), "lines": lines}


def their_model(folder):
    """Return bert4keras's UniLM with the weights of a plain checkpoint."""
    from bert4keras.models import build_transformer_model
    from safetensors.numpy import load_file

    from nlg.backbone.config import BackboneConfig
    from nlg.backbone.names import names, stored_names

    ours = BackboneConfig.from_dict(
        json.loads((folder / "config.json").read_text("utf-8"))["backbone"]
    )
    path = folder.with_name("bert_config.json")
    config = {
        "vocab_size": ours.vocab_size,
        "hidden_size": ours.hidden_size,
        "num_hidden_layers": ours.layers,
        "num_attention_heads": ours.heads,
        "intermediate_size": ours.feed_forward_size,
        "hidden_act": ours.activation,
        "hidden_dropout_prob": 0.0,
        "max_position_embeddings": ours.max_positions,
        "type_vocab_size": ours.segments,
    }
    path.write_text(json.dumps(config))
    model = build_transformer_model(str(path), application="unilm")
    stored = load_file(folder / "weights.safetensors")
    tensors = {theirs: stored[x] for x, theirs in names(ours, "bert4keras").items()}
    for layer in model.layers:
        own = stored_names(layer.name, [weight.name for weight in layer.weights])
        layer.set_weights([tensors[name].astype("float32") for name in own])
    return model


def make(args):
    """Write a plain reader of random weights, which never ends a line, of each kind."""
    import keras

    from nlg.backbone.config import BackboneConfig
    from nlg.backbone.unilm import UniLM
    from nlg.qa.config import QAConfig
    from nlg.qa.train import export
    from nlg.qa.train.model import Answerer
    from nlg.runtime import checkpoints_folder
    from nlg.text.vocab import SEP_ID

    export.GRAPHS = {"model": export.GRAPHS["model"]}  # the only one that is timed
    shipped = checkpoints_folder() / "backbone"
    facts = json.loads((shipped / "config.json").read_text("utf-8"))
    shape = BackboneConfig.from_dict(facts["model"])
    if args.quick:
        shape = BackboneConfig.preset("tiny", shape.vocab_size, max_positions=512)
    keras.utils.set_random_seed(0)
    unilm = UniLM(shape)
    unilm.build()
    unilm.embeddings.token.table.assign(SHARP * unilm.embeddings.token.table)
    unilm.head.bias.assign(never(shape.vocab_size, SEP_ID))
    config = QAConfig(overlap=False, words=False, copy=False, convolutions=0)
    model = Answerer(unilm, config)
    model.build()
    for name in KINDS:
        folder = args.checkpoint / name
        write(folder, model, facts["lower_case"], shipped / "vocab.txt", name == "int8")


def never(size, end_id):
    """Return a bias that forbids the end."""
    import numpy as np

    return np.where(np.arange(size) == end_id, NEVER, 0.0)


def write(folder, model, lower_case, vocabulary, int8):
    """Write the checkpoint of an untrained model."""
    import dataclasses

    from nlg.qa.reader import TASK
    from nlg.qa.train.export import write_graphs
    from nlg.runtime.checkpoint import FORMAT, seal

    folder.mkdir(parents=True)
    write_graphs(model, folder, int8)
    (folder / "vocab.txt").write_bytes(vocabulary.read_bytes())
    config = {
        "task": TASK,
        "format": FORMAT,
        "backbone": dataclasses.asdict(model.unilm.config),
        "lower_case": lower_case,
        "max_passage": 256,
        "max_question": 64,
        "max_answer": LENGTHS[0] - 1,
        "model": dataclasses.asdict(model.config),
        **dataclasses.asdict(model.config),
    }
    (folder / "config.json").write_text(json.dumps(config))
    seal(folder)


STEPS = {"make": make, "bulk": bulk, "ours": ours, "loop": loop}


def apart(step, args, checkpoint, length=0):
    """Return what a step finds, in a process of its own."""
    command = [sys.executable, __file__, "--one", step, "--checkpoint", checkpoint]
    command += [f"--{x}={getattr(args, x)}" for x in ("count", "threads", "runs")]
    command += [f"--length={length}", *(["--quick"] if args.quick else [])]
    environment = {
        "KERAS_BACKEND": "tensorflow",
        "OMP_NUM_THREADS": str(args.threads),
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    if done.returncode:
        sys.exit(f"{step} failed: {''.join(done.stderr.splitlines()[-1:])}")
    return json.loads(done.stdout.splitlines()[-1])


def cold(args, checkpoint):
    """Time the command on the first of the questions."""
    (asked,) = questions(1)
    command = [sys.executable, "-m", "nlg", "qa", "-q", asked.question]
    command += ["-p", *asked.passages, "--checkpoint", str(checkpoint)]
    seconds, megabytes = medians({"cold": command}, args.runs)["cold"]
    return {"cold_seconds": round(seconds, 3), "cold_peak_mb": round(megabytes)}


def compare(args, folder):
    """Return how ours and the loop do, for answers of each length."""
    found = []
    for length in LENGTHS:
        theirs = apart("loop", args, folder / KINDS[0], length)
        seconds = theirs["seconds_per_passage"]
        for kind in KINDS:
            mine = apart("ours", args, folder / kind, length)
            pairs = zip(mine["lines"], theirs["lines"], strict=True)
            line = {
                "tokens": length,
                "nlg_per_second": round(1 / mine["seconds_per_passage"], 1),
                "bert4keras_per_second": round(1 / seconds, 2),
                "ratio": round(seconds / mine["seconds_per_passage"], 1),
                "same_lines": round(statistics.mean(a == b for a, b in pairs), 2),
            }
            show(f"{length}, {kind}", line)
            found.append({"kind": kind, **line})
    return found


def show(name, found):
    told = "  ".join(f"{key} {value}" for key, value in found.items())
    print(f"{name:<12}{told}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tiny model, no claims")
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=128, help="passages in bulk")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--length", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return print(json.dumps(STEPS[args.one](args)))
    if args.quick:
        args.count, args.runs = 8, 1
    if hasattr(os, "sched_setaffinity"):  # on Linux; every process below inherits it
        cores = sorted(os.sched_getaffinity(0))[: args.threads]
        os.sched_setaffinity(0, cores)
    sys.path.insert(0, str(ROOT))
    from nlg.runtime import checkpoints_folder

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        apart("make", args, folder)
        checkpoint = args.checkpoint or checkpoints_folder() / "qa"
        report = cold(args, checkpoint) | apart("bulk", args, checkpoint)
        show("nlg qa", report)
        report["loop"] = compare(args, folder)
    print(json.dumps(report | {"threads": args.threads, "runs": args.runs}))


if __name__ == "__main__":
    main()
