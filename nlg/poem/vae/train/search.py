"""From latents to poems that keep the rules, in one graph.

    latent -> decoder -> p(x_t | z) at every place            the softmax of the post
           -> which tone pattern and which rhyme fit it best  `choose_rules`
           -> the N best characters of each place under them  `nlg.decode.slots`
           -> beam search over slots, seeing the last two characters

Rules come in as arrays, so this file knows no characters and the exported graph serves
any rhyme book.

Shapes: B poems, R x C page, T = R * C, V characters that may be written, D units, Z
latent, N slots a place, K beams; P tone patterns, Q kinds of characters, the last G of
them rhyme groups.
"""

from typing import Any, NamedTuple

from keras import ops

from nlg.decode.results import NEG_INF
from nlg.decode.slots import Slots, best_slots, by_place, fill_slots
from nlg.poem.vae.train.model import PoemVAE

BEAMS = 2
SLOTS = 64
COMMON = 4096  # a vocabulary starts with the frequent; rarer ones are read, not written


class Rules(NamedTuple):
    """What may stand where; free verse is one pattern that asks for kind 0 only."""

    kinds: Any  # (Q, V) float 0/1: any, level, oblique, then one row a rhyme group
    required: Any  # (P, R, C) int32: the kind that a place asks for, if it is no rhyme
    rhyming: Any  # (P, R, C) float 0/1: the place asks for the poem's rhyme group
    groups: Any  # () int32: G


class Poems(NamedTuple):
    """What the search wrote."""

    token_ids: Any  # (B, T) int32
    log_probs: Any  # (B,) sum over places of log p(x_t | z, x_t-2, x_t-1, its slots)
    pattern: Any  # (B,) int32, in 0..P-1
    group: Any  # (B,) int32, in 0..G-1


class Places(NamedTuple):
    """What the latent wants at each place, before anything is written."""

    states: Any  # (B, T, D)
    wanted: Any  # (B, T, 2 * D)


def write_poems(
    model: PoemVAE, latent: Any, noise: Any, temperature: Any, rules: Rules
) -> Poems:
    """Write one poem for each latent.

    Args:
        model: the trained auto-encoder.
        latent: (B, Z).
        noise: (B, T, N) standard Gumbel noise; scaled by the temperature and added to
            log-probabilities, it makes the best choice a sample (arXiv:1411.0030).
        temperature: (), 0 for the most probable characters.
        rules: see `Rules`.
    """
    rules = rules._replace(kinds=rules.kinds[:, :COMMON])
    places = _places(model, latent, rules)
    free = model.vocabulary.logits(model.head.join(*places), COMMON)
    probs = ops.softmax(free, axis=-1)  # (B, T, V): p(x_t | z), the softmax of the post
    pattern, group = choose_rules(probs, rules)
    slots = _slots(probs * _allowed(pattern, group, rules))
    token_ids, log_probs = _search(model, places, slots, noise * temperature, rules)
    return Poems(token_ids, log_probs, pattern, group)


def choose_rules(probs: Any, rules: Rules) -> tuple[Any, Any]:
    """Return the pattern (B,) and group (B,) that `probs` (B, T, V) fit best.

    The fit is how probable it is, place by place, that a free draw keeps the rules:
    the sum over places of the log of the mass on allowed characters.
    """
    P, Q, G = ops.shape(rules.required)[0], ops.shape(rules.kinds)[0], rules.groups
    required = ops.reshape(rules.required, (P, -1))  # (P, T)
    rhyming = ops.reshape(rules.rhyming, (P, -1))  # (P, T)
    mass = ops.matmul(probs, ops.transpose(rules.kinds))  # (B, T, Q)
    mass = ops.log(mass + 1e-9)
    wanted = ops.one_hot(required, Q) * (1.0 - rhyming[..., None])  # (P, T, Q)
    tones = ops.einsum("btq,ptq->bp", mass, wanted)
    rhymes = ops.einsum("btg,pt->bpg", mass[..., Q - G :], rhyming)
    fit = ops.reshape(tones[..., None] + rhymes, (-1, P * G))
    best = ops.cast(ops.top_k(fit, 1)[1][:, 0], "int32")  # (B,)
    return best // G, best % G


def _places(model: PoemVAE, latent: Any, rules: Rules) -> Places:
    _, R, C = ops.shape(rules.required)
    page = ops.zeros((ops.shape(latent)[0], R, C), "int32")
    states = model.decoder(latent, page)
    return Places(states, model.head.wanted(states))


def _allowed(pattern: Any, group: Any, rules: Rules) -> Any:
    """Return which characters each place allows, float 0/1 (B, T, V)."""
    P, Q = ops.shape(rules.required)[0], ops.shape(rules.kinds)[0]
    required = ops.take(ops.reshape(rules.required, (P, -1)), pattern, axis=0)  # (B, T)
    rhyming = ops.take(ops.reshape(rules.rhyming, (P, -1)), pattern, axis=0)  # (B, T)
    rhyme = (Q - rules.groups + group)[:, None]  # (B, 1)
    kind = ops.where(rhyming > 0, rhyme, required)
    return ops.take(rules.kinds, kind, axis=0)


def _slots(probs: Any) -> Slots:
    """Keep the `SLOTS` best characters of each place of `probs` (B, T, V)."""
    token_ids, values = best_slots(probs, SLOTS)
    return Slots(token_ids, ops.where(values > 0, 0.0, NEG_INF))


def _search(
    model: PoemVAE, places: Places, slots: Slots, noise: Any, rules: Rules
) -> tuple[Any, Any]:
    """Return the best line as token ids (B, T), and its log-probability (B,)."""
    C = ops.shape(rules.required)[2]
    states, wishes = (by_place(x, BEAMS) for x in places)  # (T, M, D), (T, M, 2 * D)

    def wanted(last, before_last, index):
        context = ops.concatenate(
            [_vectors(model, last), _vectors(model, before_last)], axis=-1
        )
        return model.head.join(states[index], wishes[index], context)

    def no_stray_repeat(log_probs, written, offered, index):
        again = ops.any(written[:, None] == offered[..., None], axis=-1)
        last = ops.take(written, ops.maximum(index - 1, 0), axis=1)  # (M,)
        # 处处 is one word of two, and words of two begin at odd places of a line.
        on_purpose = ops.logical_and((index % C) % 2 == 1, offered == last[:, None])
        stray = ops.logical_and(again, ops.logical_not(on_purpose))
        return ops.where(stray, log_probs + NEG_INF, log_probs)

    table = model.vocabulary.table
    found = fill_slots(
        wanted, table, slots, noise, beams=BEAMS, rules=[no_stray_repeat]
    )
    return found.token_ids[:, 0], found.log_probs[:, 0]


def _vectors(model: PoemVAE, token_ids: Any) -> Any:
    """Return the vectors (M, D) of `token_ids` (M,), zeros where there is none."""
    vectors = model.vocabulary(ops.maximum(token_ids, 0))
    return ops.where(token_ids[:, None] >= 0, vectors, 0.0)
