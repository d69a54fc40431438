"""Made-up moods that a character tells, and a classifier that counts characters."""

import json
import random

import numpy as np

from nlg.classify.classifier import LABELS, Classifier
from nlg.runtime.config import CheckpointConfig
from nlg.text.vocab import SPECIAL, Vocabulary

GLAD, SAD, OTHER = "春风笑喜", "秋雨愁泪", "山水花鸟云月江天"
NAMES = ("1", "5")


def vocabulary():
    return Vocabulary([*SPECIAL, *GLAD, *SAD, *OTHER, "，", "。"])


def moods(count, seed):
    """Return made-up texts, "5" if a glad character is in them, else "1"."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        glad = number % 2
        text = rng.choices(OTHER, k=rng.randint(2, 9))
        text[rng.randrange(len(text))] = rng.choice(GLAD if glad else SAD)
        made.append(("".join(text), NAMES[glad]))
    return made


def write_tsv(rows, path):
    path.write_text("".join(f"{text}\t{label}\n" for text, label in rows), "utf-8")
    return path


class Counting:
    """A checkpoint whose graph says: as glad as the share of glad among its moods."""

    def __init__(self, folder):
        self.folder, self.vocabulary = folder, vocabulary()
        facts = {"lower_case": True, "max_tokens": 12}
        self.config = CheckpointConfig("classifier", 1, facts)
        self.runs = []  # shapes of what was asked
        (folder / LABELS).write_text("".join(f"{name}\n" for name in NAMES), "utf-8")

    def path(self, name):
        return self.folder / name

    def graph(self, name):
        assert name == "model"
        return self.probabilities

    def probabilities(self, token_ids):
        self.runs.append(token_ids.shape)
        counts = [
            np.isin(token_ids, self.vocabulary.encode(moods)).sum(1) + 0.25
            for moods in (SAD, GLAD)
        ]
        shares = np.stack(counts, 1) / np.sum(counts, 0)[:, None]
        return {"probabilities": shares.astype("float32")}


def counting_classifier(folder):
    return Classifier(Counting(folder))


def as_json_lines(rows, path):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, "utf-8")
    return path
