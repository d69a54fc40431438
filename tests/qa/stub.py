"""A reader whose network is a rule: a passage answers what it has between < and >.

    杜甫，字子美，号<少陵>野老。  ->  少陵

No weights and no export, so that tests of what stands around the graph are quick.
"""

import dataclasses
import io

import numpy as np

from nlg.decode.results import NEG_INF
from nlg.qa.config import QAConfig
from nlg.qa.inputs import LEXICON
from nlg.qa.options import BEAMS, MANY_BEAMS
from nlg.qa.reader import Reader
from nlg.runtime.config import CheckpointConfig
from nlg.text.lexicon import Lexicon
from nlg.text.vocab import SEP_ID, SPECIAL, Vocabulary

WORDS = (
    "<>，。？、的是在有谁哪里多少年什么号字一二三四五六七八九十百千公里人春眠不觉晓处闻啼鸟"
    "杜甫子美陵野老李白青莲居士长江河国際国际酒"
)
TOKENS = [*SPECIAL, *dict.fromkeys(WORDS), *"abc123", *(f"##{c}" for c in "abc123")]
VOCABULARY = Vocabulary(TOKENS)
OPEN, CLOSE = (VOCABULARY.ids[mark] for mark in "<>")
CONFIG = {
    "lower_case": True,
    "max_passage": 32,
    "max_question": 16,
    "max_answer": 8,
}
MODEL = dataclasses.asdict(QAConfig(vectors=2))
HAS, HAS_NOT = 0.05, 0.9  # probability that a passage has no answer
SURE, UNSURE = -0.1, -6.0  # log-probability of a line that a passage has, and has not


class LexiconFile:
    """A file without a place."""

    def read_bytes(self):
        file = io.BytesIO()
        Lexicon.from_tags([("杜甫", "nr"), ("国际", "n")], VOCABULARY).save(file)
        return file.getvalue()


class StubCheckpoint:
    """What `Reader` takes of a checkpoint."""

    folder = "stub"
    vocabulary = VOCABULARY
    listed = ()

    def __init__(self, **changes):
        model = {name: changes.get(name, value) for name, value in MODEL.items()}
        facts = CONFIG | changes | {"model": model}
        self.config = CheckpointConfig("qa", 1, facts)
        self.runs = []  # name and inputs of each run of a graph

    def path(self, name):
        assert name == LEXICON
        return LexiconFile()

    def graph(self, name):
        def run(**inputs):
            self.runs.append((name, inputs))
            n_best = MANY_BEAMS if name == "many" else 1
            assert inputs["beam"] <= (MANY_BEAMS if name == "many" else BEAMS)
            rows = [
                answer(ids, present, inputs["limit"], int(inputs["length"]), n_best)
                for ids, present in zip(
                    inputs["token_ids"].tolist(), inputs["present"], strict=True
                )
            ]
            return {key: np.array([row[key] for row in rows]) for key in rows[0]}

        return run


def stub_reader(**changes):
    return Reader(StubCheckpoint(**changes))


def answer(passages, present, limit, length, n_best):
    """Return one question's part of `nlg.qa.train.search.SearchOutput`."""
    marked = [between_marks(ids) for ids in passages]
    voting = [
        bool(ids and p and limit > HAS) for ids, p in zip(marked, present, strict=True)
    ]
    votes = [tuple(m) for m, v in zip(marked, voting, strict=True) if v]
    lines = sorted(dict.fromkeys(votes), key=lambda line: -votes.count(line))
    lines = (lines or [()])[:n_best]
    scores = [SURE / max(1, votes.count(line)) for line in lines]
    room = n_best - len(lines)
    return {
        "answers": [filled(line, length) for line in [*lines, *[()] * room]],
        "scores": scores + [NEG_INF] * room,
        "support": [SURE if tuple(m) == lines[0] else UNSURE for m in marked],
        "no_answer": [HAS if ids else HAS_NOT for ids in marked],
        "voting": voting,
    }


def between_marks(token_ids):
    passage = token_ids[: token_ids.index(SEP_ID)]
    if OPEN not in passage or CLOSE not in passage:
        return []
    return passage[passage.index(OPEN) + 1 : passage.index(CLOSE)]


def filled(line, length):
    line = [*line, SEP_ID][:length]
    return line + [0] * (length - len(line))
