"""Make a map of poems: encode, remove the sound, cluster, name, draw.

    latents = encode(poet, poems, batches(poems))
    space = learn_space(poems, latents)
    latent_map = make_map(poet, poems, latents, space, MapRequest(clusters=24))

A plain clustering of latents finds rhymes: a few directions depend on the rhyme group
and on whether the tones begin level or oblique, and separate poems more sharply than
any theme does. They are the directions in which the mean of poems of one sound differs
from the mean of all. They are left out, and the others are scaled to equal variance.

Two models can do it: k-means, and a mixture of Gaussians with a classifier q(y|z) as in
kexue.fm/archives/5887, here fitted to a model that is trained already.

Needs scikit-learn, when called. Shapes: M poems, Z units, T theme coordinates, K
clusters.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from nlg.errors import DataError
from nlg.poem.check import rhyme_of
from nlg.poem.request import METHODS, MapRequest, SampleRequest
from nlg.poem.vae.clusters import Cluster, LatentMap, Space
from nlg.poem.vae.poet import BLOCK, Poet
from nlg.poem.vae.themes import counts_of, names_of, nats_saved
from nlg.text.forms import FORMS, verse
from nlg.text.poem_records import Poem
from nlg.text.readings import tones

LEAST = 1000  # poems for a space of its own
DRAWN = 1500  # points of a picture
EXAMPLES = 2
HELD = 100  # poems written in each cluster to measure how many stay in it
WRITTEN = 16  # poems of the model that the examples of a public map are chosen from
SOUND_SHARE = 0.2  # of the greatest between-group variance: above, an axis is of sound
LEAST_VARIANCE = 1e-6  # of an axis: dimensions without poems keep a length
Lines = tuple[str, ...]


class Latents(NamedTuple):
    """The posteriors of poems."""

    mean: np.ndarray  # (M, Z)
    deviation: np.ndarray  # (M, Z)

    def draw(self) -> np.ndarray:
        """Return a latent (M, Z) of each poem, always the same."""
        noise = np.random.default_rng(0).standard_normal(self.mean.shape)
        return self.mean + self.deviation * noise


class Fitted(NamedTuple):
    """Clusters as a density: weights (K,), means (K, T) and variances (K, T)."""

    assign: Callable[[np.ndarray], np.ndarray]  # theme (M, T) -> cluster (M,)
    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def log_prob(self, theme: np.ndarray) -> float:
        """Return the mean log-density of theme coordinates (M, T), in nats."""
        precision = 1 / self.variances
        square = (
            theme**2 @ precision.T
            - 2 * theme @ (self.means * precision).T
            + np.sum(self.means**2 * precision, axis=1)
        )  # (M, K)
        scale = np.sum(np.log(2 * np.pi * self.variances), axis=1)
        joint = np.log(self.weights) - 0.5 * (scale + square)
        return float(np.logaddexp.reduce(joint, axis=1).mean())


def batches(poems: Sequence[Poem]) -> list[np.ndarray]:
    """Return the numbers of poems that are encoded together: those of one form."""
    forms = np.array([poem.form for poem in poems])
    parts = []
    for form in FORMS:
        numbers = np.flatnonzero(forms == form)
        parts += [numbers[n : n + BLOCK] for n in range(0, len(numbers), BLOCK)]
    return parts


def encode(poet: Poet, poems: Sequence[Poem], parts: Iterable[np.ndarray]) -> Latents:
    """Return the posteriors of `poems`; `parts` are their `batches`."""
    mean = np.zeros((len(poems), poet.latent_units))
    log_var = np.zeros_like(mean)
    for part in parts:
        mean[part], log_var[part] = poet.posterior([poems[n].lines for n in part])
    return Latents(mean, np.exp(log_var / 2))


def learn_space(poems: Sequence[Poem], latents: Latents) -> Space:
    """Return the space that separates theme from sound.

    Raises:
        DataError: there are too few poems for that.
    """
    if len(poems) < LEAST:
        raise DataError(
            f"{len(poems)} poems are too few for a map of its own; give {LEAST} or more"
        )
    mean = latents.mean.mean(axis=0)
    rhymes = [rhyme_of(poem.lines).group for poem in poems]
    openings = [_opening(poem.lines) for poem in poems]
    groups = [_group_means(latents.mean - mean, names) for names in (rhymes, openings)]
    _, values, basis = np.linalg.svd(np.concatenate(groups))
    sound = int(np.sum(values**2 > SOUND_SHARE * values[0] ** 2))
    drawn = latents.draw() - mean
    parts = [_principal(drawn, basis[sound:]), _principal(drawn, basis[:sound])]
    return Space(mean, np.concatenate(parts), sound)


def make_map(
    poet: Poet,
    poems: Sequence[Poem],
    latents: Latents,
    space: Space,
    request: MapRequest,
    drawn: int = DRAWN,
) -> LatentMap:
    """Return the map of `poems`, with up to `drawn` of them as points.

    The examples of a cluster are the poems nearest its centre; its deviations are those
    of posterior means, so that a draw is such a latent as `Poet.encode` gives. Draws of
    posteriors are as wide as all poems, and what is written there keeps to no theme.

    Raises:
        DataError: there are fewer poems than clusters.
    """
    if len(poems) < request.clusters:
        raise DataError(
            f"{len(poems)} poems cannot make {request.clusters} clusters; "
            "give more poems, or --clusters"
        )
    theme = space.theme(latents.mean)
    labels = _by_size(fit(space, latents, request).assign(theme))
    members = _members(labels)
    centres, deviations = _moments(space.coordinates(latents.mean), members)
    shown = np.random.default_rng(request.seed).permutation(len(poems))[:drawn]
    return LatentMap(
        space,
        _described(poet, poems, labels, theme),
        centres,
        deviations,
        layout(theme[shown], centres[:, : theme.shape[1]], request.seed),
        labels[shown],
        tuple(verse(poems[n].lines) for n in shown),
    )


def fit(space: Space, latents: Latents, request: MapRequest) -> Fitted:
    """Return the clusters that a method finds."""
    method = _kmeans if request.method == "kmeans" else _mixture
    return method(space.theme(latents.mean), space.theme(latents.draw()), request)


def measure(
    poet: Poet,
    space: Space,
    train: tuple[Sequence[Poem], Latents],
    dev: tuple[Sequence[Poem], Latents],
    request: MapRequest,
) -> dict[str, dict[str, float]]:
    """Return for each method how well it fits dev poems.

    `log_prob` is the log-density of a dev poem's theme, in nats (one Gaussian for all
    is there to compare with); `nats_saved` is that of nlg.poem.vae.themes.
    """
    drawn = space.theme(dev[1].draw())
    one = fit(space, train[1], MapRequest(clusters=1))
    report = {"one Gaussian": {"log_prob": one.log_prob(drawn), "nats_saved": 0.0}}
    for method in METHODS:
        fitted = fit(space, train[1], dataclasses.replace(request, method=method))
        counts, dev_counts = (
            counts_of(
                poems,
                fitted.assign(space.theme(latents.mean)),
                request.clusters,
                poet.vocabulary,
            )
            for poems, latents in (train, dev)
        )
        saved = nats_saved(counts, dev_counts, len(dev[0]))
        report[method] = {"log_prob": fitted.log_prob(drawn), "nats_saved": saved}
    return report


def with_written_examples(poet: Poet, latent_map: LatentMap, seed: int) -> LatentMap:
    """Return a map without anyone's poems: its examples are written by the model."""
    centres = latent_map.centres[:, : -latent_map.space.sound]
    clusters = []
    for cluster, centre in zip(latent_map.clusters, centres, strict=True):
        request = SampleRequest("五绝", WRITTEN, seed)
        poems = [p.lines for p in poet.sample(request, latent_map.sampler(cluster))]
        theme = latent_map.space.theme(poet.posterior(poems)[0])
        clusters.append(cluster._replace(examples=_central(poems, theme, centre)))
    return latent_map._replace(clusters=tuple(clusters))


def share_held(
    poet: Poet, latent_map: LatentMap, count: int = HELD, seed: int = 1
) -> float:
    """Return the share of poems written in a cluster whose theme is nearest to it."""
    centres = latent_map.centres[:, : -latent_map.space.sound]
    held = 0
    request = SampleRequest("七绝", count, seed, candidates=1)
    for k, cluster in enumerate(latent_map.clusters):
        poems = poet.sample(request, latent_map.sampler(cluster))
        mean, _ = poet.posterior([poem.lines for poem in poems])
        held += int(np.sum(_closest(latent_map.space.theme(mean), centres) == k))
    return held / (count * len(centres))


def layout(theme: np.ndarray, centres: np.ndarray, seed: int) -> np.ndarray:
    """Return the places (P, 2) of poems (P, T) in a drawing, from -1 to 1.

    t-SNE, of the directions in which the centres (K, T) differ: of all directions it
    shows one cloud.
    """
    apart = centres - centres.mean(axis=0)
    flat = theme @ np.linalg.svd(apart, full_matrices=False)[2][: len(centres) - 1].T
    flat = np.pad(flat, ((0, 0), (0, max(0, 2 - flat.shape[1]))))
    if flat.shape[1] > 2 and len(flat) > 3:
        from sklearn.manifold import TSNE

        near = min(30.0, (len(flat) - 1) / 3)
        tsne = TSNE(2, perplexity=near, init="random", random_state=seed)
        flat = tsne.fit_transform(flat)
    flat = flat[:, :2] - flat[:, :2].mean(axis=0) if len(flat) else flat[:, :2]
    return flat / max(np.abs(flat).max(initial=0.0), 1e-6)


def _kmeans(theme: np.ndarray, drawn: np.ndarray, request: MapRequest) -> Fitted:
    from sklearn.cluster import KMeans

    found = KMeans(request.clusters, n_init=3, random_state=request.seed).fit(theme)
    members = _members(found.labels_)
    means, deviations = _moments(drawn, members)
    weights = np.array([len(some) for some in members]) / len(theme)
    return Fitted(found.predict, weights, means, deviations**2)


def _mixture(_: np.ndarray, drawn: np.ndarray, request: MapRequest) -> Fitted:
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(
        request.clusters, covariance_type="diag", random_state=request.seed
    ).fit(drawn)
    return Fitted(found.predict, found.weights_, found.means_, found.covariances_)


def _members(labels: np.ndarray) -> list[np.ndarray]:
    """Return the numbers of the poems of each cluster that has any."""
    return [np.flatnonzero(labels == k) for k in np.unique(labels)]


def _described(
    poet: Poet, poems: Sequence[Poem], labels: np.ndarray, theme: np.ndarray
) -> tuple[Cluster, ...]:
    """Return the clusters with their names and their central poems."""
    members = _members(labels)
    counts = counts_of(poems, labels, len(members), poet.vocabulary)
    clusters: list[Cluster] = []
    for name, some in zip(names_of(counts, poet.vocabulary), members, strict=True):
        part = theme[some]
        examples = _central([poems[n].lines for n in some], part, part.mean(axis=0))
        share = len(some) / len(poems)
        clusters.append(Cluster(len(clusters) + 1, name, share, examples))
    return tuple(clusters)


def _moments(
    coordinates: np.ndarray, members: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation (K, T) of each cluster's coordinates (M, T).

    One more poem, at deviation 1, keeps the deviation of a cluster of one above 0.
    """
    parts = [coordinates[some] for some in members]
    means = np.stack([part.mean(axis=0) for part in parts])
    variances = [(part.var(axis=0) * len(part) + 1) / (len(part) + 1) for part in parts]
    return means, np.sqrt(variances)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Return labels renumbered from the largest cluster; empty ones have no number."""
    found, sizes = np.unique(labels, return_counts=True)
    rank = np.zeros(labels.max() + 1, "int64")
    rank[found[np.argsort(-sizes, kind="stable")]] = np.arange(len(found))
    return rank[labels]


def _central(
    poems: Sequence[Lines], theme: np.ndarray, centre: np.ndarray
) -> tuple[Lines, ...]:
    """Return the poems whose theme (M, T) is nearest `centre` (T,), by the angle.

    Not by the distance: poems without a theme are near every centre.
    """
    size = np.maximum(np.linalg.norm(theme, axis=1), 1e-6)
    nearest = np.argsort(-(theme @ centre) / size, kind="stable")
    return tuple(poems[n] for n in nearest[:EXAMPLES])


def _closest(theme: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the number of the centre (K, T) nearest to each poem (M, T)."""
    return np.argmin(np.sum(centres**2, axis=1) - 2 * theme @ centres.T, axis=1)


def _group_means(latents: np.ndarray, groups: Sequence[Any]) -> np.ndarray:
    """Return the mean of each group, times the square root of its share."""
    names = np.array(groups)
    return np.stack(
        [
            latents[names == name].mean(axis=0) * np.sqrt(np.mean(names == name))
            for name in sorted(set(groups))
        ]
    )


def _principal(latents: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return the principal axes of latents (M, Z) in `basis`, as long as deviations."""
    covariance = np.atleast_2d(np.cov(latents @ basis.T, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    deviations = np.sqrt(np.maximum(values[::-1], LEAST_VARIANCE))
    return deviations[:, None] * (vectors[:, ::-1].T @ basis)


def _opening(lines: Sequence[str]) -> str:
    """Return how the tones begin: 平起, 仄起, or either."""
    return "".join(sorted(tones(lines[0][1])))
