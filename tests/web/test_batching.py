"""The queue of a model, without HTTP: who is answered with whom, and who is not."""

import asyncio
import threading

import pytest

from nlg.errors import OptionError
from nlg.web.batching import Batcher, Busy, Call

LONG = 900.0


def run(scenario, *arguments):
    return asyncio.run(asyncio.wait_for(scenario(*arguments), LONG))


async def result_of(call):
    return [result async for result in call.results()]


def doubling(batches):
    def answer(calls):
        batches.append([call.body for call in calls])
        for call in calls:
            call.emit(2 * call.body)

    return answer


async def asked(batcher, bodies):
    calls = [Call(body, LONG) for body in bodies]
    for call in calls:
        batcher.submit(call)
    batcher.start()
    found = await asyncio.gather(*map(result_of, calls))
    await batcher.stop()
    return found


def test_what_waits_is_answered_together_and_each_gets_its_own():
    batches = []
    found = run(asked, Batcher(doubling(batches), 9, most=3), [1, 2, 3, 4])
    assert found == [[2], [4], [6], [8]]
    assert batches == [[1, 2, 3], [4]]


def test_only_calls_of_one_kind_are_answered_together_and_the_first_comes_first():
    batches = []
    batcher = Batcher(doubling(batches), 9, kind_of=lambda body: body % 2, most=9)
    found = run(asked, batcher, [1, 2, 3, 4, 5])
    assert found == [[2], [4], [6], [8], [10]]
    assert batches == [[1, 3, 5], [2, 4]]


def test_a_batch_of_one_answers_each_by_itself():
    batches, sizes = [], []
    run(asked, Batcher(doubling(batches), 9, most=1, watch=sizes.append), [1, 2])
    assert batches == [[1], [2]] and sizes == [1, 1]


def test_a_full_queue_refuses_and_stays_as_long_as_it_was():
    async def scenario():
        batcher = Batcher(doubling([]), limit=2)
        for body in (1, 2):
            batcher.submit(Call(body, LONG))
        with pytest.raises(Busy, match="2 requests wait already"):
            batcher.submit(Call(3, LONG))
        return batcher.waiting

    assert run(scenario) == 2


def test_who_is_late_or_has_gone_is_not_begun():
    async def scenario():
        batches = []
        batcher = Batcher(doubling(batches), 9, most=9)
        late, gone, patient = Call(1, 0.0), Call(2, LONG), Call(3, LONG)
        gone.leave()
        for call in (late, gone, patient):
            batcher.submit(call)
        batcher.start()
        assert await result_of(patient) == [6]
        with pytest.raises(Busy, match="no answer within 0 seconds"):
            await result_of(late)
        await batcher.stop()
        return batches

    assert run(scenario) == [[3]]


def test_a_call_that_is_over_stops_before_its_next_result():
    async def scenario():
        taken, gone = threading.Event(), threading.Event()
        given = []

        def answer(calls):
            for number in range(1000):
                calls[0].emit(number)
                given.append(number)
                taken.set()
                assert gone.wait(LONG)

        batcher = Batcher(answer, 9)
        call = Call(None, LONG)
        batcher.submit(call)
        batcher.start()
        await asyncio.to_thread(taken.wait, LONG)
        call.leave()
        gone.set()
        free = Call(None, LONG)  # the thread is free for it
        batcher.submit(free)
        results = free.results()
        first = await anext(results)
        await results.aclose()
        await batcher.stop()
        return first, given

    first, given = run(scenario)
    assert first == 0 and given[0] == 0
    assert given.count(1) <= 1  # the first call got no second result


def test_an_error_reaches_those_who_have_no_answer_yet():
    def answer(calls):
        calls[0].emit("fine")
        calls[0].end()
        raise OptionError("no such form")

    async def scenario():
        batcher = Batcher(answer, 9, most=2)
        good, bad = Call(1, LONG), Call(2, LONG)
        batcher.submit(good)
        batcher.submit(bad)
        batcher.start()
        assert await result_of(good) == ["fine"]
        with pytest.raises(OptionError, match="no such form"):
            await result_of(bad)
        await batcher.stop()

    run(scenario)


def test_results_that_were_given_before_an_error_are_taken_first():
    def answer(calls):
        calls[0].emit("a line")
        raise OptionError("no other")

    async def scenario():
        batcher = Batcher(answer, 9)
        call = Call(1, LONG)
        batcher.submit(call)
        batcher.start()
        results = call.results()
        assert await anext(results) == "a line"
        with pytest.raises(OptionError):
            await anext(results)
        await batcher.stop()

    run(scenario)
