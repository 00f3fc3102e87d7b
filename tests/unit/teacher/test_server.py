"""The test server itself: its replies are a function of what it is asked, and its books are true."""

from __future__ import annotations

import asyncio
import time

from tests.support.openai_server import Fault

from tilth.seeds import Seed
from tilth.tasks import get
from tilth.teacher import CallError, Teacher


def calls(server, prompts, **settings):
    teacher = Teacher("test-model", base_url=server.base_url, **settings)

    async def main():
        async with teacher.open() as endpoint:
            started = [
                endpoint.complete(teacher.request(prompt), max_tokens=500, sampling_seed=seed)
                for prompt, seed in prompts
            ]
            return await asyncio.gather(*started, return_exceptions=True)

    return asyncio.run(main())


def test_replies_depend_on_messages_and_seed_alone(ask, behave):
    prompts = [(ask("Why?"), 1), (ask("Why?"), 2), (ask("How?"), 1)]
    first = [reply.text for reply in calls(behave(), prompts)]
    again = [reply.text for reply in calls(behave(), list(reversed(prompts)))]
    assert first == list(reversed(again))
    assert len(set(first)) == 3


def test_the_tasks_own_prompts_are_understood(behave):
    task, seed = get("numeric"), Seed("s", 0, "What?", "18")
    answered, rephrased, new = calls(behave(), [(task.answer("What?"), 1), (task.rephrase(seed), 1),
                                                (task.write_new_question(seed), 1)])  # fmt: skip
    question = task.rephrase(seed).read(rephrased.text)
    assert question != "What?"
    (again,) = calls(behave(), [(task.answer(question), 3)])
    assert answered.text == again.text == "It is nine and nine.\n#### 18"
    assert task.write_new_question(seed).read(new.text) not in ("What?", question)


def test_faults_come_where_they_are_planned(ask, behave):
    server = behave(
        faults=(Fault("500", questions=(0,), first=2), Fault("429", calls=(4,)), Fault("503", after=5))
    )
    kinds = []
    for _ in range(7):
        (outcome,) = calls(server, [(ask("What?"), 1)])
        kinds.append(outcome.status if isinstance(outcome, CallError) else 200)
    assert kinds == [500, 500, 200, 429, 200, 503, 503]
    books = server.books()
    assert books["statuses"] == {"500": 2, "200": 2, "429": 1, "503": 2}
    assert books["questions"]["What?"] == {"received": 7, "billed": 2, "completed": 2}


def test_a_share_of_calls_fails_the_same_way_each_time(ask, behave):
    def failing():
        server = behave(faults=(Fault("500", probability=0.3, draw=5),))
        outcomes = calls(server, [(ask("What?"), n) for n in range(40)])
        return sum(isinstance(outcome, CallError) for outcome in outcomes)

    first = failing()
    assert 4 < first < 22
    assert failing() == first


def test_the_bucket_lets_its_rate_through_and_asks_for_a_second(ask, behave):
    server = behave(rate=5.0, burst=10)
    outcomes = calls(server, [(ask("What?"), n) for n in range(30)])
    refused = [outcome for outcome in outcomes if isinstance(outcome, CallError)]
    assert 18 <= len(refused) <= 20
    assert {(error.status, error.retry_after) for error in refused} == {(429, 1.0)}


def test_latency_and_calls_in_flight_are_as_planned(ask, behave):
    server = behave(latency=(1.0, 1.2))  # so long that all twelve are out before the first is answered
    started = time.perf_counter()
    calls(server, [(ask("What?"), n) for n in range(12)])
    assert time.perf_counter() - started >= 1.0
    assert server.books()["most_in_flight"] == 12


def test_a_client_that_hangs_up_is_billed_and_lost(ask, behave):
    server = behave(latency=2.0)
    (outcome,) = calls(server, [(ask("What?"), 1)], timeout=1.0)
    assert outcome.in_doubt
    deadline = time.monotonic() + 60
    while not server.books()["billed"]:
        assert time.monotonic() < deadline
    books = server.books()
    assert (books["billed"], books["completed"], books["lost"]) == (1, 0, 1)
