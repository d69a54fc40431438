"""Poems a second with the rules on: ONNX Runtime against eager Keras.

    python benchmarks/poem_batch.py [--poems 480] [--threads 2] [--runs 5]

One candidate a poem, as --candidates 1; loading is not counted; medians over runs. Ours
is measured before Keras is imported, as users run it: TensorFlow brings threads of its
own into the process.
"""

import argparse
import json
import statistics
import time

import numpy as np

from nlg.poem.request import SampleRequest
from nlg.poem.vae.poet import BLOCK, TASK, Poet
from nlg.runtime import checkpoints_folder, open_checkpoint
from nlg.text.forms import FORMS


def poems_per_second(write, count, runs):
    """Return the median speed of `write(count)`."""
    write(count)  # warm up
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        write(count)
        taken.append(time.perf_counter() - began)
    return count / statistics.median(taken)


def onnx_writer(poet, form):
    """Return a function that writes so many poems with the exported graph."""
    request = SampleRequest(form.name, candidates=1)
    return lambda count: list(poet.write(request, count=count))


def eager_writer(poet, form):
    """Return a function that writes one block with the Keras model, not compiled."""
    import keras
    from safetensors.numpy import load_file

    from nlg.poem.vae.train.model import PoemVAE, VAEConfig
    from nlg.poem.vae.train.search import Rules, write_poems
    from nlg.training.loop import load_weights

    model = PoemVAE(VAEConfig(**poet.checkpoint.config["model"]))
    model.build()
    load_weights(model, load_file(poet.checkpoint.folder / "weights.safetensors"))
    rules = Rules(**poet.rulebook.arrays(form, rules=True))
    rng = np.random.default_rng(1)

    def write(count):
        latent = rng.standard_normal((count, poet.latent_units), "f4")
        noise = rng.gumbel(size=(count, form.places, poet.slots)).astype("f4")
        temperature = np.float32(SampleRequest().warmth)
        poems = write_poems(model, latent, noise, temperature, rules)
        keras.ops.convert_to_numpy(poems.token_ids)

    return write


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--poems", type=int, default=480)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    folder = checkpoints_folder() / "poem" / "vae"
    poet = Poet(open_checkpoint(folder, TASK, threads=args.threads))
    rows = []
    for system, writer, count in (
        ("nlg", onnx_writer, args.poems),
        ("eager-keras", eager_writer, BLOCK),
    ):
        for form in FORMS.values():
            speed = poems_per_second(writer(poet, form), count, args.runs)
            print(f"{system:<12} {form.name} {speed:7.0f}/s")
            rows.append(
                {"system": system, "form": form.name, "poems_per_second": round(speed)}
            )
    report = {"results": rows, "threads": args.threads, "runs": args.runs}
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
