"""A map of latents: clusters of poems that share a theme, and how to write in one.

    latent_map = LatentMap.load(None, poet)
    latent_map.find("军").name
    poet.write("七绝", count=3, seed=1, cluster="军")

A cluster is a Gaussian with a deviation along each axis of a `Space`, as in the
clustering VAE of kexue.fm/archives/5887, but fitted to the latents of a model that is
trained already. Needs NumPy alone; how a map is made is nlg/poem/vae/map.py.

Shapes: B latents of Z units, K clusters, P points drawn.
"""

import pathlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import nlg
from nlg.errors import CheckpointError, OptionError
from nlg.files import NO_ARRAYS, write_json
from nlg.runtime import checkpoints_folder, open_checkpoint
from nlg.runtime.checkpoint import (
    CONFIG,
    FORMAT,
    METRICS,
    SHA256,
    WEIGHTS,
    digest,
    seal,
)
from nlg.text.normalize import to_simplified

if TYPE_CHECKING:
    from nlg.poem.vae.poet import LatentSampler, Poet

TASK = "poem-map"
ARRAYS = "map.npz"
FILES = frozenset((CONFIG, METRICS, SHA256, ARRAYS))
PARTS = ("mean", "axes", "centres", "deviations", "points", "labels")


class Space(NamedTuple):
    """Coordinates of latents in which all poems have mean 0 and deviation 1.

    The last `sound` coordinates depend on rhyme and first tones, the others on theme.
    """

    mean: np.ndarray  # (Z,)
    axes: np.ndarray  # (Z, Z): a row an axis, as long as its deviation; orthogonal
    sound: int

    def coordinates(self, latents: np.ndarray) -> np.ndarray:
        """Return the coordinates (B, Z) of latents (B, Z)."""
        return (latents - self.mean) @ (self.axes.T / np.sum(self.axes**2, axis=1))

    def latents(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the latents (B, Z) that have these coordinates (B, Z)."""
        return self.mean + coordinates @ self.axes

    def theme(self, latents: np.ndarray) -> np.ndarray:
        """Return the theme coordinates (B, T) of latents (B, Z)."""
        return self.coordinates(latents)[:, : len(self.axes) - self.sound]


class Cluster(NamedTuple):
    """Poems that are alike."""

    number: int  # from 1, the largest first
    name: str  # its most typical characters, the most typical first
    share: float  # of all poems
    examples: tuple[tuple[str, ...], ...]  # lines of poems

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        facts = self._asdict()
        facts["cluster"] = facts.pop("number")
        return facts


class LatentMap(NamedTuple):
    """The clusters, and the points of a picture of them."""

    space: Space
    clusters: tuple[Cluster, ...]  # K, by number
    centres: np.ndarray  # (K, Z), coordinates
    deviations: np.ndarray  # (K, Z), of coordinates
    points: np.ndarray  # (P, 2)
    labels: np.ndarray  # (P,): the cluster of each point, from 0
    texts: tuple[str, ...] = ()  # P poems; a map on the disk has none

    def find(self, wanted: str) -> Cluster:
        """Return the cluster of this number or name, or with this character in it.

        Of several with the character it is the one whose name has it first.

        Raises:
            OptionError: there is none.
        """
        wanted = to_simplified(wanted.strip())
        for cluster in self.clusters:
            if wanted and wanted in (str(cluster.number), cluster.name):
                return cluster
        named = [c for c in self.clusters if len(wanted) == 1 and wanted in c.name]
        if named:
            return min(named, key=lambda cluster: cluster.name.index(wanted))
        names = " ".join(
            f"{cluster.number}:{cluster.name}" for cluster in self.clusters
        )
        raise OptionError(
            f"no cluster {wanted[:20]!r}; give a number or a character of {names}"
        )

    def sampler(self, cluster: Cluster) -> "LatentSampler":
        """Return what turns standard normal draws (B, Z) into latents of `cluster`."""
        centre = self.centres[cluster.number - 1]
        deviation = self.deviations[cluster.number - 1]

        def sample(draws: np.ndarray) -> np.ndarray:
            return self.space.latents(centre + deviation * draws).astype("float32")

        return sample

    def medians(self) -> list[tuple[int, np.ndarray]]:
        """Return the number of each cluster with points, and their median (2,)."""
        return [
            (int(label) + 1, np.median(self.points[self.labels == label], axis=0))
            for label in np.unique(self.labels)
        ]

    def save(
        self, folder: pathlib.Path, poet: "Poet", facts: dict[str, Any], metrics: Any
    ) -> None:
        """Write the checkpoint folder of a map of `poet`'s latents, without its poems.

        Args:
            folder: made if it is not there.
            poet: the model.
            facts: how the map was made.
            metrics: how good it is.
        """
        folder.mkdir(parents=True, exist_ok=True)
        arrays = self._asdict() | self.space._asdict()
        halves = {name: arrays[name].astype("float16") for name in PARTS[:-1]}
        with (folder / ARRAYS).open("wb") as file:
            np.savez_compressed(file, labels=self.labels.astype("uint8"), **halves)
        config = {
            "task": TASK,
            "format": FORMAT,
            "nlg": nlg.__version__,
            "model": digest(poet.checkpoint.path(WEIGHTS)),
            "made": facts,
            "sound": self.space.sound,
            "clusters": [cluster._asdict() for cluster in self.clusters],
        }
        write_json(folder / CONFIG, config)
        write_json(folder / METRICS, metrics)
        seal(folder)

    @classmethod
    def load(cls, folder: pathlib.Path | None, poet: "Poet") -> "LatentMap":
        """Open the folder that `save` wrote, by default the shipped one.

        Raises:
            CheckpointError: it is broken, or was made for another model than `poet`.
        """
        folder = pathlib.Path(folder or checkpoints_folder() / "poem" / "map")
        checkpoint = open_checkpoint(folder, TASK)
        config = checkpoint.config.facts
        if config.get("model") != digest(poet.checkpoint.path(WEIGHTS)):
            raise CheckpointError(
                f"{folder} is no map of {poet.checkpoint.folder}; make one with "
                "nlg poem map --poems FILE --out FOLDER"
            )
        try:
            with np.load(checkpoint.path(ARRAYS), allow_pickle=False) as file:
                arrays = {name: file[name] for name in PARTS}
            numbers = {name: arrays[name].astype("float64") for name in PARTS[:-1]}
            clusters = tuple(map(_cluster, config["clusters"]))
            space = Space(numbers.pop("mean"), numbers.pop("axes"), config["sound"])
            return cls(space, clusters, labels=arrays["labels"], **numbers)
        except NO_ARRAYS as error:
            raise CheckpointError(
                f"{folder}: no map in it ({error}); fetch the checkpoint again"
            ) from None


def _cluster(facts: dict[str, Any]) -> Cluster:
    """Return the cluster that `save` wrote."""
    examples = tuple(map(tuple, facts["examples"]))
    return Cluster(facts["number"], facts["name"], facts["share"], examples)
