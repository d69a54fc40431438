"""One object of the public API may be asked from several threads at once."""

import concurrent.futures
import threading

import pytest

import nlg

THREADS = 6
LINES = ("晚风摇树树还挺", "海阔凭鱼跃", "春风又绿江南岸", "天", "明月松间照", "江水")


def reply(couplets, number):
    """Answer a line, drawn with a seed of its own, with all there is to say of it."""
    return couplets.reply(
        LINES[number % len(LINES)],
        temperature=1.0,
        seed=number,
        scroll=True,
        explain=True,
    )


def review(reviewer, number):
    name = ("positive", "negative")[number % 2]
    return list(reviewer.write(name, "房间", seed=number, max_length=24))


def sample(poet, number):
    """Write a random poem in the form of this thread."""
    return list(poet.write(("五绝", "七律")[number % 2], seed=number))


def compose(composer, number):
    return list(composer.write(theme=("秋思", "春江")[number % 2], seed=number))


def answer(reader, number):
    """Ask a question about a passage whose number only this thread has."""
    passage = f"这条江全长{number + 1}300公里，发源于青藏高原。"
    return reader.answer("这条江有多长？", [passage], top_k=2)


ASKED = {
    "Poet": sample,
    "Composer": compose,
    "Couplets": reply,
    "Reader": answer,
    "Reviewer": review,
}


@pytest.mark.parametrize("name", ASKED)
def test_threads_get_what_each_would_get_alone(name):
    ask, make = ASKED[name], getattr(nlg, name)
    shared, begin = make(), threading.Barrier(THREADS)

    def from_thread(number):
        begin.wait()  # so that all of them find nothing loaded
        return ask(shared, number)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(from_thread, range(THREADS)))
    alone = make()
    assert together == [ask(alone, number) for number in range(THREADS)]
    assert len(set(map(repr, together))) == THREADS
