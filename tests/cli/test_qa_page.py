"""Why an answer: on a terminal, in a pipe, as JSON and as a page (`qa.salient`)."""

import html.parser
import io
import json
import re

import click
import pytest
from qa.salient import salient_reader
from qa.stub import stub_reader

from nlg.cli.qa_drawing import SHADES, columns_of, explained
from nlg.cli.qa_page import page
from nlg.qa.answer import QARequest
from nlg.qa.explain import Explanation, Piece, explain
from nlg.qa.options import AnswerOptions
from nlg.qa.reader import Reader
from nlg.text.width import width

POET = "杜甫，字子美，号<少陵>野老。"
OTHER = "李白，号<青莲居士>。"
SILENT = "春眠不觉晓，处处闻啼鸟。"
ASK = ("-q", "杜甫号什么？")
VOID = {"meta", "br"}


@pytest.fixture
def ask(run, monkeypatch):
    """`nlg qa` with the rule in place of a checkpoint."""
    monkeypatch.setattr(Reader, "from_checkpoint", lambda *given: salient_reader())
    return lambda *arguments, stdin=None: run(
        *("qa", "--checkpoint", "rule", *arguments), stdin=stdin
    )


def shown(result):
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def told(question, passages, **options):
    reader = salient_reader()
    asked_for = AnswerOptions(**options)
    asked, answer = (
        QARequest(question, passages),
        reader.answer(question, passages, asked_for),
    )
    return asked, answer, explain(reader, asked, answer, asked_for)


def terminal(question, passages, columns):
    return list(explained(*told(question, passages), columns))


# --- in a pipe


def test_what_the_answer_rests_on_is_named_below_it(ask):
    lines = shown(ask(*ASK, "-p", SILENT, "-p", POET, "--explain"))
    assert lines[:4] == [
        "少陵  90%  passage 2[9:11]",
        "",
        "杜甫，字子美，号<【少陵】>野老。",
        "",
    ]
    names = "  ".join(
        f"{c} {'15%' if c in '<>' else '4%'}" for c in "<>杜甫，字子美，号"
    )
    assert lines[4:6] == [
        f"in passage   {names}",
        "written      少 51%  陵 51%  end 51%",
    ]
    assert lines[6:8] == ["", "passage   vote  no answer"]


def test_pieces_of_the_question_stand_in_a_row_of_their_own(ask):
    lines = shown(ask("-q", "<号>？", "-p", "号<少陵>", "--explain"))
    heads = [line.split()[:2] for line in lines if line.startswith("in ")]
    assert heads == [["in", "passage"], ["in", "question"]]
    assert any(line.startswith("in question  < ") for line in lines)


def test_json_has_every_piece_with_its_place(ask):
    (line,) = shown(ask(*ASK, "-p", SILENT, "-p", POET, "--explain", "--json"))
    saliency = json.loads(line)["saliency"]
    assert saliency.keys() == {"question", "passage", "written"}
    assert saliency["passage"][8] == {"text": "<", "start": 8, "weight": 0.1481}
    assert saliency["question"][2] == {"text": "号", "start": 2, "weight": 0.037}
    assert list(saliency["written"][0].values()) == ["少", 0.51, 0.25]
    (line,) = shown(ask(*ASK, "-p", SILENT, "--explain", "--json"))
    assert json.loads(line)["saliency"] is None
    (line,) = shown(ask(*ASK, "-p", POET, "--json"))
    assert "saliency" not in json.loads(line)


def test_without_the_graph_the_rest_is_told_with_a_note(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(Reader, "from_checkpoint", lambda *given: stub_reader())
    out = tmp_path / "why.html"
    result = ask(*ASK, "-p", POET, "--explain", "--html", out)
    assert "in passage" not in result.stdout and "【少陵】" in result.stdout
    assert result.exit_code == 0 and result.stderr.startswith("note: stub has no sal")
    assert "<mark>少陵</mark>" in out.read_text("utf-8")


# --- on a terminal


def test_a_character_stands_on_the_shade_of_its_saliency():
    text = "\n".join(terminal("什么？", [POET], 80))
    darkest = f"\x1b[48;5;{SHADES[-1]}m"
    assert f"{darkest}<\x1b[0m" in text and f"{darkest}>\x1b[0m" in text
    assert f"\x1b[48;5;{SHADES[2]}m字" in text  # a quarter of the most


@pytest.mark.parametrize(
    ("weight", "shade"), [(0.02, None), (0.03, 0), (0.12, 1), (0.26, 2), (0.7, 4)]
)
def test_shades_part_the_root_of_the_way_to_the_most_salient_in_six(weight, shade):
    asked, answer, found = told("什么？", [POET])
    pieces = (Piece("什", 0, 0.1), Piece("么", 1, weight / 10))
    rows = list(explained(asked, answer, Explanation(pieces, (), found.written), 80))
    first, second = (
        "" if n is None else f"\x1b[38;5;16m\x1b[48;5;{SHADES[n]}m" for n in (-1, shade)
    )
    assert rows[1] == f"{first}什\x1b[0m{second}么\x1b[0m"


def test_a_file_is_written_without_colours(ask, monkeypatch, tmp_path):
    monkeypatch.setattr("nlg.cli.qa_drawing.columns_of", lambda stream: 40)
    out = tmp_path / "answer.txt"
    ask(*ASK, "-p", POET, "--explain", "-o", out)
    assert "\x1b" not in out.read_text("utf-8") and "in passage" in out.read_text(
        "utf-8"
    )
    assert "saliency  less" in ask(*ASK, "-p", POET, "--explain").stdout


def test_the_answer_is_underlined_and_nothing_else():
    text = "\n".join(terminal("什么？", [POET], 80))
    underlined = re.findall("\x1b\\[4m(.)", text)
    assert "".join(underlined) == "少陵"


def test_rows_are_as_wide_as_the_terminal_and_no_wider():
    question, rows = "杜甫号什么？", terminal("杜甫号什么？", [POET + "a\n\x1bb"], 11)
    plain = [click.unstyle(row) for row in rows]
    end = next(n for n, row in enumerate(plain) if row.startswith("saliency"))
    assert max(map(width, plain[:end])) <= 11
    assert plain[:3] == ["", "杜甫号什么", "？"]
    drawn = "".join(plain[4:end])
    assert drawn == POET + "a  b" and question == "杜甫号什么？"


def test_the_whole_window_is_shown_and_no_more():
    rows = terminal("什么？", [SILENT * 9 + POET + SILENT * 9], 200)
    drawn = click.unstyle(rows[3])
    assert len(drawn) == 32 and "<少陵>" in drawn


def test_only_a_terminal_that_may_show_colours_has_columns(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert columns_of(Terminal()) == 77 and columns_of(io.StringIO()) is None
    monkeypatch.setenv("NO_COLOR", "1")
    assert columns_of(Terminal()) is None


# --- as a page


class Reading(html.parser.HTMLParser):
    """Text of a page, its titles, and proof that every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.spans, self.tags = [], "", [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes = dict(attributes)
        if tag == "span":
            self.spans.append([dict(attributes), ""])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data
        if self.open and self.open[-1] == "span":
            self.spans[-1][1] += data


def test_a_page_says_what_the_command_says(ask, tmp_path):
    out = tmp_path / "why.html"
    result = ask(
        *ASK, "-p", SILENT, "-p", POET, "-p", OTHER, "--html", out, "--top-k", 2
    )
    assert shown(result)[0].startswith("少陵")
    read = Reading(out.read_text("utf-8"))
    for said in (
        "杜甫号什么？",
        "少陵",
        "confidence 90.5%",
        "passage 3[5:9]",
        "青莲居士",
    ):
        assert said in read.text
    assert SILENT in read.text and "(end)" in read.text
    assert "".join(text for _, text in read.spans) == "杜甫号什么？" + POET


def test_a_span_tells_its_share_and_the_heaviest_is_the_darkest():
    read = Reading(page(*told(ASK[1], [POET])))
    titles = {text: attributes["title"] for attributes, text in read.spans}
    shades = {text: attributes["style"] for attributes, text in read.spans}
    assert (titles["<"], titles["字"]) == ("14.81%", "3.70%")
    assert (shades["<"], shades["字"]) == ("--w:0.80", "--w:0.40")


def test_the_answer_is_outlined_where_it_stands():
    text = page(*told(ASK[1], [POET]))
    (outlined,) = re.findall("<mark>(.*?)</mark>", text)
    assert re.sub("<[^>]*>", "", outlined) == "少陵"


def test_a_page_needs_nothing_else_and_knows_the_dark():
    text = page(*told(ASK[1], [POET]))
    assert '<html lang="zh">' in text and '<meta charset="utf-8">' in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|src=|href=|url\(|@import|https?:", text)


def test_what_was_typed_is_text_and_never_markup():
    bad = "\"'&<script>alert(1)</script>$x\x00\x1b"
    read = Reading(page(*told(bad, [f"{bad}号<少陵>{bad}", bad])))
    assert "script" not in read.tags
    assert read.text.count("<script>alert(1)</script>$x  ") == 7
    assert "\x00" not in page(*told(bad, [f"{bad}号<少陵>{bad}"]))


def test_no_answer_has_a_page_too(ask, tmp_path):
    out = tmp_path / "why.html"
    assert shown(ask(*ASK, "-p", SILENT, "--html", out)) == [""]
    read = Reading(out.read_text("utf-8"))
    assert "no answer" in read.text and SILENT in read.text and read.spans == []


def test_a_withheld_answer_is_among_the_others():
    asked, answer, found = told(ASK[1], [POET], threshold=0.95)
    read = Reading(page(asked, answer, found))
    assert found is None and "no answer" in read.text and "少陵" in read.text


def test_an_answer_that_stands_nowhere_is_not_outlined():
    asked, answer, found = told(ASK[1], [POET])
    text = page(asked, answer._replace(text="诗人", start=-1, end=-1), found)
    assert "<mark>" not in text and "诗人" in Reading(text).text


@pytest.mark.parametrize(
    "text", ["🙂", "国際", "李" * 2000, "e\u0301", "ａ１", "\u2028"]
)
def test_odd_texts_do_no_harm(ask, tmp_path, text):
    out = tmp_path / "why.html"
    result = ask("-q", f"{text}？", "-p", f"{text}号<少陵>{text}", "--html", out)
    assert result.exit_code == 0
    Reading(out.read_text("utf-8"))


# --- what cannot be


def test_a_page_that_cannot_be_written_is_one_line(ask, tmp_path):
    result = ask(*ASK, "-p", POET, "--html", tmp_path / "no" / "why.html")
    assert result.exit_code == 1 and result.stdout == "少陵\n"
    assert "why.html cannot be written" in result.stderr


def test_a_page_is_of_one_question(ask):
    result = ask("--input", "a.jsonl", "--html", "why.html")
    assert result.exit_code == 2 and "--html" in result.stderr
