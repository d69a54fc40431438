"""The rules of regulated verse as arrays for the search of poems."""

import functools

import numpy as np

from nlg.text.forms import Form
from nlg.text.normalize import is_han
from nlg.text.patterns import patterns
from nlg.text.readings import level_groups, rhyme_groups, tones
from nlg.text.vocab import Vocabulary

ANY, LEVEL, OBLIQUE = range(3)  # rows of `kinds`; the rhyme groups follow
KIND = {"中": ANY, "平": LEVEL, "仄": OBLIQUE}


class Rulebook:
    """Rules over one vocabulary: which characters are level, oblique, or rhyme."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary

    @functools.cached_property
    def kinds(self) -> np.ndarray:
        """Return which characters are of each kind, float 0/1 (3 + G, V).

        A polyphone is of every kind that one of its readings is of; what is no
        ideograph is of none.
        """
        groups = {name: row for row, name in enumerate(level_groups(), 3)}
        kinds = np.zeros((3 + len(groups), len(self.vocabulary)), "float32")
        for number, character in enumerate(self.vocabulary.tokens):
            if len(character) > 1 or not is_han(character):
                continue
            read_in = tones(character)
            kinds[ANY, number] = 1
            kinds[LEVEL, number] = "平" in read_in
            kinds[OBLIQUE, number] = "仄" in read_in
            for group in rhyme_groups(character):
                kinds[groups[group], number] = 1
        return kinds

    def arrays(self, form: Form, rules: bool) -> dict[str, np.ndarray]:
        """Return the inputs of the graph: the form's patterns, or free verse."""
        if not rules:
            shape = (1, form.lines, form.columns)
            required, rhyming = np.full(shape, ANY, "int32"), np.zeros(shape, "float32")
        else:
            allowed = patterns(form)
            required = np.array(
                [[[KIND[t] for t in line] for line in p.lines] for p in allowed],
                "int32",
            )
            rhyming = np.zeros(required.shape, "float32")
            for row, pattern in enumerate(allowed):
                rhyming[row, list(pattern.rhyming), -1] = 1
        return {
            "kinds": self.kinds,
            "required": required,
            "rhyming": rhyming,
            "groups": np.array(len(level_groups()), "int32"),
        }
