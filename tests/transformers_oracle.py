"""Run transformers.BertForMaskedLM with random weights, in a process of its own.

    python transformers_oracle.py FOLDER

Leaves model.safetensors, config.json and tokenizer.json in FOLDER, and oracle.npz.
"""

import json
import pathlib
import sys

import numpy as np
import tiny_bert
import torch
import transformers

FOLDER = pathlib.Path(sys.argv[1])
config = {**tiny_bert.config(), "hidden_act": "gelu_new", "type_vocab_size": 3}
model = transformers.BertForMaskedLM(transformers.BertConfig(**config)).eval()
torch.manual_seed(3)
for name, weight in model.named_parameters():
    centre = 1.0 if name.endswith("LayerNorm.weight") else 0.0
    torch.nn.init.normal_(weight, centre, 0.2)
model.save_pretrained(FOLDER)
vocabulary = FOLDER / "vocab.txt"
vocabulary.write_text("\n".join(tiny_bert.TOKENS) + "\n", "utf-8")
transformers.BertTokenizer(str(vocabulary)).save_pretrained(FOLDER)
if (FOLDER / "tokenizer.json").exists():
    vocabulary.unlink()  # transformers 5 writes no vocab.txt
token_ids, segment_ids = map(torch.tensor, tiny_bert.inputs(tiny_bert.TOKENS))
out = model(
    token_ids.long(),
    token_type_ids=segment_ids.long(),
    attention_mask=(token_ids > 0).long(),
    output_hidden_states=True,
)
np.savez(
    FOLDER / "oracle.npz",
    states=out.hidden_states[-1].detach(),
    scores=out.logits.detach(),
)
(FOLDER / "versions.json").write_text(json.dumps(transformers.__version__))
