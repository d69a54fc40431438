"""How often text of a class is of that class, as an independent classifier sees it.

    python benchmarks/write.py --data train.tsv.gz --test test.tsv.gz \\
        [--checkpoint FOLDER] [--count 200] [--guidance 2] [--runs 5] [--show 10]

The judge is no part of nlg: TF-IDF of runs of one to three characters and a logistic
regression (scikit-learn), trained on the texts that the writer was trained on. Its own
accuracy is on TEST, whole texts and their first characters, as many as the writer
writes. All texts go without blanks and upper case, which the writer does not write.

    obeyed       share of the samples that the judge puts in the class asked for
    positive …   the same class by class; untold: of samples of which no class is told
    distinct_2   different pairs of characters over all, beside as many texts of TEST
    copied_16    share of the samples with 16 characters in a row that stand in DATA
    told, untold perplexity of a token of dev, with the class and without, from the
                 checkpoint's metrics
    cold         `nlg write`, a process: seconds from shell to text, most MB

Seed 1, the default temperature and top-p, no sample picked. The last line is JSON.
"""

import argparse
import json
import math
import pathlib
import sys

from measure import medians

RUN = 16  # characters


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--data", "--test"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200, help="samples a class")
    parser.add_argument("--runs", type=int, default=5, help="of the cold command")
    parser.add_argument("--guidance", type=float, help="as in nlg write")
    parser.add_argument("--show", type=int, default=0, help="samples to print a class")
    return parser.parse_args()


def plain(text):
    return "".join(text.lower().split())


def read(path, writer):
    """Return texts and the numbers of their classes."""
    from nlg.write.train.batches import classes_of, load_texts

    found = load_texts(path)
    classes = list(classes_of(found, writer.checkpoint.config["names"]).values())
    if classes != writer.classes:
        sys.exit(f"{path} has {', '.join(classes)}; not {', '.join(writer.classes)}")
    labels = sorted({one.label for one in found})
    return [plain(one.text) for one in found], [labels.index(x.label) for x in found]


def trained_judge(texts, classes):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    runs = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), min_df=3, sublinear_tf=True
    )
    return make_pipeline(runs, LogisticRegression(C=10)).fit(texts, classes)


def human(texts, classes, wanted, count, length):
    """Return the first `count` texts of a class, cut to `length` characters."""
    pairs = zip(texts, classes, strict=True)
    return [text[:length] for text, number in pairs if number == wanted][:count]


def copied(texts, corpus):
    """Return the share of `texts` with a run that stands in `corpus`."""
    runs = {corpus[n : n + RUN] for n in range(len(corpus) - RUN + 1)}
    hits = [
        any(text[n : n + RUN] in runs for n in range(len(text) - RUN + 1))
        for text in texts
    ]
    return sum(hits) / len(hits)


def cold(folder, runs):
    """Return seconds and MB of the command; nothing without runs."""
    if not runs:
        return {}
    command = [sys.executable, "-m", "nlg", "write", "--checkpoint", str(folder)]
    seconds, megabytes = medians({"": [*command, "--seed", "1"]}, runs)[""]
    return {"cold": round(seconds, 3), "cold_mb": round(megabytes)}


def report(writer, options):
    from nlg.metrics.ratio import distinct
    from nlg.write.reviewer import ReviewOptions

    texts, classes = read(options.data, writer)
    test, test_classes = read(options.test, writer)
    judge = trained_judge(texts, classes)
    short = [text[: writer.length] for text in test]
    corpus, count = "\n".join(texts), options.count
    led = {} if options.guidance is None else {"guidance": options.guidance}
    how = ReviewOptions(**led)
    rows = {}
    for number, name in enumerate(["", *writer.classes]):
        samples = [
            plain(one.text) for one in writer.write(name, count=count, options=how)
        ]
        said = judge.predict(samples).tolist()
        rows[name or "untold"] = {
            **{c: said.count(n) / count for n, c in enumerate(writer.classes)},
            "distinct_2": distinct(samples, 2),
            "copied_16": copied(samples, corpus),
        }
        if name:
            own = human(test, test_classes, number - 1, count, writer.length)
            rows[name]["human_distinct_2"] = distinct(own, 2)
        for text in samples[: options.show]:
            print(f"{name or 'untold'}\t{text}")
    best = writer.checkpoint.metrics["best_line"]
    return {
        "obeyed": sum(rows[name][name] for name in writer.classes)
        / len(writer.classes),
        "samples": count,
        "judge": judge.score(test, test_classes),
        "judge_short": judge.score(short, test_classes),
        "told": math.exp(best["dev_loss"]),
        "untold": math.exp(best["dev_untold"]),
        "classes": rows,
    }


def main():
    from nlg.metrics.table import table
    from nlg.runtime import checkpoints_folder
    from nlg.write.reviewer import Reviewer

    options = arguments()
    folder = options.checkpoint or checkpoints_folder() / "write"
    # first, while this process is small: its memory counts as that of those it starts
    taken = cold(folder, options.runs)
    found = report(Reviewer.from_checkpoint(folder), options) | taken
    print(table(found["classes"]))
    print(table({"": {k: x for k, x in found.items() if k != "classes"}}))
    print(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
