import gzip
import json
import math

import pytest

from nlg.couplet import evaluate
from nlg.couplet.evaluate import (
    human_report,
    load_second_lines,
    model_report,
    perplexity,
    system_report,
)
from nlg.couplet.responder import ReplyOptions
from nlg.errors import DataError
from nlg.metrics.couplets import couplet_report
from nlg.text.couplets import Couplet

COUPLETS = [
    Couplet("晚风摇树树还挺", "晨露润花花更红"),
    Couplet("雨过溪桥，荷风送晚", "云归山寺，竹露敲秋"),
]
LINES = [couplet.second_line for couplet in COUPLETS]


@pytest.fixture
def file(tmp_path):
    """Write `content` and return the path."""

    def file(content):
        path = tmp_path / "theirs"
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return path

    return file


def test_human_lines_are_measured_without_a_reference():
    report = human_report(COUPLETS)
    assert report["couplets"] == 2 and report["clean"] == 1.0
    assert report["bleu"] is None


def test_the_answers_of_a_system_are_measured_against_the_human_ones():
    mixed = [LINES[1], LINES[0]]
    firsts = [couplet.first_line for couplet in COUPLETS]
    assert system_report(COUPLETS, mixed) == couplet_report(firsts, mixed, LINES)
    assert system_report(COUPLETS, LINES)["bleu"] == pytest.approx(1)


def test_the_model_is_measured_by_its_best_answers(responder):
    couplets = [*COUPLETS, Couplet("春风", "秋月")]
    answers = [responder.reply(first)[0].second_line for first, _ in couplets]
    report = model_report(couplets, responder)
    human = report.pop("perplexity")
    assert report == system_report(couplets, answers)
    assert human == perplexity(couplets, responder)


def test_the_model_is_measured_as_it_is_told_to_answer(responder):
    free = ReplyOptions(rules=("marks",), keep="晨______")
    report = model_report(COUPLETS[:1], responder, free)
    wanted = [responder.reply(COUPLETS[0].first_line, free)[0].second_line]
    assert report.items() >= system_report(COUPLETS[:1], wanted).items()


def test_a_line_that_cannot_be_answered_counts_as_an_empty_answer(responder):
    couplets = [COUPLETS[0], Couplet("春" * 70, "秋" * 70), Couplet("，", "。")]
    best = responder.reply(COUPLETS[0].first_line)[0].second_line
    report = model_report(couplets, responder)
    assert report.items() >= system_report(couplets, [best, "", ""]).items()


@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_perplexity_is_that_of_a_plain_loop_over_characters(
    responder, monkeypatch, at_once
):
    monkeypatch.setattr(evaluate, "AT_ONCE", at_once)
    couplets = [
        *COUPLETS,
        Couplet("春风", "秋月"),
        Couplet("山高", "水长"),
        COUPLETS[0],
    ]
    nats = []
    for first, second in couplets:
        (log_probs,) = responder.judge([(first, second)]).log_probs
        pairs = zip(second, log_probs.tolist(), strict=True)
        nats += [-log_prob for character, log_prob in pairs if character not in "，、"]
    assert len(nats) == 7 + 8 + 2 + 2 + 7
    mean = sum(nats) / len(nats)
    assert perplexity(couplets, responder) == pytest.approx(math.exp(mean), rel=1e-3)


@pytest.mark.parametrize(
    "couplet", [Couplet("春" * 65, "秋" * 65), Couplet("，", "，"), Couplet("", "")]
)
def test_lines_that_no_model_could_write_have_no_perplexity(responder, couplet):
    assert perplexity([couplet], responder) is None
    both = perplexity([couplet, COUPLETS[0]], responder)
    assert both == pytest.approx(perplexity(COUPLETS[:1], responder), rel=1e-4)


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(LINES),
        "\n".join(LINES) + "\n",
        "\r\n".join(LINES) + "\r\n",
        "\n".join(map(" ".join, LINES)),
        "\ufeff" + "\n".join(LINES),
        gzip.compress("\n".join(LINES).encode()),
        "".join(json.dumps({"second_line": line, "score": 1}) + "\n" for line in LINES),
    ],
    ids=["lines", "last end", "Windows", "spaced", "mark of order", "gzip", "JSON"],
)
def test_second_lines_are_read_as_systems_write_them(file, content):
    assert load_second_lines(file(content), 2) == LINES


def test_an_empty_line_is_an_empty_answer(file):
    assert load_second_lines(file("\n春风\n\n"), 3) == ["", "春风", ""]


@pytest.mark.parametrize(
    ("content", "found"), [("", 0), ("春风", 1), ("春\n风\n雨", 3)]
)
def test_another_count_is_told_with_both_numbers(file, content, found):
    with pytest.raises(DataError, match=f"theirs: {found} second lines for 2 couplets"):
        load_second_lines(file(content), 2)


def test_signs_that_end_lines_elsewhere_do_not_here(file):
    assert len(load_second_lines(file("春\u2028风\x0b\n雨"), 2)) == 2


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("{oops", "theirs:2: not JSON"),
        ("[]", "theirs:2: no JSON object with a string under second_line"),
        ('{"second_line": 1}', "theirs:2: no JSON object with a string"),
        ('{"first_line": "春"}', "theirs:2: no JSON object with a string"),
        ("", "theirs:2: not JSON"),
    ],
)
def test_a_bad_record_is_named_with_its_line(file, second, reason):
    content = json.dumps({"second_line": "春风"}) + f"\n{second}\n"
    with pytest.raises(DataError, match=reason):
        load_second_lines(file(content), 2)


@pytest.mark.parametrize(
    "content", ["春风".encode("gbk"), gzip.compress(b"spring")[:-9]], ids=["gbk", "cut"]
)
def test_a_file_that_is_no_text_is_told(file, content):
    with pytest.raises(DataError, match="theirs cannot be read"):
        load_second_lines(file(content), 1)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"nowhere cannot be read: .*No such file"):
        load_second_lines(tmp_path / "nowhere", 1)
