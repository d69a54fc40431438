"""What the poem writer makes of what it is asked for, and how fast.

    python benchmarks/writer.py themes keywords_ccpc.jsonl.gz
    python benchmarks/writer.py periods train.jsonl.gz dev.jsonl.gz
    python benchmarks/writer.py sentiments sentiment_fspc.jsonl.gz
    python benchmarks/writer.py blind dev.jsonl.gz
    python benchmarks/writer.py speed

themes      words of a theme that stand in the poem, and those of which a character
            does; FILE holds poems with `keywords`
periods     the period that a classifier trained apart finds in poems written as of
            each, with its accuracy on human poems that it has not seen
sentiments  the same; FILE holds poems with `sentiment`, 1 to 5, a tenth is kept back
blind       ten human poems and ten of the writer's under the same titles, mixed, and
            which numbers are whose
speed       poems a second, one candidate each; whole commands are timed with --runs

The classifier is scikit-learn's: logistic regression on TF-IDF of runs of one and two
characters. It shares nothing with the writer.
"""

import argparse
import gzip
import json
import pathlib
import random
import statistics
import sys
import time

from measure import medians

from nlg.poem.dataset import load_poems
from nlg.poem.request import COMMA, SOURCE_WORDS, PoemRequest
from nlg.poem.writer.composer import TASK, Composer
from nlg.poem.writer.conditions import PERIOD_OF, PERIODS, SENTIMENTS
from nlg.runtime import checkpoints_folder, open_checkpoint
from nlg.text.forms import FORMS, form_of, verse

SHARE_KEPT_BACK = 10  # one in so many labelled poems measures the classifier
TEN = 10  # poems of each author of the blind table
MOST = 12_000  # human poems of a class


def rows_of(path):
    """Yield the objects of a JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def themes(composer, args):
    """Return which words of themes are found, by the word and by a character of it."""
    found = {"words": 0, "whole": 0, "in_part": 0}
    rows = random.Random(args.seed).sample(list(rows_of(args.files[0])), args.poems)
    for number, row in enumerate(rows):
        words = [word for word in row["keywords"] if len(word) > 1][: args.words]
        form = form_of(row["lines"])
        if not words or form is None:
            continue
        poem_request = PoemRequest(theme=COMMA.join(words), form=form.name)
        (poem,) = composer.write(poem_request, seed=args.seed + number, **led(args))
        text = " ".join(poem.lines)
        found["words"] += len(words)
        found["whole"] += sum(word in text for word in words)
        found["in_part"] += sum(any(c in text for c in word) for word in words)
    shares = {k: round(found[k] / found["words"], 4) for k in ("whole", "in_part")}
    return {"words": found["words"]} | shares


def periods(composer, args):
    """Return what a classifier of periods says of human poems and of the writer's."""
    train, dev = (
        [
            (" ".join(poem.lines), PERIOD_OF[poem.dynasty])
            for poem in load_poems(pathlib.Path(file))
            if poem.form == args.form and PERIOD_OF.get(poem.dynasty, "古") != "古"
        ]
        for file in args.files
    )
    names = [name for name in PERIODS if name != "古"]
    return judged(composer, args, names, "period", train, dev)


def sentiments(composer, args):
    """Return what a classifier of sentiments says, see `periods`."""
    rows = [
        (" ".join(row["lines"]), SENTIMENTS[int(row["sentiment"]) - 1])
        for row in rows_of(args.files[0])
    ]
    random.Random(args.seed).shuffle(rows)
    kept_back = len(rows) // SHARE_KEPT_BACK
    train, dev = rows[kept_back:], rows[:kept_back]
    return judged(composer, args, SENTIMENTS, "sentiment", train, dev)


def judged(composer, args, names, kind, train, dev):
    """Return accuracies and the confusion: asked for (rows), found (columns)."""
    classifier = trained(train, args.seed)
    confusion = {}
    for name in names:
        poem_request = PoemRequest(form=args.form, **{kind: name})
        how = {"count": args.poems, "seed": args.seed, **led(args)}
        poems = composer.write(poem_request, **how)
        found = classifier.predict([" ".join(poem.lines) for poem in poems]).tolist()
        confusion[name] = {other: found.count(other) for other in names}
    right = sum(confusion[name][name] for name in names)
    texts, labels = zip(*dev, strict=True)
    return {
        "human_accuracy": round(classifier.score(texts, labels), 4),
        "human_poems": len(dev),
        "obeyed": round(right / (args.poems * len(names)), 4),
        "chance": round(1 / len(names), 4),
        "confusion": confusion,
    }


def led(args):
    """Return what `args` change of a request."""
    return {"theme_weight": args.theme_weight, "guidance": args.guidance}


def trained(examples, seed):
    """Return a classifier of at most `MOST` texts of each class."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    examples = random.Random(seed).sample(examples, len(examples))
    counts, taken = {}, []
    for text, label in examples:
        counts[label] = counts.get(label, 0) + 1
        if counts[label] <= MOST:
            taken.append((text, label))
    pipeline = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2),
        LogisticRegression(max_iter=300, class_weight="balanced"),
    )
    return pipeline.fit(*zip(*taken, strict=True))


def blind(composer, args):
    """Return twenty poems without their authors, and the numbers of the writer's."""
    human = [
        poem
        for poem in load_poems(pathlib.Path(args.files[0]))
        if poem.form == args.form and poem.title
    ][:TEN]
    poems = [(poem.title, poem.lines, False) for poem in human]
    for poem in human:
        poem_request = PoemRequest(title=poem.title, form=args.form)
        (written,) = composer.write(poem_request, seed=args.seed, **led(args))
        poems.append((poem.title, written.lines, True))
    random.Random(args.seed).shuffle(poems)
    return {
        "poems": [f"{title}: {verse(lines)}" for title, lines, _ in poems],
        "written": [n for n, (*_, ours) in enumerate(poems, 1) if ours],
    }


def speed(composer, args):
    """Return poems a second by form, and what whole commands take."""
    batch = {}
    for form in FORMS:
        taken = []
        for run in range(args.runs + 1):  # the first warms up
            began = time.perf_counter()
            poem_request = PoemRequest(form, theme="秋思", seed=run, candidates=1)
            list(composer.write(poem_request, count=args.poems))
            taken.append(time.perf_counter() - began)
        batch[form] = round(args.poems / statistics.median(taken[1:]), 1)
    nlg = [sys.executable, "-m", "nlg", "poem", "--theme", "秋思", "--seed", "1"]
    nlg += ["--checkpoint", str(args.checkpoint)]
    commands = {
        "command": nlg,
        "searched": [*nlg, "--beam", "4"],
        "guided": [*nlg, "--style", "唐", "--sentiment", "sad"],
    }
    cold = medians(commands, args.runs)
    return {
        "poems_per_second": batch,
        "cold_seconds": round(cold["command"][0], 3),
        "cold_megabytes": round(cold["command"][1]),
        "cold_seconds_searched": round(cold["searched"][0], 3),
        "cold_seconds_guided": round(cold["guided"][0], 3),
        "first_line_seconds": round(first_line([*nlg, "--stream"], args.runs), 3),
    }


def first_line(command, runs):
    """Return the median of the seconds until a command prints something."""
    import subprocess

    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.read(1)
            taken.append(time.perf_counter() - began)
            process.communicate()
    return statistics.median(taken)


def main():
    parts = {
        part.__name__: part for part in (themes, periods, sentiments, blind, speed)
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=parts)
    parser.add_argument("files", nargs="*")
    parser.add_argument(
        "--checkpoint",
        type=pathlib.Path,
        default=checkpoints_folder() / "poem" / "unilm",
    )
    parser.add_argument("--form", default="七绝")
    parser.add_argument("--poems", type=int, default=100, help="a class, or in all")
    parser.add_argument("--words", type=int, default=SOURCE_WORDS, help="of a theme")
    usual = PoemRequest()
    parser.add_argument("--theme-weight", type=float, default=usual.theme_weight)
    parser.add_argument("--guidance", type=float, default=usual.guidance)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    composer = Composer(open_checkpoint(args.checkpoint, TASK, threads=args.threads))
    found = parts[args.part](composer, args)
    print(json.dumps({args.part: found}, ensure_ascii=False))


if __name__ == "__main__":
    main()
