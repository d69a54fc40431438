"""Who may look at whom: the three attention masks of BERT, LM and UniLM, drawn.

All three are one mask. `generated` says of each token whether it is written one after
another (1) or given at once (0); a token sees what is given and what was written up to
itself (kexue.fm/archives/6933). Rows may be packed: samples of one row
have numbers of their own, `sample_ids`, 0 being padding, and never see each other.

    [CLS]春眠[SEP]不觉, generated = 0 0 0 0 1 1     generated = 1 …     generated = 0 …

                 [CLS] 春 眠 [SEP] 不 觉            causal LM           bidirectional
         [CLS]     1   1  1    1   0  0            1 0 0 0 0 0         1 1 1 1 1 1
          春       1   1  1    1   0  0            1 1 0 0 0 0         1 1 1 1 1 1
          眠       1   1  1    1   0  0            1 1 1 0 0 0         1 1 1 1 1 1
         [SEP]     1   1  1    1   0  0            1 1 1 1 0 0         1 1 1 1 1 1
          不       1   1  1    1   1  0            1 1 1 1 1 0         1 1 1 1 1 1
          觉       1   1  1    1   1  1            1 1 1 1 1 1         1 1 1 1 1 1

Shapes: B rows, T tokens. True, or 1 in the drawing, is "may look".
"""

from keras import ops


def attention_mask(sample_ids, generated):
    """Return who may look at whom, bool (B, T, T): [b, i, j] is "i sees j".

    Padding sees padding, so that no row of a softmax is empty.

    Args:
        sample_ids: (B, T) int, the sample that each token belongs to; 0 is padding.
        generated: (B, T) int, 1 where a token is written after those before it.
    """
    order = ops.cumsum(ops.cast(generated, "int32"), axis=1)  # (B, T)
    written = order[:, None, :] <= order[:, :, None]  # (B, T, T)
    same = ops.equal(sample_ids[:, None, :], sample_ids[:, :, None])
    return ops.logical_and(written, same)
