"""What a random model writes under the rules of a tune has no fault by the checker."""

import keras
import numpy as np
import pytest
from keras import ops

from nlg.decode.compile import compiled
from nlg.decode.sample import sample
from nlg.poem.ci_plans import MARKS, NONE, CiPlanBuilder, form_of_variant
from nlg.poem.writer.train.ci_rules import rules_of
from nlg.text.ci_fit import fits
from nlg.text.ci_rules import sing
from nlg.text.tunes import named
from nlg.text.vocab import Vocabulary

COMMON = (
    *("浣溪沙", "水调歌头", "鹧鸪天", "菩萨蛮", "满江红", "念奴娇", "西江月", "临江仙"),
    *(
        "蝶恋花",
        "减字木兰花",
        "沁园春",
        "贺新郎",
        "点绛唇",
        "清平乐",
        "如梦令",
        "忆秦娥",
    ),
    *("虞美人", "长相思", "卜算子", "撷芳词"),
)
ROWS, FREQUENT = 8, 1500
PLACES, GROUPS = 150, 8  # the most of any of them, and some more


@pytest.fixture(scope="module")
def builder(poet):
    frequent = poet.vocabulary.tokens[2 : 2 + FREQUENT]
    return CiPlanBuilder(Vocabulary(["[PAD]", "[UNK]", *MARKS, *frequent]))


@pytest.fixture(scope="module")
def search():
    """Texts of a model that says of every place something else, in one graph."""

    def search(table, noise, **arrays):
        def model(token_ids, cache, index):
            return ops.repeat(ops.take(table, index, axis=0)[None], ROWS, axis=0), cache

        rules = rules_of(arrays, ROWS, beams=1)
        size = {"rows": ROWS, "length": PLACES}
        return sample(model, (), noise=noise, constraints=rules, **size).token_ids

    return compiled(search, keras.Sequential())


@pytest.fixture
def written(builder, search):
    """Texts that keep `arrays`, whose places are filled up so that one graph does."""

    def written(arrays, seed):
        rng = np.random.default_rng(seed)
        length, full = len(arrays["kind_at"]), len(arrays["kinds"]) - 1  # 。
        size = (0, PLACES - length)
        ends = {"kind_at": full, "group_at": NONE, "source_at": NONE, "rhyme_at": 0}
        for name, filling in ends.items():
            arrays[name] = np.pad(arrays[name], size, constant_values=filling)
        unused = GROUPS - len(arrays["open_parts"])
        arrays["open_parts"] = np.pad(arrays["open_parts"], ((0, unused), (0, 0)))
        dice = 2 * rng.normal(size=(PLACES, len(builder.vocabulary)))
        dice[:, arrays["pairs"].ravel()] += 3  # so that words stand side by side
        noise = rng.uniform(size=(ROWS, PLACES)).astype("float32")
        rows = ops.convert_to_numpy(
            search(table=dice.astype("float32"), noise=noise, **arrays)
        )
        names = builder.vocabulary.tokens
        return ["".join(names[n] for n in row[:length]) for row in rows]

    return written


@pytest.mark.parametrize("name", COMMON)
def test_every_text_keeps_its_tune_to_the_last_tone(builder, written, name):
    tune = named(name)[0]
    variant = tune.variants[0]
    form = form_of_variant(tune, variant)
    texts = written(builder.arrays(variant), seed=len(name))
    assert len(set(texts)) == ROWS
    for text in texts:
        lines = form.split_marked(text)
        found = sing(lines, variant)
        assert (found.violations, found.notes) == ((), ()), text
        feet = [r.feet for r in found.rhymes]
        again = sum(c.rhymes and c.again > 0 for c in variant.clauses)
        assert len("".join(feet)) - len(set("".join(feet))) == again
        assert fits(lines)[0].tune.name == name or fits(lines)[0].cost[0] == 0


def test_the_rhyme_may_be_asked_for(builder, written):
    variant = named("浣溪沙")[0].variants[0]
    arrays = builder.arrays(variant, rhyme="第七部")
    form = form_of_variant(named("浣溪沙")[0], variant)
    for text in written(arrays, seed=0):
        (rhyme,) = sing(form.split_marked(text), variant).rhymes
        assert (rhyme.group, rhyme.others) == ("第七部", "")
