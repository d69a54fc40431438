"""Read the rhyme books of others; `make_rhymes.py` and `count_readings.py` use them.

A reading is a tone of 平上去入 and a group of 平水韵, 平一东; a Mandarin reading is a
tone of 平仄 and a final, 平ong. A book maps a character to its readings. This file
takes no side where books differ.

RHYME_FOLDER holds, of github.com/charlesix59/chinese_word_rhyme (MIT), `pingshui.json`
and `xinyun.json`; of github.com/hulbji/couyun (MIT), `pingshui_guangyun.json`,
`cilin.json` and `finals.json`.
"""

import collections
import json
import pathlib
from collections.abc import Collection
from typing import Any

from nlg.text.normalize import simplified

Readings = dict[str, set[str]]
SECTION_TONES = {
    "上平声部": "平",
    "下平声部": "平",
    "上声部": "上",
    "去声部": "去",
    "入声部": "入",
}
RENAMED = {"上二十八俭": "上二十八琰"}  # one group, named after another character
MISPRINTS = {"io": "o", "ue": "ve", "ui": "uei"}  # finals


def is_level(reading: str) -> bool:
    """Return whether a reading is of the level tone."""
    return reading[0] == "平"


def load(folder: pathlib.Path, name: str) -> Any:
    """Return what `name`.json holds."""
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def chinese_word_rhyme(folder: pathlib.Path) -> Readings:
    """Return the readings of `pingshui.json`: 8,232 characters, with misprints."""
    book = collections.defaultdict(set)
    for section, groups in load(folder, "pingshui").items():
        for group, characters in groups.items():
            reading = SECTION_TONES[section] + group.removeprefix("入声")
            for character in characters:
                book[character].add(reading)
    return dict(book)


def couyun(folder: pathlib.Path) -> Readings:
    """Return the readings of `pingshui_guangyun.json`: 36,891 characters, rare too.

    A simplified character that it lacks has the readings of the traditional one.
    """
    book = collections.defaultdict(set)
    for reading, characters in load(folder, "pingshui_guangyun").items():
        for character in characters:
            book[character].add(RENAMED.get(reading, reading))
    return dict(book) | {
        short: set().union(*(book[long] for long in longs))
        for short, longs in lacking(book).items()
    }


def lacking(book: Collection[str]) -> dict[str, list[str]]:
    """Return the simplified characters that `book` lacks, with those it has."""
    found = collections.defaultdict(list)
    known = tuple(book)
    for long, short in zip(known, simplified(known), strict=True):
        if short not in book:
            found[short].append(long)
    return found


def mandarin(folder: pathlib.Path) -> dict[str, list[str]]:
    """Return the Mandarin readings of `finals.json`, the commonest first.

    The neutral tone (的, 了) is left out: such a syllable has another reading.
    """
    book = {
        character: ["平仄"[tone] + MISPRINTS.get(final, final) for final, tone in found]
        for character, spelt in load(folder, "finals").items()
        if (found := [one for one in spelt if one[0]])
    }
    return book | {short: book[longs[0]] for short, longs in lacking(book).items()}


def xinyun(folder: pathlib.Path) -> Readings:
    """Return the readings of `xinyun.json`: tone and group of 中华新韵, 平一麻."""
    book = collections.defaultdict(set)
    for group, halves in load(folder, "xinyun").items():
        for tone, characters in halves.items():
            for character in characters:
                book[character].add(tone + group)
    return dict(book)


def cilin(folder: pathlib.Path) -> Readings:
    """Return the readings of `cilin.json`: tone and 部 of 词林正韵, 平1."""
    book = collections.defaultdict(set)
    for part, tones in load(folder, "cilin").items():
        for tone, characters in tones.items():
            for character in characters:
                book[character].add(tone + part)
    return dict(book)
