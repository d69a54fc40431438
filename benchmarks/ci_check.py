"""How `nlg check poem` judges 词: the examples of 词谱, and what poets wrote.

    python benchmarks/ci_check.py TUNES.json.gz VERSE.jsonl.gz [--show]

    examples  each variant's own example, told its tune: fixed places whose tone is
              right; texts without a wrong tone; rhyme in one 部, across 部 that poets
              mix (通押), or out of the rhyme (出韵)
    found     of the 词 of VERSE whose title begins with a tune of the table, those of
              which the text alone tells that tune: fits it, or fits none and is
              nearest to it
    taken     of other verse, what is taken for a 词

TUNES is hulbji/couyun's 词谱, VERSE JSON lines with kind, title and paragraphs. --show
prints what goes wrong. One core; the last line is JSON.
"""

import argparse
import collections
import gzip
import json
import pathlib
import time

from nlg.errors import OptionError
from nlg.poem.check import examine
from nlg.text.normalize import to_simplified
from nlg.text.tunes import titled


def examples(path):
    """Yield the chief name of a tune and an example, for every variant."""
    for tune in json.loads(gzip.decompress(path.read_bytes())):
        for book in ("qinding", "longyusheng"):
            for variant in tune.get(book, []):
                yield tune["names"][0], variant["example"]


def verse(path):
    """Yield kind, title and text of each poem."""
    text = gzip.decompress(path.read_bytes()).decode()
    for line in filter(str.strip, text.splitlines()):
        fields = json.loads(line)
        yield fields["kind"], fields["title"], "\n".join(fields["paragraphs"])


def rhyme_kind(found):
    kinds = {one.kind for one in (*found.verdict.violations, *found.verdict.notes)}
    if "出韵" in kinds:
        return "out of the rhyme"
    return "across 部" if "通押" in kinds else "one 部"


def judge_examples(path, show):
    counts, rhymes = collections.Counter(), collections.Counter()
    for name, text in examples(path):
        counts["examples"] += 1
        found = examine(text, tune=name)
        wrong = [one for one in found.verdict.violations if one.kind == "失律"]
        if not found.patterns:
            counts["other lengths"] += 1
            show(f"{name}: {found.verdict.pattern} has other lengths: {text[:20]}")
            continue
        fixed = sum(len(line) - line.count("中") for line in found.patterns)
        counts["places"] += fixed
        counts["right"] += fixed - len(wrong)
        counts["clean"] += not wrong
        rhymes[rhyme_kind(found)] += 1
        for one in found.verdict.violations:
            character = found.lines[one.line - 1][one.place - 1]
            show(f"{name}: {one.kind} {one.line}:{one.place} {character}")
    return {
        "examples": counts["examples"],
        "of other lengths": counts["other lengths"],
        "places right": round(counts["right"] / counts["places"], 4),
        "no wrong tone": counts["clean"],
        "rhymes": dict(rhymes),
    }


def find_tunes(path, show):
    counts, taken = collections.Counter(), collections.Counter()
    started = time.perf_counter()
    poems = list(verse(path))
    for kind, title, text in poems:
        found = examine(text)
        form = found.verdict.form if found.verdict.style == "词" else ""
        if kind != "词":
            taken[kind, bool(form)] += 1
            if form:
                show(f"{kind} {title[:20]}: taken for {form}")
            continue
        wanted = {name for tune in titled(to_simplified(title)) for name in tune.names}
        how = judged(form, found, wanted) if wanted else "no tune in its title"
        counts[how] += 1
        if how not in ("fits", "nearest", "no tune in its title"):
            other = form or found.verdict.form or " ".join(found.near)
            show(f"{title[:20]}: {how}, {other or 'nothing'}: {text[:20]!r}")
    seconds = time.perf_counter() - started
    named = sum(counts.values()) - counts["no tune in its title"]
    right = counts["fits"] + counts["nearest"]
    others = sum(taken.values())
    return {
        "named": named,
        **counts,
        "found": round(right / named, 4),
        "other verse": others,
        "taken for 词": sum(count for (_, is_ci), count in taken.items() if is_ci),
        "texts a second": round(len(poems) / seconds, 1),
    }


def judged(form, found, wanted):
    """Return how a text tells its tune."""
    if form:
        return "fits" if form in wanted else "fits another"
    if found.verdict.form:
        return "a poem"
    return "nearest" if {*found.near[:1]} & wanted else "not found"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tunes", type=pathlib.Path)
    parser.add_argument("verse", type=pathlib.Path)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    show = print if options.show else lambda line: None
    try:
        results = {
            "examples": judge_examples(options.tunes, show),
            "found": find_tunes(options.verse, show),
        }
    except (OSError, OptionError) as error:
        parser.error(str(error))
    for name, figures in results.items():
        print(name)
        for what, figure in figures.items():
            print(f"  {what:24} {figure}")
    print(json.dumps(results, ensure_ascii=False))


if __name__ == "__main__":
    main()
