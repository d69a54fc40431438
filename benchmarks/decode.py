"""Seconds a question: our decoder, exported and compiled, against four others.

    python benchmarks/decode.py [--quick] [--grow] [--systems nlg-onnx,…] [--threads 2]

Six layers of 384 units, vocabulary 8,000, passage 256, beam 4, 16 tokens, random
weights that never end a line, so that everybody writes all 16. Every system runs in a
process of its own; medians over runs, after a warm-up; fewer runs where they are long.
With --grow the graphs also run over batches, beams, passages and answers, beside the
floor: operations over the measured rate of matrix products, bytes over the measured
bandwidth. The last line is JSON.

    nlg-onnx, nlg-onnx-int8   one ONNX graph, ONNX Runtime
    nlg-xla                   the same function, tf.function with XLA
    bert4keras                AutoRegressiveDecoder; one question at a time
    transformers              generate() of a GPT-2 of that size
    ctranslate2-int8, -float32   that GPT-2 converted; needs benchmarks/requirements.txt
"""

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

END = 3
LONG = 10.0  # seconds after which a system is timed no more, once it ran twice


@dataclasses.dataclass(frozen=True)
class Size:
    """What is asked of a system."""

    layers: int = 6
    units: int = 384
    vocabulary: int = 8000
    passage: int = 256
    beams: int = 4
    length: int = 16
    batch: int = 1


QUICK = Size(layers=2, units=64, vocabulary=500, passage=64, length=8)
GROWTH = {
    "batch": (1, 4, 16, 64),
    "beams": (1, 4, 16),
    "passage": (64, 256, 1024),
    "length": (8, 16, 64),
}
SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5)  # named in the picture


def passages(size):
    import numpy as np

    rng = np.random.default_rng(0)
    tokens = rng.integers(5, size.vocabulary, (size.batch, size.passage), "int32")
    tokens[:, 0], tokens[:, -1] = 2, END
    return tokens


def our_model(size):
    import keras
    import numpy as np

    from nlg.backbone.config import BackboneConfig
    from nlg.backbone.unilm import UniLM

    keras.utils.set_random_seed(0)
    config = BackboneConfig(
        size.vocabulary,
        hidden_size=size.units,
        layers=size.layers,
        heads=size.units // 64 or 1,
        feed_forward_size=4 * size.units,
        max_positions=2048,
    )
    model = UniLM(config)
    model.build()
    never = np.zeros(size.vocabulary)
    never[END] = -30_000  # 16 bits hold it
    model.head.bias.assign(never)
    return model


def search_of(model, size):
    from nlg.decode.seq2seq import write

    options = {"beams": size.beams, "length": size.length, "end_id": END, "n_best": 1}
    return lambda token_ids: write(model, {"token_ids": token_ids}, **options)


def nlg_onnx(size, threads, folder, kind="float32"):
    """Export in another process: TensorFlow's threads would disturb the timing.

    A graph takes any batch and any passage; another search is another graph.
    """
    name = f"{size.beams}-{size.length}"
    path = folder / f"{name}-{kind}.onnx"
    if not path.exists():
        size_text = json.dumps(dataclasses.asdict(size))
        command = [__file__, "--export", str(folder / name), "--size", size_text]
        subprocess.run([sys.executable, *command], check=True)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = onnxruntime.InferenceSession(str(path), options)
    return lambda tokens: session.run(["token_ids"], {"sources": tokens})[0]


def nlg_onnx_int8(size, threads, folder):
    return nlg_onnx(size, threads, folder, "int8")


def export(stem, size):
    """Write one search in float32 and in int8."""
    from nlg.onnx_export.export import save_graph, save_weights, trace

    model = our_model(size)
    traced = trace(
        search_of(model, size),
        model,
        {"sources": ((None, None), "int32")},
        ("token_ids", "log_probs", "scores"),
    )
    weights = stem.with_name("weights.safetensors")
    save_weights(model, weights)
    for kind in ("float32", "int8"):
        path = stem.with_name(f"{stem.name}-{kind}.onnx")
        save_graph(traced, path, weights, int8=kind == "int8")


def nlg_xla(size, threads, folder):
    import tensorflow as tf

    from nlg.decode.compile import compiled

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    model = our_model(size)
    search = compiled(search_of(model, size), model)
    return lambda tokens: search(token_ids=tokens).token_ids.numpy()


def bert4keras(size, threads, folder):
    os.environ |= {"TF_KERAS": "1", "TF_USE_LEGACY_KERAS": "1"}
    import tensorflow as tf
    import tensorflow.keras

    tensorflow.keras.__version__ = "2.21.0-tf"  # it compares version strings
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import numpy as np
    from bert4keras.models import build_transformer_model
    from bert4keras.snippets import AutoRegressiveDecoder

    config = {
        "vocab_size": size.vocabulary,
        "hidden_size": size.units,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.units // 64 or 1,
        "intermediate_size": 4 * size.units,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "max_position_embeddings": 2048,
        "type_vocab_size": 2,
    }
    path = folder / "bert_config.json"
    path.write_text(json.dumps(config))
    model = build_transformer_model(str(path), application="unilm")

    class Decoder(AutoRegressiveDecoder):
        @AutoRegressiveDecoder.wraps(default_rtype="probas")
        def predict(self, inputs, output_ids, states):
            tokens, segments = inputs
            tokens = np.concatenate([tokens, output_ids], 1)
            segments = np.concatenate([segments, np.ones_like(output_ids)], 1)
            return model.predict([tokens, segments], verbose=0)[:, -1]

    decoder = Decoder(start_id=None, end_id=-1, maxlen=size.length)
    nothing = [0] * size.passage
    return lambda tokens: [
        decoder.beam_search([list(row), nothing], topk=size.beams) for row in tokens
    ]


def gpt2(size):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=size.vocabulary,
        n_positions=2048,
        n_embd=size.units,
        n_layer=size.layers,
        n_head=size.units // 64 or 1,
        bos_token_id=2,
        eos_token_id=END,
        pad_token_id=0,
    )
    return GPT2LMHeadModel(config).eval()


def transformers(size, threads, folder):
    import torch

    torch.set_num_threads(threads)
    model = gpt2(size)
    options = {
        "num_beams": size.beams,
        "max_new_tokens": size.length,
        "min_new_tokens": size.length,
        "do_sample": False,
    }

    def run(tokens):
        tokens = torch.from_numpy(tokens).long()
        with torch.inference_mode():
            return model.generate(
                tokens, attention_mask=torch.ones_like(tokens), **options
            )

    return run


def ctranslate2(size, threads, folder, precision="int8"):
    import ctranslate2 as peer
    from ctranslate2.converters import TransformersConverter
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {f"w{i}": i for i in range(size.vocabulary)}
    words = {{0: "<pad>", 2: "<s>", END: "</s>"}.get(i, w): i for w, i in words.items()}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="w1")),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="w1",
    )
    source, target = folder / "gpt2", folder / f"ct2-{precision}"
    gpt2(size).save_pretrained(source)
    tokenizer.save_pretrained(source)
    TransformersConverter(str(source)).convert(
        str(target), quantization=precision, force=True
    )
    generator = peer.Generator(
        str(target), inter_threads=1, intra_threads=threads, compute_type=precision
    )
    names = {i: w for w, i in words.items()}

    def run(tokens):
        prompts = [[names[int(token)] for token in row] for row in tokens]
        return generator.generate_batch(
            prompts,
            max_batch_size=0,
            beam_size=size.beams,
            max_length=size.length,
            min_length=size.length,
            include_prompt_in_result=False,
        )

    return run


def ctranslate2_float32(size, threads, folder):
    return ctranslate2(size, threads, folder, "float32")


SYSTEMS = {
    "nlg-onnx": nlg_onnx,
    "nlg-onnx-int8": nlg_onnx_int8,
    "nlg-xla": nlg_xla,
    "bert4keras": bert4keras,
    "transformers": transformers,
    "ctranslate2-int8": ctranslate2,
    "ctranslate2-float32": ctranslate2_float32,
}
ONE_AT_A_TIME = ("bert4keras",)
GROWN = ("nlg-onnx", "nlg-onnx-int8")  # XLA would compile each point for half a minute


def measure(system, sizes, threads, runs, folder):
    """Time one system in this process; print a JSON line for every size."""
    for size in sizes:
        try:
            run = SYSTEMS[system](size, threads, folder)
        except ImportError as error:
            print(json.dumps({"missing": str(error)}))
            return
        tokens = passages(size)
        run(tokens)  # warm up, compile
        taken = []
        while len(taken) < runs and (len(taken) < 2 or sum(taken) < LONG):
            began = time.perf_counter()
            run(tokens)
            taken.append(time.perf_counter() - began)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = {
            "system": system,
            "batch": size.batch,
            "seconds_per_question": round(statistics.median(taken) / size.batch, 5),
            "megabytes": round(peak),
        }
        print(json.dumps({**dataclasses.asdict(size), **found}), flush=True)


def in_a_process(system, sizes, args, folder):
    """Return what `measure` prints, measured in a process of its own."""
    command = [
        *(sys.executable, __file__, "--one", system, "--folder", str(folder)),
        *("--threads", str(args.threads), "--runs", str(args.runs)),
        *("--size", json.dumps([dataclasses.asdict(size) for size in sizes])),
    ]
    threads = {"OMP_NUM_THREADS": str(args.threads), "TF_CPP_MIN_LOG_LEVEL": "3"}
    root = str(pathlib.Path(__file__).parents[1])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | threads | {"PYTHONPATH": root},
    )
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()]
        print(f"{system} failed: {''.join(told[-1:])}", file=sys.stderr)
    lines = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("{")]
    for line in lines:
        if "missing" in line:
            print(f"{system} is left out: {line['missing']}", file=sys.stderr)
        else:
            show(line)
    return [line for line in lines if "system" in line]


def show(line):
    print(
        f"{line['system']:<20} batch {line['batch']:<3} beam {line['beams']:<3}"
        f"passage {line['passage']:<5} answer {line['length']:<3}"
        f"{line['seconds_per_question']:9.4f} s   {line['megabytes']:5d} MB",
        flush=True,
    )


def rates(threads):
    """Return operations and bytes a second of this machine, float32, measured."""
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    table = np.ones(64 << 20, "float32")  # 256 MB: more than any cache
    flops, bandwidth = 0.0, 0.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(4):
            a @ b
        flops = max(flops, 4 * 2 * 1024**3 / (time.perf_counter() - began))
        read = torch.from_numpy(table)
        began = time.perf_counter()
        read.sum()
        bandwidth = max(bandwidth, table.nbytes / (time.perf_counter() - began))
    return flops, bandwidth


def floor_of(size, flops, bandwidth):
    """Return the least seconds a question in float32: a prefill, then T - 1 steps.

    Each part takes its operations over the rate of products, or its bytes over the
    bandwidth, whichever is longer. A step reads all weights, and the keys and values.
    Of the last layer a prefill needs keys and values, and the rest of one token.
    """
    B, S, D, K = size.batch, size.passage, size.units, size.beams
    block = 12 * D * D  # weights of one layer: four projections, two of four times D
    head = D * D + D * size.vocabulary
    last = 2 * S * D * D + block + 2 * S * D
    prefill = B * 2 * ((size.layers - 1) * (S * block + 2 * S * S * D) + last + head)
    rows = B * K
    step = rows * 2 * (size.layers * (block + 2 * (S + size.length / 2) * D) + head)
    weights = 4 * (size.layers * block + head)
    cache = 4 * 2 * size.layers * D * (B * S + rows * size.length / 2)
    one_step = max(step / flops, (weights + cache) / bandwidth)
    first = max(prefill / flops, weights / bandwidth)
    return (first + (size.length - 1) * one_step) / B


def grow(args, size, folder, picture):
    """Measure ours along each axis of `GROWTH`; return the lines, and draw them."""
    # In a process of its own: what a parent holds would count as its children's peak.
    command = [sys.executable, __file__, "--rates", "--threads", str(args.threads)]
    flops, bandwidth = json.loads(subprocess.check_output(command))
    print(f"products {flops / 1e9:.0f} GFLOP/s, reading {bandwidth / 1e9:.1f} GB/s")
    few = 2 if args.quick else None
    along = {
        axis: [dataclasses.replace(size, **{axis: value}) for value in values[:few]]
        for axis, values in GROWTH.items()
    }
    sizes = list(dict.fromkeys(size for axis in along.values() for size in axis))
    systems = [system for system in args.systems if system in GROWN]
    lines = []
    for system in systems:
        found = in_a_process(system, sizes, args, folder)
        for asked, line in zip(sizes, found, strict=False):
            floor = round(floor_of(asked, flops, bandwidth), 5)
            for axis in (axis for axis in along if asked in along[axis]):
                lines.append({"axis": axis, **line, "floor": floor})
    draw(lines, picture)
    return lines


def draw(lines, picture):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(GROWTH), figsize=(14, 3.6), sharey=True)
    for plot, axis in zip(axes, GROWTH, strict=True):
        here = [line for line in lines if line["axis"] == axis]
        for system in dict.fromkeys(line["system"] for line in here):
            mine = [line for line in here if line["system"] == system]
            mine.sort(key=lambda line: line[axis])
            x = [line[axis] for line in mine]
            plot.plot(x, [x["seconds_per_question"] for x in mine], "o-", label=system)
            floor = [line["floor"] for line in mine]
        if here:
            plot.plot(x, floor, "k:", label="floor, float32")
        plot.set(xscale="log", yscale="log", xlabel=axis)
        plot.set_xticks(GROWTH[axis], [str(value) for value in GROWTH[axis]])
        plot.minorticks_off()
    axes[0].set_yticks(SECONDS, [f"{value:g}" for value in SECONDS])
    axes[0].minorticks_off()
    axes[0].set_ylabel("seconds a question")
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def ratios(lines):
    """Print how many times faster ours is than each peer, batch by batch."""
    by_key = {(x["system"], x["batch"]): x["seconds_per_question"] for x in lines}
    for (system, batch), seconds in by_key.items():
        if system.startswith("nlg"):
            continue
        for ours in ("nlg-onnx", "nlg-onnx-int8", "nlg-xla"):
            if (ours, batch) in by_key:
                times = seconds / by_key[ours, batch]
                print(f"{ours} is {times:.1f}x as fast as {system} at batch {batch}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tiny model, no claims")
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--batches", default="1,16")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--picture", default="docs/decoding.png")
    for hidden in ("--one", "--size", "--folder", "--export"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--rates", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rates:
        return print(json.dumps(rates(args.threads)))
    if args.export:
        return export(pathlib.Path(args.export), Size(**json.loads(args.size)))
    if args.one:
        sizes = [Size(**size) for size in json.loads(args.size)]
        folder = pathlib.Path(args.folder)
        return measure(args.one, sizes, args.threads, args.runs, folder)
    args.systems = args.systems.split(",")
    size = QUICK if args.quick else Size()
    batches = [int(batch) for batch in args.batches.split(",")]
    lines, growth = [], []
    with tempfile.TemporaryDirectory() as folder:
        for system in args.systems:
            mine = [1] if system in ONE_AT_A_TIME else batches
            sizes = [dataclasses.replace(size, batch=batch) for batch in mine]
            lines += in_a_process(system, sizes, args, folder)
        if args.grow:
            growth = grow(args, size, folder, args.picture)
    ratios(lines)
    report = {"results": lines, "threads": args.threads, "runs": args.runs}
    print(json.dumps(report | ({"growth": growth} if growth else {})))


if __name__ == "__main__":
    main()
