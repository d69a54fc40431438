"""`nlg import-bert`: a pretrained BERT becomes a backbone of ours."""

import pathlib
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import JSON, as_typed

if TYPE_CHECKING:
    from nlg.backbone.import_bert import Pretrained
    from nlg.backbone.import_vocabulary import Kept

PATH = click.Path(path_type=pathlib.Path)


@click.command("import-bert")
@click.argument("source", type=PATH)
@click.argument("out", type=PATH)
@click.option(
    "--keep-vocab",
    metavar="simplified|full|FILE",
    default="simplified",
    show_default=True,
    help="Tokens to keep: bert4keras's choice, all, or those of a file, one a line.",
)
@click.option(
    "--application",
    type=click.Choice(["unilm", "lm", "bidirectional"]),
    default="unilm",
    show_default=True,
    help="What is written: what follows a source, everything, or nothing.",
)
@click.option(
    "--config", type=PATH, help="Of the model.  [default: beside the weights]"
)
@click.option("--vocab", type=PATH, help="Its tokens.  [default: beside the weights]")
@click.option(
    "--activation",
    type=click.Choice(["gelu", "gelu_tanh", "relu"]),
    help="gelu_tanh for a script with set_gelu('tanh').  [default: as the config says]",
)
@click.option(
    "--cased", is_flag=True, help="Keep capitals, whatever tokenizer_config.json says."
)
@click.option(
    "--fresh-head",
    is_flag=True,
    help="Start the head that scores tokens anew; a bare encoder has none.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float16", "float32"]),
    default="float16",
    show_default=True,
    help="Of the weights on disk; float32 is exact and twice as large.",
)
@JSON
def import_bert(
    source: pathlib.Path,
    out: pathlib.Path,
    keep_vocab: str,
    config: pathlib.Path | None,
    vocab: pathlib.Path | None,
    activation: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make the backbone folder OUT of a pretrained Chinese BERT.

    \b
    nlg import-bert chinese_L-12_H-768_A-12 backbone
    nlg import-bert chinese-roberta-wwm-ext backbone --keep-vocab full
    nlg import-bert best_model.weights mine --config bert_config.json --vocab vocab.txt

    SOURCE is a folder or the weights in one: Google's bert_model.ckpt (BERT,
    RoBERTa-wwm, ALBERT), model.safetensors of Hugging Face, or what a script of
    bert4keras saved with save_weights. Pickles (pytorch_model.bin) are not read. An
    older checkpoint at OUT is replaced when all is done.

    Needs pip install "nlg[train]".
    """
    from nlg.backbone.import_source import find

    found = find(source, config, vocab)
    from nlg.training.backend import choose_backend

    choose_backend(None, "float32", seed=1)
    from nlg.backbone import import_bert as importer

    chosen = importer.ImportOptions(
        keep=as_typed(keep_vocab),
        activation=activation or "",
        **options,
    )
    read, kept = importer.import_bert(found, out, chosen)
    _report(read, kept)
    click.echo(_as_json(out, read, kept) if as_json else str(out))


def _report(read: "Pretrained", kept: "Kept") -> None:
    """Say on stderr what was read, and what of it was left out."""
    config = read.config
    notes = [
        f"read {read.layout}: {config.layers} layers of {config.hidden_size} units",
        f"vocabulary: {len(read.tokens):,} -> {len(kept.tokens):,} tokens",
    ]
    if blank := read.tokens.count(""):
        notes.append(f"left out {blank} rows of its table that have no token")
    if read.ignored:
        notes.append(
            f"left out {len(read.ignored)} weights of other heads: {read.ignored[0]} …"
        )
    if -1 in kept.rows:
        notes.append("it knows no [MASK]: given the vector of [UNK], never written")
    for kind, table in enumerate(read.classes):
        size = config.classes[kind]
        notes.append(
            f"condition {kind}: {table}, classes 0-{size - 1}, here 1-{size}; 0 is none"
        )
    for note in notes:
        click.echo(note, err=True)


def _as_json(out: pathlib.Path, read: "Pretrained", kept: "Kept") -> str:
    import json

    facts = {
        "checkpoint": str(out),
        "layout": read.layout,
        "layers": read.config.layers,
        "hidden_size": read.config.hidden_size,
        "tokens_before": len(read.tokens),
        "tokens": len(kept.tokens),
        "left_out": read.ignored,
    }
    return json.dumps(facts, ensure_ascii=False)
