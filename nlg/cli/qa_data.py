"""`nlg data qa`, `cloze` and `vectors`: what a reader is trained on."""

import pathlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nlg.cli.data import collecting, records_of, show_report, write_parts
from nlg.cli.options import Number, progress, writing
from nlg.cli.qa_options import LAYOUTS

if TYPE_CHECKING:
    from nlg.qa.data.read import Question

Command = TypeVar("Command", bound=Callable[..., Any])


@click.command("qa")
@collecting
@click.option(
    "--format",
    "layout",
    type=click.Choice([*LAYOUTS, "triples"]),
    default="auto",
    show_default=True,
    help="Layout of the data; auto finds it from the content. triples: sentences whose "
    "facts are known (DuIE), from which questions are made.",
)
@click.option(
    "--max-passage",
    type=click.IntRange(0),
    default=256,
    show_default=True,
    help="Characters of a passage; a longer one is cut to a window that holds the "
    "answer. 0 cuts none.",
)
@click.option(
    "--max-question",
    type=click.IntRange(0),
    default=64,
    show_default=True,
    help="Characters of a question; of a longer one the end is kept.",
)
@click.option(
    "--max-answer",
    type=click.IntRange(0),
    default=32,
    show_default=True,
    help="Characters of an answer; a longer one is dropped.",
)
@click.option(
    "--extractive", is_flag=True, help="Drop answers that are not in their passage."
)
@click.option(
    "--negatives",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the answered questions that get a second passage, which looks alike "
    "and does not answer them.",
)
@click.option(
    "--exchanged",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the answered questions that come again, asked about another name of "
    "its kind, of which the passage does not tell.",
)
@click.option(
    "--same-document",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the answered questions that get another part of their document, if "
    "it is longer than --max-passage, as a passage without an answer.",
)
@click.option(
    "--style",
    "styles",
    multiple=True,
    metavar="[PATTERN=]STYLE",
    help="How the answers of the sources that PATTERN fits are written: entity (a name "
    "or a number) or phrase (a piece of a sentence); may be repeated, the last that "
    "fits counts. Records may have a style of their own. See styles in nlg train qa.",
)
def qa_data(
    inputs: tuple[str, ...],
    layout: str,
    max_passage: int,
    max_question: int,
    max_answer: int,
    extractive: bool,
    negatives: float,
    exchanged: float,
    same_document: float,
    styles: tuple[str, ...],
    seed: int,
    strict: bool,
    **parts: Any,
) -> None:
    """Collect questions with passages from files and folders; - is standard input.

    \b
    nlg data qa cmrc2018_train.json WebQA.json -o qa.jsonl.gz --negatives 0.3
    echo '{"passage": "杜甫号少陵。", "question": "谁号少陵？", "answer": "杜甫"}' |
        nlg data qa - -o mine.jsonl --dev-share 0
    nlg data qa duie.jsonl.gz --format triples -o facts.jsonl.gz
    nlg data qa train.jsonl.gz -o qa.jsonl.gz --style 'cmrc*=phrase'

    Reads WebQA.json and SogouQA.json, SQuAD 1 and 2, CMRC 2018 and DuReader JSON, and
    JSON lines of (source, passage, question, answer) or with passages; gzipped or not.
    Each passage makes an example, one without the answer too; an example found twice is
    kept once. Of several answers the first that is short enough is taken. JSON lines
    are written; questions about one passage stay on one side.
    For --negatives, the passage is another question's: one of those that share most
    with this one (BM25 over the words that jieba finds) and do not hold its answer.
    For --exchanged it is its own, and the question has another name (法国 for 中国).
    Sentences with triples make questions by templates; a passage is such a sentence
    among others whose subjects are of the same type.
    """
    from nlg.qa.data import examples, read, triples
    from nlg.qa.data.styles import style_of, styled
    from nlg.text.collect import Report

    for style in styles:
        style_of(style)  # a mistake is said before the data are read
    options = examples.CleanOptions(max_passage, max_question, max_answer, extractive)
    report = Report()
    files = read.find_files(inputs)

    def records_in(path: pathlib.Path) -> "Iterator[read.Record]":
        if layout == "triples":
            return triples.read(path, max_passage, seed)
        return read.read(path, layout)

    records = records_of(files, records_in)
    questions = styled(list(examples.clean(records, report, strict, options)), styles)
    show_report(report, questions, "question")
    write = partial(_write, max_passage, (negatives, same_document, exchanged), seed)
    write_parts(questions, "questions", examples.split, write, seed=seed, **parts)


def _write(
    size: int,
    shares: tuple[float, float, float],
    seed: int,
    questions: "list[Question]",
    path: pathlib.Path,
) -> None:
    """Write the examples of a part, and negatives from its own passages.

    `shares` are of negatives from other questions, from the same document, and of
    questions about another name.
    """
    from nlg.qa.data import examples
    from nlg.qa.data.exchange import exchanged
    from nlg.qa.data.negatives import from_same_document, negatives

    found = examples.examples(questions, size, seed)
    added = negatives(found, shares[0], seed, progress)
    if size:
        whole = examples.examples(questions, 0, seed)
        added += from_same_document(whole, size, shares[1], seed)
    added += [twin for _, twin in exchanged(found, shares[2], seed, progress)]
    examples.write([*found, *added], path)
    click.echo(f"{path}: {len(found):,} examples, {len(added):,} negatives", err=True)


def from_texts(layout: str) -> Callable[[Command], Command]:
    """Return a decorator: the command makes a file of some layout from plain text."""

    def decorated(command: Command) -> Command:
        output = click.option(
            "-o",
            "--output",
            required=True,
            type=click.Path(path_type=pathlib.Path),
            help=f"{layout}; gzipped if it ends in .gz, - is stdout.",
        )
        texts = click.argument("inputs", nargs=-1, required=True, metavar="TEXT...")
        return texts(output(command))

    return decorated


@click.command("cloze")
@from_texts("JSON lines")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Stop after so many questions.",
)
@click.option(
    "--per-document",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Questions of one document at most.",
)
@click.option(
    "--max-passage",
    type=click.IntRange(16),
    default=256,
    show_default=True,
    help="Characters of a passage.",
)
@click.option(
    "--asked",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the questions with a word that asks (谁, 哪一年) in place of the "
    "blank.",
)
@click.option(
    "--kept",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the questions whose sentence stays in the passage; they have a word "
    "that asks, and have lost some words.",
)
@click.option(
    "--silent",
    type=Number(0, 1),
    default=0,
    show_default=True,
    help="Share of the passages that lose the name, and so have no answer.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
def cloze_data(
    inputs: tuple[str, ...],
    output: pathlib.Path,
    limit: int,
    per_document: int,
    max_passage: int,
    asked: float,
    kept: float,
    silent: float,
    seed: int,
) -> None:
    """Make questions of plain text that nobody asked; - is standard input.

    \b
    nlg data cloze news.txt.xz wiki/*.txt -o clozes.jsonl.gz --limit 200000
    nlg data cloze wiki/*.txt -o asked.jsonl.gz --asked 0.7 --kept 0.5 --silent 0.15

    A name that stands in two sentences of a document is blanked in one, which becomes
    the question; the others are the passage, and the name the answer. TEXT is plain
    text with a blank line between documents, or JSON lines with a passage or a text;
    gzip and xz are unpacked. Documents are taken from the files in turn.
    """
    import random
    from itertools import islice

    from nlg.errors import DataError
    from nlg.qa.data.cloze import ClozeOptions, clozes
    from nlg.qa.data.examples import write
    from nlg.text.documents import in_turn

    rng = random.Random(seed)
    options = ClozeOptions(
        passage=max_passage,
        per_document=per_document,
        asked=asked,
        kept=kept,
        silent=silent,
    )
    made = (
        example
        for source, text in in_turn(map(pathlib.Path, inputs))
        for example in clozes(text, source, rng, options)
    )
    found = list(progress(islice(made, limit), "clozes", limit))
    if not found:
        raise DataError(
            "no name stands in two sentences of a document, so nothing was made; "
            "--kept asks for names that stand once"
        )
    with writing(output):
        write(found, output)
    click.echo(f"wrote {len(found):,} questions to {output}", err=True)


@click.command("vectors")
@from_texts("word2vec's text format")
@click.option(
    "--units",
    type=click.IntRange(1, 1024),
    default=64,
    show_default=True,
    help="Numbers of a vector.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
def vector_data(
    inputs: tuple[str, ...], output: pathlib.Path, units: int, seed: int
) -> None:
    """Make vectors of words from plain text; - is standard input.

    \b
    nlg data vectors news.txt.xz wiki/*.txt -o vectors.txt.gz
    nlg train qa … --vectors vectors.txt.gz --set vectors=40000

    Words that could stand in each other's place, such as 北京 and 上海, get vectors
    that are alike (PPMI of the two words on each side, and a truncated SVD). The words
    are those of jieba's dictionary that stand 20 times or more in TEXT, the most
    frequent first. TEXT is as for `nlg data cloze`; ten million characters are few.
    """
    from nlg.text.documents import in_turn
    from nlg.text.normalize import to_simplified
    from nlg.text.word_vectors import make, save

    paths = list(map(pathlib.Path, inputs))
    texts = (to_simplified(text) for _, text in in_turn(paths))
    found = make(progress(texts, "documents"), units, seed)
    with writing(output):
        save(output, found)
    click.echo(f"wrote {len(found.words):,} vectors to {output}", err=True)
