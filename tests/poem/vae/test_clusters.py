"""Maps of latents: the space, the clusters, their names, the folder.

Oracles: arithmetic on the page, blobs that were put there, scipy's densities.
"""

import json

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nlg.errors import CheckpointError, DataError, OptionError
from nlg.poem.request import MapRequest, SampleRequest
from nlg.poem.vae.clusters import ARRAYS, Cluster, LatentMap, Space
from nlg.poem.vae.map import (
    LEAST,
    WRITTEN,
    Latents,
    batches,
    encode,
    fit,
    layout,
    learn_space,
    make_map,
    measure,
    share_held,
    with_written_examples,
)
from nlg.poem.vae.themes import counts_of, names_of, nats_saved, typical
from nlg.runtime import checkpoints_folder
from nlg.runtime.checkpoint import seal
from nlg.text.forms import verse
from nlg.text.poem_records import Poem
from nlg.text.vocab import Vocabulary

SHIPPED_MAP = checkpoints_folder() / "poem" / "map"
WAR = Poem("五绝", ("将军百战死", "壮士十年归", "塞马嘶边月", "胡兵卷战旗"))
TEA = Poem("五绝", ("煮茗松间坐", "烹茶竹下眠", "茶香来隔院", "茗色映清泉"))


@pytest.fixture(scope="module")
def shipped(poet):
    return LatentMap.load(SHIPPED_MAP, poet)


def plain_space(units, sound=1):
    return Space(np.zeros(units), np.eye(units), sound)


def blobs(count=40, units=6, deviation=0.1):
    """Return latents around three corners, and which corner each is of."""
    rng = np.random.default_rng(3)
    corners = 4 * np.eye(3, units)
    truth = np.repeat([0, 1, 2], [3 * count, 2 * count, count])
    mean = corners[truth] + deviation * rng.standard_normal((len(truth), units))
    return Latents(mean, np.full_like(mean, deviation)), truth


def same_parts(labels, truth):
    """Return whether two labellings part things alike, whatever they call the parts."""
    pairs = set(zip(labels.tolist(), truth.tolist(), strict=True))
    return len(pairs) == len(set(labels.tolist())) == len(set(truth.tolist()))


# --- the space


def test_coordinates_lead_back_to_their_latents():
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    space = Space(rng.standard_normal(5), np.arange(1, 6)[:, None] * basis, 2)
    latents = rng.standard_normal((7, 5))
    assert space.latents(space.coordinates(latents)) == pytest.approx(latents)
    one_step = space.mean + 3 * basis[2]  # the third axis is 3 long
    assert space.coordinates(one_step[None])[0] == pytest.approx([0, 0, 1, 0, 0])
    assert space.theme(latents).shape == (7, 3)


def test_what_tells_the_rhyme_and_the_tones_is_no_theme():
    """One unit tells 东 from 阳, one 平起 from 仄起; four others tell nothing of it."""
    rng = np.random.default_rng(2)
    rhyme, opening = rng.integers(0, 2, (2, LEAST))
    poems = [
        Poem("五绝", (f"一{'山日'[o]}一一一", f"一一一一{'东阳'[r]}") * 2)
        for r, o in zip(rhyme, opening, strict=True)
    ]
    mean = rng.standard_normal((LEAST, 6)) * [1, 1, 2, 2, 3, 3]
    mean[:, 0] += 6 * rhyme
    mean[:, 1] += 6 * opening
    space = learn_space(poems, Latents(mean, np.full_like(mean, 0.5)))
    assert space.sound == 2
    theme = space.theme(mean)
    assert theme.shape == (LEAST, 4)
    for kind in (rhyme, opening):
        gap = theme[kind == 1].mean(axis=0) - theme[kind == 0].mean(axis=0)
        assert np.abs(gap).max() < 0.2
    assert np.cov(theme.T) == pytest.approx(np.diag(np.diag(np.cov(theme.T))), abs=0.1)
    assert space.coordinates(mean).std(axis=0) == pytest.approx(1, abs=0.15)


def test_too_few_poems_have_no_space_of_their_own():
    latents = Latents(np.zeros((2, 4)), np.ones((2, 4)))
    with pytest.raises(DataError, match=f"2 poems are too few .* give {LEAST}"):
        learn_space([WAR, TEA], latents)


# --- the clusters


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_each_method_finds_the_blobs_that_are_there(method):
    latents, truth = blobs()
    options = MapRequest(clusters=3, method=method)
    fitted = fit(plain_space(6), latents, options)
    assert same_parts(fitted.assign(latents.mean[:, :5]), truth)
    assert sorted(fitted.weights) == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=1e-3)


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_the_density_is_that_of_scipy(method):
    latents, _ = blobs()
    fitted = fit(plain_space(6), latents, MapRequest(clusters=3, method=method))
    theme = latents.mean[::7, :5]
    parts = zip(fitted.weights, fitted.means, fitted.variances, strict=True)
    oracle = sum(w * multivariate_normal(m, np.diag(v)).pdf(theme) for w, m, v in parts)
    assert fitted.log_prob(theme) == pytest.approx(np.log(oracle).mean())


def test_a_map_numbers_its_clusters_from_the_largest(poet):
    latents, truth = blobs()
    poems = [[WAR, TEA, WAR][t] for t in truth]
    found = make_map(poet, poems, latents, plain_space(6), MapRequest(3))
    assert [cluster.number for cluster in found.clusters] == [1, 2, 3]
    assert [cluster.share for cluster in found.clusters] == [3 / 6, 2 / 6, 1 / 6]
    assert found.clusters[1].examples == (TEA.lines, TEA.lines)
    assert "茗" in found.clusters[1].name
    assert found.centres == pytest.approx(4 * np.eye(3, 6), abs=0.2)
    assert sorted(np.bincount(found.labels)) == [40, 80, 120]
    assert found.texts.count(verse(TEA.lines)) == 80


def test_the_same_seed_makes_the_same_map(poet):
    latents, truth = blobs(count=8)
    poems = [[WAR, TEA, WAR][t] for t in truth]
    first, again, other = (
        make_map(poet, poems, latents, plain_space(6), MapRequest(3, seed=seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first.points, again.points)
    assert first.clusters == again.clusters
    assert not np.array_equal(first.points, other.points)


def test_examples_are_the_poems_in_the_direction_of_the_centre(poet):
    """The centre of the first four is (7, 0.9); by distance 月 would be the nearest."""
    mean = np.zeros((6, 3))
    mean[:, 0] = [10, 10, 2, 6, -10, -10]
    mean[:4, 1] = [0, 0.5, 0.2, 3]
    poems = [Poem("五绝", (c * 5,) * 4) for c in "云山水月花鸟"]
    latents = Latents(mean, np.zeros_like(mean))
    found = make_map(poet, poems, latents, plain_space(3), MapRequest(2), drawn=0)
    examples = {lines[0][0] for cluster in found.clusters for lines in cluster.examples}
    assert examples == set("山水花鸟")


def test_one_poem_a_cluster_is_enough(poet):
    mean = np.eye(2, 4)
    latents = Latents(mean, np.zeros_like(mean))
    found = make_map(poet, [WAR, TEA], latents, plain_space(4), MapRequest(2))
    assert [cluster.share for cluster in found.clusters] == [0.5, 0.5]
    assert np.isfinite(found.deviations).all() and (found.deviations > 0).all()
    assert np.isfinite(found.points).all()
    with pytest.raises(DataError, match="2 poems cannot make 3 clusters"):
        make_map(poet, [WAR, TEA], latents, plain_space(4), MapRequest(3))


def test_measuring_prefers_clusters_to_none(poet):
    latents, truth = blobs()
    poems = [[WAR, TEA, WAR][t] for t in truth]
    both = (poems, latents)
    report = measure(poet, plain_space(6), both, both, MapRequest(3))
    for method in ("kmeans", "mixture"):
        assert report[method]["log_prob"] > report["one Gaussian"]["log_prob"] + 1
        assert report[method]["nats_saved"] > 1


@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_numbered_by_size_whatever_the_seed(poet, seed):
    latents, truth = blobs(count=4)
    poems = [[WAR, TEA, WAR][t] for t in truth]
    found = make_map(poet, poems, latents, plain_space(6), MapRequest(3, seed=seed), 0)
    assert [cluster.share for cluster in found.clusters] == [3 / 6, 2 / 6, 1 / 6]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 50])
def test_a_layout_of_any_size_fits_the_page(size):
    theme = np.random.default_rng(1).standard_normal((size, 6))
    for clusters in (1, 2, 5):
        points = layout(theme, np.eye(clusters, 6), seed=1)
        assert points.shape == (size, 2)
        assert np.abs(points).max(initial=0) <= 1


# --- encoding


def test_poems_of_several_forms_are_encoded_in_their_places(poet):
    seven = Poem("七绝", ("朝辞白帝彩云间", "千里江陵一日还") * 2)
    poems = [WAR, seven, TEA]
    latents = encode(poet, poems, batches(poems))
    for n, poem in enumerate(poems):
        assert latents.mean[n] == pytest.approx(poet.encode(poem.lines), abs=1e-5)
    _, log_var = poet.posterior([seven.lines])
    assert latents.deviation[1] ** 2 == pytest.approx(np.exp(log_var[0]), rel=1e-5)


# --- names


def test_a_character_of_one_cluster_names_it():
    vocabulary = Vocabulary(["[PAD]", "[UNK]", *"山水马刀茶"])
    poems = [Poem("", ("无山水马刀山",) * 4), Poem("", ("山水茶茶山",) * 4)]
    counts = counts_of(poems, [0, 1], 2, vocabulary)
    assert counts.tolist() == [[0, 0, 4, 4, 4, 4, 0], [0, 0, 4, 4, 0, 0, 8]]
    assert names_of(counts, vocabulary) == ["马刀", "茶"]


def test_the_end_of_a_line_names_nothing():
    vocabulary = Vocabulary(["[PAD]", "[UNK]", "山", "东"])
    counts = counts_of([Poem("", ("山东",))], [0], 1, vocabulary)
    assert counts.tolist() == [[0, 0, 1, 0]]


def test_the_score_is_that_of_monroe():
    """Two clusters, two words; eq. 15, 16 and 22 of the paper, by hand."""
    counts = np.array([[30, 10], [10, 50]])
    prior = 500 * np.array([40.5, 60.5]) / 101
    here, there = 30 + prior[0], 10 + prior[0]
    odds = np.log(here / (10 + prior[1])) - np.log(there / (50 + prior[1]))
    assert typical(counts)[0, 0] == pytest.approx(odds / np.sqrt(1 / here + 1 / there))


def test_clusters_that_say_nothing_of_characters_save_nothing():
    same = np.array([[30, 10], [300, 100]])
    assert nats_saved(same, same, 1) == pytest.approx(0, abs=0.1)
    apart = np.array([[10**6, 0], [0, 10**6]])
    assert nats_saved(apart, np.array([[7, 0], [0, 7]]), 2) == pytest.approx(
        7 * np.log(2), rel=1e-2
    )


# --- to find one, and to write there


def named(*names):
    clusters = [Cluster(n, name, 0.5, ()) for n, name in enumerate(names, 1)]
    nothing = np.zeros((len(names), 3))
    return LatentMap(
        plain_space(3), tuple(clusters), nothing, nothing, nothing[:, :2], nothing[:, 0]
    )


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("1", 1), ("2", 2), ("僧", 2), ("军马塞", 1), (" 馬 ", 1), ("塞", 2), ("軍", 1)],
)
def test_a_cluster_is_found_by_number_name_or_character(wanted, number):
    assert named("军马塞", "塞僧").find(wanted).number == number


@pytest.mark.parametrize(
    "wanted", ["0", "3", "", "花", "军马", "-1", "🙂", "军" * 2000]
)
def test_what_names_no_cluster_is_told_with_the_names(wanted):
    with pytest.raises(OptionError, match="1:军马塞 2:塞僧") as told:
        named("军马塞", "塞僧").find(wanted)
    assert len(str(told.value)) < 120


def test_a_place_is_the_gaussian_of_its_cluster():
    latent_map = named("军")._replace(
        space=Space(np.array([1.0, 0, 0]), np.diag([2.0, 1, 1]), 1),
        centres=np.array([[3.0, 0, 0]]),
        deviations=np.array([[0.5, 1, 0]]),
    )
    place = latent_map.sampler(latent_map.clusters[0])
    assert place(np.ones((1, 3))).tolist() == [[1 + 2 * (3 + 0.5), 1, 0]]


def test_poems_of_a_cluster_are_more_of_it_than_of_any_other(poet, shipped):
    """By chance one of 24 would be; the figure is in docs/poems.md."""
    assert share_held(poet, shipped, 4, seed=1) > 0.2


def test_poems_of_a_cluster_depend_on_seed_and_number_alone(poet, shipped):
    three = list(poet.write("五绝", count=3, seed=7, cluster="1"))
    assert [poem.cluster for poem in three] == [1, 1, 1]
    assert list(poet.write("五绝", seed=7, cluster="1")) == three[:1]
    assert list(poet.write("五绝", seed=7)) != three[:1]
    place = shipped.sampler(shipped.find("1"))
    (alone,) = poet.sample(SampleRequest("五绝", seed=7), place)
    assert alone._replace(cluster=1) == three[0]


# --- the folder


def test_a_map_on_the_disk_is_the_same_without_its_poems(poet, shipped, tmp_path):
    full = shipped._replace(texts=("诗",) * len(shipped.points))
    full.save(tmp_path / "map", poet, {"poems": 1}, {})
    back = LatentMap.load(tmp_path / "map", poet)
    assert back.texts == ()
    assert back.clusters == shipped.clusters
    for name in ("centres", "deviations", "points", "labels"):
        assert np.array_equal(getattr(back, name), getattr(shipped, name))


def test_examples_to_be_given_away_are_the_models_own(poet, shipped):
    two = shipped._replace(clusters=shipped.clusters[:2], centres=shipped.centres[:2])
    written = with_written_examples(poet, two, seed=1)
    poems = poet.write("五绝", count=WRITTEN, seed=1, cluster="2")
    own = [poem.lines for poem in poems]
    assert len(written.clusters[1].examples) == 2
    assert set(written.clusters[1].examples) <= set(own)


def test_the_shipped_map_is_small_and_of_the_shipped_model(shipped):
    files = list(SHIPPED_MAP.iterdir())
    assert sum(path.stat().st_size for path in files) < 300_000
    assert len(shipped.clusters) == 24
    assert sum(cluster.share for cluster in shipped.clusters) == pytest.approx(1)
    metrics = json.loads((SHIPPED_MAP / "metrics.json").read_text("utf-8"))
    dev = metrics["dev"]
    assert dev["kmeans"]["nats_saved"] > dev["mixture"]["nats_saved"]


def altered(folder, **facts):
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | facts), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: altered(folder, model="0"), "is no map of .* make one with"),
        (
            lambda folder: altered(folder, task="couplet", model={}),
            "was made for couplet",
        ),
        (lambda folder: altered(folder, clusters=[{}]), "no map in it"),
        (lambda folder: (folder / ARRAYS).write_bytes(b"PK"), "no map in it"),
        (lambda folder: np.savez(folder / ARRAYS, mean=1), "no map in it"),
        (lambda folder: (folder / ARRAYS).unlink(), "does not list map.npz"),
    ],
    ids=["model", "task", "clusters", "cut", "parts", "gone"],
)
def test_a_map_of_no_use_is_told(poet, shipped, tmp_path, spoil, reason):
    shipped.save(tmp_path, poet, {}, {})
    spoil(tmp_path)
    seal(tmp_path)
    with pytest.raises(CheckpointError, match=reason):
        LatentMap.load(tmp_path, poet)
