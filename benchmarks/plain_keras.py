"""The peer of cold_start.py: the same model and search in a plain Keras script.

Imports keras, builds the model, loads the weights, writes, prints. No graph is
compiled, as in the scripts that users of bert4keras know.
"""

import json
import sys

import keras
import numpy as np
from safetensors.numpy import load_file

from nlg.poem.request import SampleRequest
from nlg.poem.rules import Rulebook
from nlg.poem.vae.train.model import PoemVAE, VAEConfig
from nlg.poem.vae.train.search import Rules, write_poems
from nlg.runtime import checkpoints_folder
from nlg.text.forms import FORMS
from nlg.text.vocab import Vocabulary
from nlg.training.loop import load_weights


def main(seed, candidates):
    folder = checkpoints_folder() / "poem" / "vae"
    config = json.loads((folder / "config.json").read_text("utf-8"))
    model = PoemVAE(VAEConfig(**config["model"]))
    model.build()
    load_weights(model, load_file(folder / "weights.safetensors"))
    vocabulary = Vocabulary.load(folder / "vocab.txt")
    form = FORMS["七绝"]
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((candidates, config["model"]["latent_units"]), "f4")
    noise = rng.gumbel(size=(candidates, form.places, config["slots"])).astype("f4")
    rules = Rules(**Rulebook(vocabulary).arrays(form, rules=True))
    poems = write_poems(model, latent, noise, np.float32(SampleRequest().warmth), rules)
    best = int(np.argmax(keras.ops.convert_to_numpy(poems.log_probs)))
    text = vocabulary.decode(keras.ops.convert_to_numpy(poems.token_ids)[best].tolist())
    print(*form.split(text), sep="\n")


if __name__ == "__main__":
    main(seed=int(sys.argv[1]), candidates=8)
