"""A model of eight units over 134 tokens, too small to write well and no rule less.

Shapes: B poems, R x C page, T = R * C, V vocabulary, P patterns, G rhyme groups.
"""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from nlg.poem.rules import Rulebook
from nlg.poem.vae.train import search
from nlg.poem.vae.train.export import write_graphs
from nlg.poem.vae.train.model import PoemVAE, VAEConfig
from nlg.poem.vae.train.search import SLOTS, Poems, Rules, choose_rules, write_poems
from nlg.runtime.graph import Graph
from nlg.text import patterns, readings
from nlg.text.forms import FORMS
from nlg.text.vocab import PAD, UNK, Vocabulary

Z, B = 4, 6
RHYMES = {
    "一东": "东中丰充公冲功匆同嵩弓戎空虹红翁聪融风鸿",
    "一先": "仙前千天川年怜悬泉涓然烟田眠绵莲边迁鲜鹃",
    "十一尤": "修头州幽忧愁投收楼流游浮牛留秋筹羞舟裘酬",
}
OBLIQUE = (
    "月日落木叶绿白玉雪客石壁夕读竹菊北国碧色力极入客急立集合答塔蜡"
    "水雨草鸟酒柳影远晚满浅眼简早老好小晓道岛我火可左马下夜树路暮雾"
    "去处故露步渡度素诉住数"
)
LEVEL = "".join(RHYMES.values())


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary([PAD, UNK, *dict.fromkeys(LEVEL + OBLIQUE)])


@pytest.fixture(scope="module")
def model(vocabulary):
    keras.utils.set_random_seed(0)
    config = VAEConfig(
        len(vocabulary), units=8, latent_units=Z, encoder_blocks=1, decoder_blocks=2
    )
    model = PoemVAE(config)
    model.build()
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:  # norms move too; 16 bits hold them all
        value = variable.numpy() + 0.3 * rng.normal(size=variable.shape)
        variable.assign(value.astype("float16").astype("float32"))
    return model


def rules_of(vocabulary, form, keep=True):
    return Rules(**Rulebook(vocabulary).arrays(FORMS[form], keep))


def draws(form, seed=0):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(B, Z)).astype("float32")
    noise = rng.gumbel(size=(B, FORMS[form].places, SLOTS)).astype("float32")
    return latent, noise


def write(model, rules, form, temperature=0.0, seed=0):
    written = write_poems(model, *draws(form, seed), np.float32(temperature), rules)
    return Poems(*map(ops.convert_to_numpy, written))


def lines_of(vocabulary, ids, form):
    text, columns = vocabulary.decode(ids.tolist()), FORMS[form].columns
    return [text[start : start + columns] for start in range(0, len(text), columns)]


def softmax(scores):
    grown = np.exp(scores - scores.max(-1, keepdims=True))
    return grown / grown.sum(-1, keepdims=True)


def test_rules_chosen_are_the_best_of_a_double_loop():
    P, Q, G, V, R, C = 5, 7, 4, 30, 2, 3
    rng = np.random.default_rng(0)
    rules = Rules(
        kinds=rng.integers(2, size=(Q, V)).astype("float32"),
        required=rng.integers(Q - G, size=(P, R, C)).astype("int32"),
        rhyming=rng.integers(2, size=(P, R, C)).astype("float32"),
        groups=np.array(G, "int32"),
    )
    probs = softmax(rng.normal(size=(100, R * C, V))).astype("float32")

    def fit(poem, p, g):
        total = 0.0
        for t in range(R * C):
            rhymes = rules.rhyming[p].flat[t]
            kind = Q - G + g if rhymes else rules.required[p].flat[t]
            total += np.log(poem[t] @ rules.kinds[kind] + 1e-9)
        return total

    choices = list(itertools.product(range(P), range(G)))
    want = [max(choices, key=lambda pg: fit(poem, *pg)) for poem in probs]
    assert len(set(want)) > len(choices) / 2
    pattern, group = map(ops.convert_to_numpy, choose_rules(probs, rules))
    assert list(zip(pattern.tolist(), group.tolist(), strict=True)) == want


@pytest.mark.parametrize("form", FORMS)
def test_every_poem_keeps_its_pattern_and_rhymes_in_its_group(model, vocabulary, form):
    poems = write(model, rules_of(vocabulary, form), form, temperature=1.0)
    assert poems.token_ids.shape == (B, FORMS[form].places)
    groups = readings.level_groups()
    for ids, p, g in zip(poems.token_ids, poems.pattern, poems.group, strict=True):
        pattern = patterns.patterns(FORMS[form])[p]
        for row, line in enumerate(lines_of(vocabulary, ids, form)):
            for character, wanted in zip(line, pattern.lines[row], strict=True):
                assert wanted == "中" or wanted in readings.tones(character)
            if row in pattern.rhyming:
                assert groups[g] in readings.rhyme_groups(line[-1])


@pytest.mark.parametrize("keep", [True, False])
def test_no_character_comes_back_but_doubled_at_an_even_place(model, vocabulary, keep):
    form = "七律"
    poems = write(model, rules_of(vocabulary, form, keep), form, temperature=1.0)
    for ids in poems.token_ids.reshape(B, 8, 7).tolist():
        seen = set()
        for line in ids:
            for column, character in enumerate(line):
                if column % 2 == 1 and character == line[column - 1]:
                    continue
                assert character not in seen
                seen.add(character)
        assert seen.isdisjoint(vocabulary.ids[token] for token in (PAD, UNK))


def test_model_that_wants_one_character_everywhere_doubles_where_it_may(vocabulary):
    # Every place has the same distribution, so saying the last character again is
    # always best; it is allowed at the second and fourth place: 甲甲乙乙丙.
    model = PoemVAE(VAEConfig(len(vocabulary), units=8, latent_units=Z))
    model.build()
    for variable in model.trainable_variables:
        if "page" in variable.path or "filters" in variable.path:
            variable.assign(np.zeros(variable.shape))
    model.head.mix.kernel.assign(np.zeros(model.head.mix.kernel.shape))
    poems = write(model, rules_of(vocabulary, "五绝", keep=False), "五绝")
    pages = poems.token_ids.reshape(B, 4, 5)
    again = pages[:, :, 1:] == pages[:, :, :-1]
    assert (again == [True, False, True, False]).all()


def test_rare_characters_are_read_but_not_written(model, vocabulary, monkeypatch):
    monkeypatch.setattr(search, "COMMON", 100)
    rules = rules_of(vocabulary, "七绝", keep=False)
    written = write(model, rules, "七绝", temperature=5.0).token_ids
    assert 90 < written.max() < 100


def test_without_temperature_the_noise_changes_nothing(model, vocabulary):
    rules, (latent, _) = rules_of(vocabulary, "五绝"), draws("五绝")
    calm, free = (
        [
            ops.convert_to_numpy(
                write_poems(
                    model,
                    latent,
                    draws("五绝", seed)[1],
                    np.float32(temperature),
                    rules,
                )[0]
            )
            for seed in (1, 2)
        ]
        for temperature in (0.0, 1.0)
    )
    np.testing.assert_array_equal(*calm)
    assert np.any(free[0] != free[1])


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_log_probs_are_those_of_the_model_read_step_by_step(
    model, vocabulary, temperature
):
    form = "七绝"
    rules, (latent, _) = rules_of(vocabulary, form), draws(form)
    poems = write(model, rules, form, temperature)
    table = model.vocabulary.table.numpy()
    places = model.decoder(latent, np.zeros((B, 4, 7), "int32"))
    wanted = model.head.wanted(places)
    free = softmax(model.head.join(places, wanted).numpy() @ table.T)  # (B, T, V)
    vectors = table * np.sqrt(table.shape[1])
    for b, ids in enumerate(poems.token_ids):
        required = rules.required[poems.pattern[b]].reshape(-1)
        rhyming = rules.rhyming[poems.pattern[b]].reshape(-1)
        total, nothing = 0.0, np.zeros(table.shape[1])
        for t, character in enumerate(ids):
            last = vectors[ids[t - 1]] if t > 0 else nothing
            before = vectors[ids[t - 2]] if t > 1 else nothing
            context = np.concatenate([last, before]).astype("float32")
            state = model.head.join(places[b, t], wanted[b, t], context).numpy()
            kind = 3 + poems.group[b] if rhyming[t] else required[t]
            allowed = np.flatnonzero(rules.kinds[kind])
            slots = sorted(allowed, key=lambda v: -free[b, t, v])[:SLOTS]
            total += np.log(softmax(table[slots] @ state)[slots.index(character)])
        assert poems.log_probs[b] == pytest.approx(total, abs=1e-3)


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    write_graphs(model, folder)
    return folder


@pytest.mark.parametrize("form", ["五绝", "七律"])
def test_eager_compiled_and_exported_search_write_the_same(
    model, vocabulary, folder, form
):
    import tensorflow as tf

    rules, (latent, noise) = rules_of(vocabulary, form), draws(form)
    eager = write(model, rules, form, temperature=0.5)
    compiled = tf.function(write_poems)(model, latent, noise, np.float32(0.5), rules)
    exported = Graph(folder / "model.onnx", "cpu")(
        latent=latent,
        noise=noise,
        temperature=np.array(0.5, "float32"),
        **rules._asdict(),
    )
    for other in (Poems(*map(ops.convert_to_numpy, compiled)), Poems(**exported)):
        np.testing.assert_array_equal(other.token_ids, eager.token_ids)
        np.testing.assert_array_equal(other.pattern, eager.pattern)
        np.testing.assert_array_equal(other.group, eager.group)
        np.testing.assert_allclose(other.log_probs, eager.log_probs, atol=1e-3)


def test_exported_encoder_gives_the_posterior_of_the_model(model, vocabulary, folder):
    ids = np.random.default_rng(0).integers(len(vocabulary), size=(B, 8, 5))
    found = Graph(folder / "encoder.onnx", "cpu")(token_ids=ids.astype("int32"))
    mean, log_var = model.encoder(ids)
    np.testing.assert_allclose(found["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(found["log_var"], log_var, atol=1e-5)
