"""Measure poems: a file's, the model's own, and the model itself."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nlg.metrics.poems import poem_report
from nlg.poem.request import SampleRequest
from nlg.poem.vae.poet import Poet
from nlg.text.forms import FORMS
from nlg.text.poem_records import Poem

ACTIVE = 0.01  # variance of a unit's mean over the data (arXiv:1509.00519)


def measure(
    poet: Poet, dev: Sequence[Poem], count: int, seed: int = 1
) -> dict[str, Any]:
    """Return a checkpoint's metrics: samples and human poems by form, and the latent.

    Both are up to `count` poems: the distinct-n of a larger sample is lower.
    """
    samples, human = {}, {}
    for form in FORMS:
        written = [poem.lines for poem in poet.write(form, count=count, seed=seed)]
        samples[form] = poem_report(written, poet.training_lines)
        poems = [poem.lines for poem in dev if poem.form == form][:count]
        if poems:
            human[form] = poem_report(poems, poet.training_lines)
    return {"samples": samples, "human": human, "latent": latent_report(poet, dev)}


def latent_report(poet: Poet, poems: Iterable[Poem]) -> dict[str, Any]:
    """Return how much the latent holds of `poems`.

    `kl` is in nats a poem, `kl_*` in nats a unit; `reconstruction_accuracy` is the
    share of characters that come back when the mean latent is decoded without rules or
    noise.
    """
    by_form: dict[str, list[Poem]] = {name: [] for name in FORMS}
    for poem in poems:
        by_form[poem.form].append(poem)
    means, kl, right, places = [], [], 0, 0
    cold = SampleRequest(seed=0, temperature=0.0, rules=False)
    for form, group in by_form.items():
        if not group:
            continue
        mean, log_var = poet.posterior([poem.lines for poem in group])
        means.append(mean)
        kl.append(0.5 * (mean**2 + np.exp(log_var) - 1 - log_var))  # (B, Z)
        rebuilt = poet.write(cold, form=form, latents=mean)
        for poem, back in zip(group, rebuilt, strict=True):
            pairs = zip("".join(poem.lines), "".join(back.lines), strict=True)
            right += sum(a == b for a, b in pairs)
            places += FORMS[form].places
    every = np.concatenate(means)
    units = np.concatenate(kl).mean(axis=0)  # (Z,)
    return {
        "poems": len(every),
        "kl": float(units.sum()),
        "kl_least_unit": float(units.min()),
        "kl_median_unit": float(np.median(units)),
        "kl_greatest_unit": float(units.max()),
        "active_units": int(np.sum(np.var(every, axis=0) > ACTIVE)),
        "latent_units": every.shape[1],
        "reconstruction_accuracy": right / places,
    }
