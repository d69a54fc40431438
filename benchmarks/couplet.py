"""Couplets a second on a CPU, from text to text, and seconds from shell to answer.

    python benchmarks/couplet.py [--quick] [--lines FILE] [--count 4096] [--threads 2]

Every system runs in a process of its own and answers the same lines: those of FILE, one
first line (上联) a line, what follows a TAB left alone, over and over up to the count.
The slow ones answer every fourth or eighth. Loading is not counted; medians over runs,
after a warm-up. The last line is JSON.

    nlg               Couplets.reply_all: four beams, every rule, int8
    nlg-float32       the graph for many answers to a line: five asked, 16 beams
    keras-predict     the same network in a plain script: predict_on_batch of the whole
                      line for every place, the best character that no rule forbids
    transformers      generate() of a MarianMT, four beams, float32, the length given:
                      its cost is measured, its quality is not; the weights are random
    ctranslate2-int8  that MarianMT converted

Peers get clean lines, one length a batch; ours also reads what people type. They need
benchmarks/requirements.txt.
"""

import argparse
import functools
import itertools
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from measure import medians

ROOT = pathlib.Path(__file__).parents[1]
COLD = [sys.executable, "-m", "nlg", "couplet", "晚风摇树树还挺"]
COLD_RUNS = 5
BEAMS = 4
BATCH = 64
LAYERS, UNITS = 6, 256  # of the encoder, and of the decoder


def nlg(lines, threads, count=1):
    """It runs on the cores that the process may use: `threads` of them."""
    from nlg.couplet.responder import Couplets, ReplyOptions

    couplets = Couplets()
    return lambda: list(couplets.reply_all(lines, ReplyOptions(count=count)))


def checkpoint():
    from nlg.couplet.responder import TASK
    from nlg.runtime import checkpoints_folder, open_checkpoint

    return open_checkpoint(checkpoints_folder() / TASK, TASK)


def batches(lines, size):
    """Return `lines` as the models read them, in lists of one length."""
    from nlg.couplet.inputs import read_line

    sources = sorted((read_line(line).source for line in lines), key=len)
    groups = (list(group) for _, group in itertools.groupby(sources, len))
    return [
        group[start : start + size]
        for group in groups
        for start in range(0, len(group), size)
    ]


def keras_predict(lines, threads):
    import tensorflow as tf

    from nlg.couplet.pairs import Pairs

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    opened = checkpoint()
    pairs = Pairs.load(opened.path("pairs.txt"), opened.vocabulary)
    model = plain_model(opened)
    sources = batches(lines, BATCH)
    return lambda: [
        answer
        for batch in sources
        for answer in greedy_lines(model, opened.vocabulary, pairs, batch)
    ]


def plain_model(opened):
    """Return a Keras model of the scores of every place, given what is written."""
    import keras
    from safetensors.numpy import load_file

    from nlg.couplet.config import CoupletConfig
    from nlg.couplet.train.model import CoupletTagger
    from nlg.layers.context import before
    from nlg.training.weights import load_weights

    tagger = CoupletTagger(CoupletConfig(**opened.config["model"]))
    tagger.build()
    load_weights(tagger, load_file(opened.path("weights.safetensors")))

    class Plain(keras.Model):
        def call(self, inputs):
            places = tagger.places(*inputs[:3])
            context = before(tagger.vocabulary(inputs[3]))
            return tagger.logits(tagger.head(places, context))  # (B, T, V)

    return Plain()


def greedy_lines(model, vocabulary, pairs, lines):
    """Answer lines of one length, a character at a time.

    The same length, marks where they stand, no character of the first line.
    """
    import numpy as np

    from nlg.couplet.config import FORWARD
    from nlg.text.couplets import is_mark

    token_ids = np.array([vocabulary.encode(line) for line in lines], "int32")
    given = token_ids, pairs.encode(token_ids), np.full(len(lines), FORWARD)
    barred = [len(token) > 1 or is_mark(token) for token in vocabulary.tokens]
    forbidden = np.tile(barred, (len(lines), 1))  # (B, V)
    np.put_along_axis(forbidden, token_ids, True, axis=1)
    marks = np.array([[is_mark(character) for character in line] for line in lines])
    written = np.where(marks, token_ids, 0)  # (B, T)
    for place in range(token_ids.shape[1]):
        scores = model.predict_on_batch((*given, written))[:, place]
        best = np.where(forbidden, -np.inf, scores).argmax(axis=1)
        written[:, place] = np.where(marks[:, place], written[:, place], best)
    return [vocabulary.decode(row) for row in written.tolist()]


def marian(vocabulary_size):
    """Return a MarianMT whose end and padding follow the vocabulary."""
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(0)
    sides = {"layers": LAYERS, "attention_heads": UNITS // 64, "ffn_dim": 4 * UNITS}
    config = MarianConfig(
        vocab_size=vocabulary_size + 2,
        d_model=UNITS,
        eos_token_id=vocabulary_size,
        pad_token_id=vocabulary_size + 1,
        decoder_start_token_id=vocabulary_size + 1,
        forced_eos_token_id=None,
        **{
            f"{side}_{x}": n
            for side in ("encoder", "decoder")
            for x, n in sides.items()
        },
    )
    return MarianMTModel(config).eval()


def transformers(lines, threads):
    import torch

    torch.set_num_threads(threads)
    vocabulary = checkpoint().vocabulary
    model = marian(len(vocabulary))
    sources = batches(lines, BATCH)

    def run():
        answers = []
        for batch in sources:
            token_ids = torch.tensor([vocabulary.encode(line) for line in batch])
            length = token_ids.shape[1]
            with torch.inference_mode():
                written = model.generate(
                    token_ids,
                    attention_mask=torch.ones_like(token_ids),
                    num_beams=BEAMS,
                    do_sample=False,
                    min_new_tokens=length,
                    max_new_tokens=length,
                )
            # The first token starts the decoder.
            answers += [vocabulary.decode(x) for x in written[:, 1:].tolist()]
        return answers

    return run


def ctranslate2(lines, threads):
    import ctranslate2 as peer

    tokens = checkpoint().vocabulary.tokens
    sources = batches(lines, BATCH)
    with tempfile.TemporaryDirectory() as folder:
        translator = peer.Translator(
            converted(pathlib.Path(folder), tokens),
            inter_threads=1,
            intra_threads=threads,
            compute_type="int8",
        )

    def run():
        answers = []
        for batch in sources:
            length = len(batch[0])
            found = translator.translate_batch(
                [list(line) for line in batch],
                beam_size=BEAMS,
                min_decoding_length=length,
                max_decoding_length=length,
            )
            answers += ["".join(x.hypotheses[0]) for x in found]
        return answers

    return run


def converted(folder, tokens):
    """Return where the MarianMT lies in CTranslate2's form."""
    from ctranslate2.converters import TransformersConverter
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {word: n for n, word in enumerate([*tokens, "</s>", "<pad>"])}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="[UNK]")),
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="[UNK]",
    )
    source, target = folder / "marian", folder / "int8"
    marian(len(tokens)).save_pretrained(source)
    tokenizer.save_pretrained(source)
    converter = TransformersConverter(str(source))
    return converter.convert(str(target), quantization="int8")


SYSTEMS = {
    "nlg": nlg,
    "nlg-float32": functools.partial(nlg, count=5),
    "keras-predict": keras_predict,
    "transformers": transformers,
    "ctranslate2-int8": ctranslate2,
}
EVERY = {"keras-predict": 4, "transformers": 8, "ctranslate2-int8": 4}


def seconds_of(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def lines_of(path, count):
    """Return `count` first lines, those of the file over and over."""
    from nlg.files import text_of

    rows = text_of(pathlib.Path(path)).splitlines()
    lines = [row.split("\t")[0] for row in rows if row.strip()]
    return list(itertools.islice(itertools.cycle(lines), count))


def measure(system, args):
    """Time one system in this process; print a JSON line."""
    lines = lines_of(args.lines, args.count)[:: EVERY.get(system, 1)]
    try:
        run = SYSTEMS[system](lines, args.threads)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
        return
    run()  # warm up
    seconds = statistics.median(seconds_of(run) for _ in range(args.runs))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {
        "system": system,
        "lines": len(lines),
        "couplets_per_second": round(len(lines) / seconds, 1),
        "peak_mb": round(peak),
    }
    print(json.dumps(found), flush=True)


def in_a_process(system, args):
    """Return what `measure` prints, measured in a process of its own; None: nothing."""
    names = ("lines", "count", "threads", "runs")
    options = [f"--{name}={getattr(args, name)}" for name in names]
    command = [sys.executable, __file__, "--one", system, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{system} failed: {done.stderr.splitlines()[-1:]}", file=sys.stderr)
        return None
    found = json.loads(done.stdout.splitlines()[-1])
    if "missing" in found:
        print(f"{system} is left out: {found['missing']}", file=sys.stderr)
        return None
    show(found)
    return found


def show(found):
    print(
        f"{found['system']:<18}{found['lines']:6d} lines"
        f"{found['couplets_per_second']:10.1f}/s   {found['peak_mb']:5d} MB",
        flush=True,
    )


def ratios(results):
    """Print how many times faster ours is than each peer."""
    speeds = {x["system"]: x["couplets_per_second"] for x in results}
    for system, speed in speeds.items():
        if "nlg" in speeds and not system.startswith("nlg"):
            print(f"nlg is {speeds['nlg'] / speed:.1f}x as fast as {system}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a few lines, no claims")
    parser.add_argument("--lines", default=ROOT / "data" / "samples" / "couplets.tsv")
    parser.add_argument("--count", type=int, default=4096, help="lines to answer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return measure(args.one, args)
    if args.quick:
        args.count, args.runs = 64, 1
    if hasattr(os, "sched_setaffinity"):  # on Linux; every process below inherits it
        cores = sorted(os.sched_getaffinity(0))[: args.threads]
        os.sched_setaffinity(0, cores)
    os.environ |= {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": str(args.threads),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    systems = args.systems.split(",")
    results = [x for x in (in_a_process(one, args) for one in systems) if x]
    ratios(results)
    seconds, megabytes = medians({"cold": COLD}, COLD_RUNS)["cold"]
    print(f"{'cold command':<18}{seconds:21.3f} s   {megabytes:5.0f} MB")
    cold = {"cold_seconds": round(seconds, 3), "cold_peak_mb": round(megabytes)}
    report = {"results": results, **cold, "threads": args.threads, "runs": args.runs}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
