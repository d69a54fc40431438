"""Score a text by a small language model of another text.

The model has trigrams of the characters of a line, with interpolated absolute
discounting (Ney, Essen and Kneser 1994): each count gives up `DISCOUNT`, which goes to
the shorter context; the shortest is the frequency of the character, with one added. A
model takes seconds to build, so the judge of poems can be a text that neither the poems
nor their models come from.
"""

from collections.abc import Iterable, Sequence

import numpy as np

DISCOUNT = 0.75
START, UNKNOWN = 0, 1  # ids; a line begins with two starts
BITS = 20  # of a character's id in a key


class Counts:
    """The count of each key, and the number of kinds that continue each context.

    A key packs the ids of two or three characters; its context is all but the last.
    """

    def __init__(self, keys: np.ndarray):
        self.keys, self.counts = np.unique(keys, return_counts=True)
        self.contexts, self.totals = np.unique(_context_of(keys), return_counts=True)
        places = np.searchsorted(self.contexts, _context_of(self.keys))
        self.kinds = np.bincount(places, minlength=len(self.contexts))

    def interpolate(self, keys: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Return each key's probability, given that under the shorter context."""
        contexts = _context_of(keys)
        count = _look_up(self.keys, self.counts, keys)
        total = _look_up(self.contexts, self.totals, contexts)
        kinds = _look_up(self.contexts, self.kinds, contexts)
        seen = np.maximum(total, 1)
        own = np.maximum(count - DISCOUNT, 0) / seen
        left = np.where(total > 0, DISCOUNT * kinds / seen, 1.0)
        return own + left * shorter


class CharacterTrigrams:
    """p(character | the two characters before it in the line).

    Example:
        >>> model = CharacterTrigrams(["春眠不觉晓", "春风不度玉门关"])
        >>> model.log_prob(["春眠不觉晓"]) > model.log_prob(["关门玉度不风春"])
        True
    """

    def __init__(self, lines: Iterable[str]):
        lines = list(lines)
        characters = sorted({character for line in lines for character in line})
        self.ids = {character: n for n, character in enumerate(characters, 2)}
        self.size = len(characters) + 2
        one, two, three = self._keys(lines)
        self.unigrams = np.bincount(one, minlength=self.size) + 1.0
        self.bigrams = Counts(two)
        self.trigrams = Counts(three)

    def log_prob(self, lines: Sequence[str]) -> float:
        """Return the mean log-probability of a character of `lines`, in nats."""
        one, two, three = self._keys(lines)
        unigram = self.unigrams[one] / self.unigrams.sum()
        bigram = self.bigrams.interpolate(two, unigram)
        trigram = self.trigrams.interpolate(three, bigram)
        return float(np.mean(np.log(trigram)))

    def _keys(self, lines: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the unigram, bigram and trigram that end at each character, packed."""
        ids = [START, START]
        for line in lines:
            ids += [self.ids.get(character, UNKNOWN) for character in line]
            ids += [START, START]
        one = np.array(ids, np.int64)
        two = (one[1:] | one[:-1] << BITS)[1:]
        three = one[2:] | one[1:-1] << BITS | one[:-2] << 2 * BITS
        inside = one[2:] != START
        return one[2:][inside], two[inside], three[inside]


def _context_of(keys: np.ndarray) -> np.ndarray:
    return keys >> BITS


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the value of each wanted key, or 0 for a key that is missing."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
