"""`nlg poem tunes`: which tunes (词牌) there are, and their patterns."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from nlg.cli.options import JSON, Word, as_typed, write_lines

if TYPE_CHECKING:
    from nlg.text.tunes import Tune, Variant

    Numbered = tuple[int, Variant]


@click.command("tunes")
@click.argument("name", required=False)
@click.option(
    "--book",
    type=Word(("钦谱", "龙谱")),
    help="Patterns of 钦定词谱 or of 龙榆生's 唐宋词格律 only.",
)
@click.option(
    "--variant", type=click.IntRange(1), metavar="N", help="Only this one of a tune."
)
@JSON
def poem_tunes(
    name: str | None, book: str | None, variant: int | None, as_json: bool
) -> None:
    """List the tunes (词牌) that 词 are written to, or draw the patterns of NAME.

    \b
    nlg poem tunes
    nlg poem tunes 浣溪沙
    nlg poem tunes 金縷曲 --variant 1
    nlg poem tunes 水调歌头 --book 龙谱 --json

    In a pattern 中 is free. At the end of a clause 韵 rhymes, 换 begins another rhyme,
    叶 rhymes in the other tone or in a rhyme that was left, 叠 says again what stands
    before, 叠韵 its last character; 句 and 读 do not rhyme.
    """
    from nlg.text.tunes import all_tunes, find, numbered

    if name is None:
        if variant:
            raise click.UsageError("--variant needs the name of a tune")
        write_lines(_listed(all_tunes(), book, as_json), None)
        return
    found = [
        (tune, numbered(tune, book or "", variant or 0))
        for tune in find(as_typed(name))
    ]
    for number, (tune, variants) in enumerate(found):
        if number and not as_json:
            click.echo()
        write_lines(_drawn(tune, variants, as_json), None)


def _listed(tunes: "Iterable[Tune]", book: str | None, as_json: bool) -> Iterator[str]:
    """Yield a row a tune: name, characters, kind, variants and other names."""
    from nlg.text.width import padded

    for tune in tunes:
        count = sum(not book or one.book == book for one in tune.variants)
        if not count:
            continue
        if as_json:
            facts = _about(tune) | {"variants": count}
            yield json.dumps(facts, ensure_ascii=False)
            continue
        characters = tune.variants[0].characters
        numbers = f"{characters:4}  {tune.kind}  {count:2}"
        yield f"{padded(tune.name, 14)}{numbers}  {' '.join(tune.names[1:])}".rstrip()


def _about(tune: "Tune") -> dict[str, Any]:
    """Return what JSON says of a tune before its variants."""
    return {
        "name": tune.name,
        "aliases": tune.names[1:],
        "characters": tune.variants[0].characters,
        "kind": tune.kind,
    }


def _drawn(tune: "Tune", variants: "list[Numbered]", as_json: bool) -> Iterator[str]:
    """Yield the pattern of each variant, with a blank between its parts."""
    if as_json:
        facts = _about(tune) | {"variants": [_facts(*one) for one in variants]}
        yield json.dumps(facts, ensure_ascii=False)
        return
    others = f"; also {' '.join(tune.names[1:])}" if tune.names[1:] else ""
    yield f"{tune.name}  {tune.kind}{others}"
    for number, variant in variants:
        yield ""
        size = f"{variant.characters} characters, {variant.rhymes}"
        yield f"{number}  {variant.book}, {size}"
        yield from _pattern(variant)


def _pattern(variant: "Variant") -> Iterator[str]:
    row = ""
    for clause, word in zip(variant.clauses, variant.words, strict=True):
        row += clause.tones + word
        if clause.rhymes or clause.last:
            yield f"   {row}"
            row = ""
        if clause.last:
            yield ""
    if row:
        yield f"   {row}"


def _facts(number: int, variant: "Variant") -> dict[str, Any]:
    """Return what JSON says of a variant: its parts, each a list of clauses."""
    words = iter(variant.words)
    parts = [
        [
            {
                "tones": clause.tones,
                "end": next(words),
                "rhyme": clause.end if clause.rhymes else "",
                "repeats": clause.again,
            }
            for clause in part
        ]
        for part in variant.parts
    ]
    return {
        "number": number,
        "book": variant.book,
        "characters": variant.characters,
        "rhymes": variant.rhymes,
        "parts": parts,
    }
