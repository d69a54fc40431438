"""Which characters are typical of a cluster, and how well clusters separate characters.

The last character of a line is left out, because the rhyme chooses it. This file knows
nothing of latents.

Shapes: K clusters, N tokens of the vocabulary.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from nlg.text.poem_records import Poem
from nlg.text.vocab import SPECIAL, Vocabulary

LENGTH = 5  # characters of a name
PRIOR = 500.0  # characters of all poems that are added to each cluster's, for a name
SMOOTHING = 1000.0  # the same, where dev is measured


def counts_of(
    poems: Sequence[Poem], labels: Iterable[int], clusters: int, vocabulary: Vocabulary
) -> np.ndarray:
    """Return how often each token occurs in the poems of each cluster (K, N)."""
    ids: list[list[int]] = [[] for _ in range(clusters)]
    for poem, label in zip(poems, labels, strict=True):
        ids[label] += vocabulary.encode("".join(line[:-1] for line in poem.lines))
    size = len(vocabulary)
    counts = np.stack([np.bincount(np.array(i, int), minlength=size) for i in ids])
    special = [n for n, token in enumerate(vocabulary.tokens) if token in SPECIAL]
    counts[:, special] = 0
    return counts


def names_of(counts: np.ndarray, vocabulary: Vocabulary) -> list[str]:
    """Return up to `LENGTH` characters for each cluster, the most typical first.

    Typical is what has the greatest log-odds against all other clusters, in standard
    deviations, with all poems as the prior (Monroe et al. 2008, "Fightin' Words",
    eq. 22). Two clusters may have a character in common.
    """
    scores = typical(counts)  # (K, N)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
    return [
        vocabulary.decode(n for n in order[k].tolist() if scores[k, n] > 0)
        for k in range(len(counts))
    ]


def typical(counts: np.ndarray) -> np.ndarray:
    """Return the z-scores (K, N) of the log-odds of each token in each cluster."""
    total = counts.sum(axis=0)
    prior = PRIOR * _shares(total)
    here, there = counts + prior, total - counts + prior
    odds = [np.log(x / (x.sum(axis=1, keepdims=True) - x)) for x in (here, there)]
    return (odds[0] - odds[1]) / np.sqrt(1 / here + 1 / there)


def nats_saved(counts: np.ndarray, dev_counts: np.ndarray, dev_poems: int) -> float:
    """Return what knowing its cluster saves on the characters of a dev poem, in nats.

    That is the log-probability of its characters under the unigrams of its cluster,
    less that under the unigrams of all poems. Both are of training poems; 0 says that
    clusters have nothing to do with characters.
    """
    shares = _shares(counts.sum(axis=0))
    smoothed = counts + SMOOTHING * shares
    within = smoothed / smoothed.sum(axis=1, keepdims=True)
    return float(np.sum(dev_counts * np.log(within / shares)) / dev_poems)


def _shares(total: np.ndarray) -> np.ndarray:
    """Return the unigrams (N,) of counts (N,); none is 0."""
    return (total + 0.5) / (total + 0.5).sum()
