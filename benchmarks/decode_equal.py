"""How often the exported decoder writes what float32 writes, with smaller weights.

    python benchmarks/decode_equal.py CHECKPOINT TEXT [--passages 256] [--length 16]

CHECKPOINT is a backbone's folder, TEXT has a passage a line. Each passage is read, and
the best of four beams is written after it, by graphs that differ only in how they hold
their weights: float32, float16 (what `nlg.onnx_export.export` writes) and int8. A
checkpoint whose weights were rounded to 16 bits tells nothing of float16. So that every
place is decided, no line ends early and none repeats a token. The last line is JSON:

    same_lines          share of lines that are the same token for token
    same_first_tokens   share of passages whose most probable next token is the same
    nats_lost           log p of the line of float32, less that of this one, by float32:
                        a mean over lines, above 0 where the others are worse
"""

import argparse
import json
import pathlib
import sys
import tempfile

BATCH, WIDTH = 16, 256


def passages(path, tokenizer, count):
    """Return batches (BATCH, WIDTH) of the first `count` passages, [PAD] at the end."""
    import numpy as np

    ids = tokenizer.vocabulary.ids
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    if not lines:
        sys.exit(f"{path}: no passages; write one a line")
    table = np.zeros((min(count, len(lines)), WIDTH), "int32")
    for row, line in zip(table, lines, strict=False):
        tokens = [ids["[CLS]"], *tokenizer.encode(line)[: WIDTH - 2], ids["[SEP]"]]
        row[: len(tokens)] = tokens
    return [table[start : start + BATCH] for start in range(0, len(table), BATCH)]


def search_of(model, args, end_id):
    """Return a function of sources: the best line of each, and its first token."""
    from keras import ops

    from nlg.decode.beam import beam_search
    from nlg.decode.constraints import at_least, no_repeated_ngram
    from nlg.decode.seq2seq import empty_cache, read, writer

    def function(sources):
        reading = read(model, {"token_ids": sources})
        batch = ops.shape(sources)[0]
        lines = beam_search(
            writer(model, reading, args.beams),
            empty_cache(model, batch * args.beams, args.length),
            batch=batch,
            beams=args.beams,
            length=args.length,
            end_id=end_id,
            n_best=1,
            constraints=[at_least(args.length - 1, end_id), no_repeated_ngram(1)],
        )
        return lines.token_ids[:, 0], ops.top_k(reading.first, 1)[1][:, 0]

    return function


def graphs(model, args, end_id, folder):
    """Return a graph for each way to hold the weights."""
    from nlg.onnx_export.export import save_graph, save_weights, trace
    from nlg.runtime.graph import Graph

    traced = trace(
        search_of(model, args, end_id),
        model,
        {"sources": ((None, None), "int32")},
        ("lines", "first"),
    )
    found = {}
    for name, dtype in (("float32",) * 2, ("float16",) * 2, ("int8", "float32")):
        weights, path = folder / f"{name}.safetensors", folder / f"{name}.onnx"
        save_weights(model, weights, dtype)
        save_graph(traced, path, weights, int8=name == "int8")
        found[name] = Graph(path, "cpu", args.threads)
    return found


def judge(model, end_id):
    """Return what says how probable lines (B, T) are by the model in float32, (B,)."""
    from keras import ops

    from nlg.decode.compile import compiled
    from nlg.decode.seq2seq import explain

    def function(sources, lines):
        inputs = {"token_ids": sources}
        told = explain(model, inputs, lines[:, None], end_id=end_id, runners_up=0)
        return ops.sum(told.log_probs, axis=-1)

    return compiled(function, model)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--passages", type=int, default=256)
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--length", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    import numpy as np

    from nlg.backbone.checkpoint import load_backbone

    model, tokenizer, *_ = load_backbone(args.checkpoint)
    end_id = tokenizer.vocabulary.ids["[SEP]"]
    log_probs = judge(model, end_id)
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        found = graphs(model, args, end_id, pathlib.Path(folder))
        for sources in passages(args.text, tokenizer, args.passages):
            for name, graph in found.items():
                lines, first = graph(sources=sources).values()
                worth = log_probs(sources=sources, lines=lines)
                told.setdefault(name, []).append((lines, first, np.array(worth)))
    told = {
        name: [np.concatenate(x) for x in zip(*parts, strict=True)]
        for name, parts in told.items()
    }
    lines, first, worth = told.pop("float32")
    report = {"passages": len(lines), "beams": args.beams, "length": args.length}
    for name, (its_lines, its_first, its_worth) in told.items():
        report[name] = {
            "same_lines": float((its_lines == lines).all(-1).mean()),
            "same_first_tokens": float((its_first == first).mean()),
            "nats_lost": round(float((worth - its_worth).mean()), 4),
        }
        for what, value in report[name].items():
            print(f"{name:<8} {what:<18} {value:8.4f}")
    print(json.dumps(report | {"nats_a_line": round(float(-worth.mean()), 3)}))


if __name__ == "__main__":
    main()
