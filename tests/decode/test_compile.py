import numpy as np
from decode.models import SEP, SOURCES, tiny_unilm
from decode.toys import numpy_of

from nlg.decode.compile import compiled, in_buckets
from nlg.decode.seq2seq import write

OPTIONS = {"beams": 2, "length": 4, "end_id": SEP}


def test_compiled_search_is_the_eager_one_and_is_traced_once_a_bucket():
    model, traced = tiny_unilm(condition_size=4, classes=(3,)), []

    def search(**inputs):
        traced.append(inputs["token_ids"].shape)
        return write(model, inputs, **OPTIONS)

    run = in_buckets(compiled(search, model))
    kinds = np.array([[1], [2], [3]])
    for rows, width in ((2, 8), (2, 8), (1, 8), (1, 6), (3, 8), (3, 7)):
        tokens = np.concatenate([SOURCES, SOURCES[1:]])[-rows:, :width]
        inputs = {"token_ids": tokens, "class_ids": kinds[:rows]}
        want, got = numpy_of(write(model, inputs, **OPTIONS)), run(inputs)
        assert got.token_ids.shape == (rows, 2, 4)
        np.testing.assert_array_equal(got.token_ids, want.token_ids)
        np.testing.assert_allclose(got.scores, want.scores, atol=1e-4)
    assert {tuple(shape) for shape in traced} == {(2, 8), (1, 8), (4, 8)}
