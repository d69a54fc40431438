import io
import sys

import pytest

from nlg import progress_bar as plain
from nlg.training import progress_bar as bar
from nlg.training.progress_bar import (
    counted,
    in_words,
    progress_bar,
    taking,
    time_left,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose last entry is the time in seconds."""
    seconds = [0.0]
    monkeypatch.setattr(bar.time, "monotonic", lambda: seconds[-1])
    return seconds


def test_terminal_shows_place_time_left_and_scores(monkeypatch, clock):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar(steps=100, begun=0) as show:
        clock.append(30.0)
        show(10, {"loss": 2.5, "tokens_per_second": 3370.4})
        text = sys.stderr.getvalue()
    # 3 s a step, 90 steps to go
    assert "10/100" in text and "0:04:30 left" in text
    assert "loss 2.5" in text and "tokens_per_second 3,370" in text


def test_steps_of_an_earlier_process_say_nothing_about_the_time_left(
    monkeypatch, clock
):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar(steps=6000, begun=5000) as show:
        clock.append(10.0)
        show(5010, {})
        text = sys.stderr.getvalue()
    assert "5010/6000" in text and "0:16:30 left" in text  # 990 steps of a second


def test_what_is_no_terminal_gets_a_plain_line_every_thirty_seconds(monkeypatch, clock):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar(steps=6000, begun=5000) as show:
        for step in range(5001, 5008):
            clock.append(clock[-1] + 10.0)
            show(step, {"loss": 2.5, "tokens_per_second": 3370.4})
    assert sys.stderr.getvalue().splitlines() == [
        f"training: {step:,} of 6,000 steps, {left} left, "
        "loss 2.5  tokens_per_second 3,370"
        for step, left in ((5003, "2:46:10"), (5006, "2:45:40"))  # 10 s a step
    ]


def test_of_several_processes_the_first_alone_tells(monkeypatch, capsys):
    monkeypatch.setattr(bar, "is_first", lambda: False)
    monkeypatch.setattr(plain, "SECONDS", 0)
    with progress_bar(steps=3, begun=0) as show, taking("measuring"):
        show(1, {"loss": 1.0})
    assert capsys.readouterr().err == ""


def test_what_passes_is_counted_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    passed = counted(iter("春眠"), "reading", 2)
    assert list(passed) == ["春", "眠"]
    assert "reading" in sys.stderr.getvalue() and "2/2" in sys.stderr.getvalue()


def test_what_passes_elsewhere_passes_in_silence(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(counted(iter("春眠"), "reading")) == ["春", "眠"]
    assert sys.stderr.getvalue() == ""


def test_time_left_of_the_first_moment_is_a_time():
    assert time_left(0.0, 0, 100) == "0:00:00"
    assert time_left(86400.0, 1, 2) == "2 days, 0:00:00"


def test_scores_are_short():
    assert in_words({"loss": 0.000123456, "x": 12.34567}) == "loss 0.0001235  x 12.35"
