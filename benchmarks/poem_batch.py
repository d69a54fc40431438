"""Poems a second with the rules on: ONNX Runtime against eager Keras.

    python benchmarks/poem_batch.py [--poems 512] [--threads 2]

One candidate a poem, as --candidates 1; blocks of 96; loading is not counted.
"""

import argparse
import json
import time

import keras
import numpy as np
from safetensors.numpy import load_file

from nlg.poem.generate import BLOCK, TASK, Poet, WriteOptions
from nlg.poem.search import Rules, write_poems
from nlg.poem.vae import PoemVAE, VAEConfig
from nlg.runtime import checkpoints_folder, open_checkpoint
from nlg.text.forms import FORMS
from nlg.training.loop import load_weights


def poems_per_second(write, count):
    write(BLOCK)  # warm up
    began = time.perf_counter()
    write(count)
    return count / (time.perf_counter() - began)


def eager_writer(poet, form):
    """Return a function that writes blocks with the Keras model, not compiled."""
    model = PoemVAE(VAEConfig(**poet.checkpoint.config["model"]))
    model.build()
    load_weights(model, load_file(poet.checkpoint.folder / "weights.safetensors"))
    rules = Rules(**poet.rulebook.arrays(form, rules=True))
    rng = np.random.default_rng(1)

    def write(count):
        for _ in range(max(1, count // BLOCK)):
            latent = rng.standard_normal((BLOCK, poet.latent_units), "f4")
            noise = rng.gumbel(size=(BLOCK, form.places, poet.slots)).astype("f4")
            poems = write_poems(
                model, latent, noise, np.float32(WriteOptions().temperature), rules
            )
            keras.ops.convert_to_numpy(poems.token_ids)

    return write


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--poems", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    folder = checkpoints_folder() / "poem" / "vae"
    poet = Poet(open_checkpoint(folder, TASK, threads=args.threads))
    options = WriteOptions(candidates=1)
    rows = []
    for form in FORMS.values():

        def write(count, name=form.name):
            return list(poet.write(name, count, 1, options))

        ours = poems_per_second(write, args.poems)
        eager = poems_per_second(eager_writer(poet, form), 2 * BLOCK)
        print(f"{form.name}  nlg {ours:7.0f}/s   eager Keras {eager:7.0f}/s")
        for system, speed in (("nlg", ours), ("eager-keras", eager)):
            rows.append(
                {"system": system, "form": form.name, "poems_per_second": round(speed)}
            )
    print(json.dumps({"results": rows, "threads": args.threads}))


if __name__ == "__main__":
    main()
