"""Questions about what a passage does not tell of: how many are left empty?

    python benchmarks/exchanged.py dev.jsonl.gz --out pairs.jsonl [--count 300]

From a file of questions as `nlg data qa` writes it, it makes pairs: a question that its
passage answers, and its twin about another name, which it does not answer
(nlg.qa.data.exchange). They go to OUT, the twin's id with an x, and may be scored there
for any system:

    nlg eval qa --data pairs.jsonl [--predictions theirs.jsonl]

Then the shipped reader, or that of --checkpoint, answers them, silent from where it is
by default. right is an answer equal to a gold one, but for marks. The last line is
JSON.
"""

import argparse
import json
import pathlib
import random

from nlg.metrics.sogou import normalised
from nlg.qa.answer import Answer
from nlg.qa.data.examples import load_examples
from nlg.qa.data.exchange import exchanged
from nlg.qa.data.read import load_questions
from nlg.qa.evaluate import answer_questions
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import Reader
from nlg.runtime import checkpoints_folder
from nlg.text.collect import Report, write_lines


def pairs(path, count, seed):
    """Return `count` pairs of examples, drawn from all that there are."""
    found = list(exchanged(load_examples(path), 1, seed))
    return random.Random(seed).sample(found, min(count, len(found)))


def lines(found):
    """Yield a JSON line for each question, its id beside it."""
    for number, pair in enumerate(found, 1):
        for example, mark in zip(pair, ("", "x"), strict=True):
            row = {"id": f"{number}{mark}", **example._asdict()}
            yield json.dumps(row, ensure_ascii=False)


def shares(questions, answers):
    """Return how many of both kinds the answers leave empty, and how many are right."""
    kinds = {"answered": [], "right": [], "left_empty": []}
    for question, answer in zip(questions, answers, strict=True):
        text = answer.text if isinstance(answer, Answer) else ""
        if question.id.endswith("x"):
            kinds["left_empty"].append(not text)
        else:
            gold = {normalised(told) for told in question.answers}
            kinds["answered"].append(bool(text))
            kinds["right"].append(bool(text) and normalised(text) in gold)
    return {name: sum(values) / len(values) for name, values in kinds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--checkpoint", type=pathlib.Path, default=checkpoints_folder() / "qa"
    )
    arguments = parser.parse_args()
    found = pairs(arguments.data, arguments.count, arguments.seed)
    write_lines(lines(found), arguments.out)
    questions = load_questions(arguments.out, "jsonl", Report(), strict=True)
    reader = Reader.from_checkpoint(arguments.checkpoint, workers=1)
    said = answer_questions(reader, questions, AnswerOptions())
    result = shares(questions, list(said))
    for name, share in result.items():
        print(f"{name:12}{share:8.1%}")
    print(json.dumps({"pairs": len(found), **result}))


if __name__ == "__main__":
    main()
