import itertools
import threading
import types

import pytest

from nlg import progress_bar
from nlg.progress_bar import counted, meter, taking


def test_plain_line_is_written_now_and_then_where_nobody_watches(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress_bar.time, "monotonic", lambda: next(clock))
    assert list(counted("春夏秋冬" * 2, "counting")) == list("春夏秋冬" * 2)
    # Items come at 10, 20, … 80 seconds; those at 30 and 60 have waited long enough.
    assert capsys.readouterr().err.splitlines() == [
        "counting: 2 of 8, 0.1 a second, 2 min left",
        "counting: 5 of 8, 0.1 a second, 1 min left",
    ]


def test_short_work_and_hidden_work_say_nothing(monkeypatch, capsys):
    assert list(counted(range(3), "counting")) == [0, 1, 2]
    monkeypatch.setattr(progress_bar, "SECONDS", 0)
    assert list(counted(range(3), "counting", hidden=True)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.fixture
def waits(monkeypatch):
    """Let whoever waits for an event see two times of 30 s pass, and then the event."""

    class Waits:
        def __init__(self):
            self.turn = itertools.count()

        def wait(self, seconds):
            assert seconds == 30
            return next(self.turn) == 2

        def set(self):
            """Two times have passed whatever is done."""

    own = types.SimpleNamespace(Event=Waits, Thread=threading.Thread)
    monkeypatch.setattr(progress_bar, "threading", own)


def test_what_has_no_parts_tells_every_thirty_seconds_that_it_goes_on(waits, capsys):
    with taking("exporting"):
        pass
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["exporting: 0:00:00 so far"] * 2


def test_what_fails_is_raised_and_nothing_more_is_told(waits, capsys):
    with pytest.raises(KeyError), taking("exporting", hidden=True):
        raise KeyError
    assert capsys.readouterr().err == ""


def test_items_that_pass_together_are_counted_together(monkeypatch, capsys):
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr(progress_bar.time, "monotonic", lambda: next(clock))
    with meter("answering", 1000) as passed:
        for count in (100, 100, 300):
            passed(count)
    # Told at 20, 40 and 60 seconds; the second has waited long enough.
    assert capsys.readouterr().err == (
        "answering: 200 of 1,000, 5.0 a second, 3 min left\n"
    )
