"""Controls from any thread, awaiting, attaching and events; and the caller's loop is never held."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise

import pytest
from polars.testing import assert_frame_equal
from tests.support.openai_server import Plan, serve
from tests.unit.engine.growing import RESET, Model, comparable, seeds, until

import tilth
from tilth.engine.events import Changed, Sampled, Text
from tilth.engine.identity import IdentityMismatch
from tilth.engine.run import Run
from tilth.teacher import TeacherError

SEEDS = seeds(5)
ENOUGH = 40


def started(model: Model, budget: int = ENOUGH, concurrency: int = 4, **options: object) -> Run:
    teacher = tilth.Teacher(model, concurrency=concurrency)
    return tilth.start(SEEDS, "question-rephrase", budget, teacher=teacher, path="run.tilth", **options)


def in_a_thread(act: Callable[[], object]) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def test_pause_lets_calls_in_flight_finish_and_starts_none_until_resume() -> None:
    gate = threading.Event()
    model = Model(gate=gate, free=10)
    run = started(model)
    until(lambda: model.out == 4)
    in_a_thread(run.pause)
    until(lambda: run.status == "paused")
    calls = model.calls
    gate.set()
    until(lambda: run.progress.in_flight == 0)
    settled = run.progress.queries
    assert settled == model.completed == calls
    until(lambda: run.rows.height == run.progress.rows)
    assert (model.calls, run.progress.queries, run.status) == (calls, settled, "paused")
    in_a_thread(run.resume)
    run.wait()
    assert (run.status, run.progress.queries) == ("finished", ENOUGH)


def test_pause_right_after_start_holds_before_the_first_call() -> None:
    model = Model()
    run = started(model)
    run.pause()
    until(lambda: run.status == "paused")
    assert (model.calls, run.progress.in_flight) == (0, 0)
    run.resume()
    assert run.wait().progress.queries == ENOUGH


def test_stop_finishes_what_was_started_and_starts_no_more() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 1_000)
    until(lambda: model.calls == 1 and run.progress.reserved == 8)
    in_a_thread(run.stop)
    until(lambda: run.status == "stopping")
    model.gate.set()
    run.wait()
    assert (run.status, run.progress.reason) == ("stopped", "stopped by the user")
    assert (run.progress.queries, run.progress.rows, run.progress.in_doubt) == (8, 4, 0)
    assert run.rows["unit"].to_list() == [0, 1, 2, 3]


def test_stop_ends_a_paused_run() -> None:
    run = started(Model())
    run.pause()
    until(lambda: run.status == "paused")
    run.stop()
    assert run.wait(20).status == "stopped"


@pytest.mark.parametrize("control", ["stop", "abort"])
def test_a_control_right_after_start_is_not_lost(control: str) -> None:
    run = started(Model(gate=threading.Event()), 10**6)
    getattr(run, control)()
    if control == "stop":  # the one call that may have started needs its reply
        run.abort()
    run.wait(20)
    assert run.status in {"stopped", "aborted"}
    assert tilth.open_run("run.tilth").status == run.status


def test_abort_is_immediate_flushes_and_resumes() -> None:
    model = Model(gate=threading.Event(), free=20)
    run = started(model, 60)
    until(lambda: model.out == 4)
    for _ in range(3):  # more than once does no harm
        in_a_thread(run.abort)
    run.wait(20)
    assert run.status == "aborted"
    assert (run.progress.in_doubt, run.progress.reserved) == (4, 0)
    assert run.progress.queries == model.completed + 4
    rows = run.rows
    resumed = tilth.generate_sync(
        SEEDS, "question-rephrase", 64, teacher=tilth.Teacher(Model()), path="run.tilth"
    )
    assert resumed.progress.in_doubt == 4
    teacher = tilth.Teacher(Model())
    plain = tilth.generate_sync(SEEDS, "question-rephrase", 60, teacher=teacher, path="plain.tilth")
    assert_frame_equal(comparable(resumed.rows), comparable(plain.rows))
    assert resumed.rows.join(rows, on="row_id", how="semi").height == rows.height, "no row was lost"


def test_wait_gives_up_after_its_timeout_and_the_run_goes_on() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 4)
    assert run.wait(0.01) is run
    assert run.status == "running"
    model.gate.set()
    assert run.wait().status == "finished"


def test_controls_of_a_run_that_is_over_do_nothing() -> None:
    run = started(Model(), 4)
    run.wait()
    for act in (run.pause, run.resume, run.stop, run.abort):
        act()
    opened = tilth.open_run("run.tilth")
    opened.abort()
    assert run.wait().status == opened.wait().status == "finished"


# -- await ------------------------------------------------------------------------------------------------


async def test_a_cancelled_await_aborts_flushes_and_raises() -> None:
    model = Model(gate=threading.Event())
    teacher = tilth.Teacher(model)
    waiting = asyncio.create_task(
        tilth.generate(SEEDS, "question-rephrase", 40, teacher=teacher, path="run.tilth")
    )
    await asyncio.to_thread(until, lambda: model.out == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    left = tilth.open_run("run.tilth")
    assert (left.status, left.progress.in_doubt) == ("aborted", 1)
    assert set(os.listdir()) <= {"run.tilth", ".run.tilth.lock"}, "closed, not just left"  # noqa: PTH208


async def test_an_await_cancelled_while_it_starts_leaves_no_run_at_work() -> None:
    model = Model(gate=threading.Event())
    waiting = asyncio.create_task(
        tilth.generate(SEEDS, "question-rephrase", 40, teacher=tilth.Teacher(model), path="run.tilth")
    )
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert model.out == 0
    if "run.tilth" in os.listdir():  # noqa: PTH208
        assert tilth.open_run("run.tilth").status == "aborted"


async def test_a_run_can_be_awaited_again_and_again() -> None:
    run = started(Model(), 4)
    assert await run is run
    assert (await run).status == "finished"
    assert (await tilth.open_run("run.tilth")).rows.height == 2


async def test_an_awaited_run_raises_what_it_failed_of() -> None:
    async def broken(messages: object) -> str:
        raise RuntimeError("no such model here")

    run = tilth.start(SEEDS, "question-rephrase", 4, teacher=tilth.Teacher(broken))
    with pytest.raises(TeacherError, match="no such model here"):
        await run
    assert run.status == "failed"
    assert isinstance(run.error, TeacherError)


async def heartbeat(beats: list[float]) -> None:
    before = time.perf_counter()
    while True:
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        beats.append(now - before - 0.005)
        before = now


async def test_the_callers_loop_is_never_held(record_property: Callable[[str, object], None]) -> None:
    many = seeds(200)
    with serve(plan=Plan(latency=0.002)) as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url, concurrency=16)
        await tilth.generate(many, "new-question", 4, teacher=teacher, path="warm.tilth")  # imports are done
        held: list[float] = []
        for attempt in range(5):  # another process may hold both cores: the best of five is ours
            beats: list[float] = []
            beating = asyncio.create_task(heartbeat(beats))
            await asyncio.sleep(0.02)
            run = tilth.start(many, "new-question", 200, teacher=teacher, path=f"a{attempt}.tilth")
            await tilth.generate(many, "answer-augmentation", 100, teacher=teacher, path=f"b{attempt}.tilth")
            await run
            beating.cancel()
            held.append(max(beats))
            if held[-1] < 0.05:
                break
    record_property("longest hold, seconds", min(held))
    print(f"longest hold of the caller's loop: {min(held) * 1e3:.1f} ms")  # noqa: T201
    assert min(held) < 0.05, f"the loop was held for {min(held):.3f} s"


# -- attaching --------------------------------------------------------------------------------------------


def test_a_second_start_on_the_path_joins_the_run() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    joined = started(Model(), 8)
    assert joined is run
    assert tilth.open_run("run.tilth") is run
    model.gate.set()
    assert run.wait().progress.queries == 8


def test_a_second_start_with_another_budget_sets_the_limit() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    assert started(Model(), 20) is run
    assert run.budget == tilth.Budget(queries=20)
    model.gate.set()
    assert run.wait().progress.queries == 20 == model.completed
    assert tilth.open_run("run.tilth").budget == tilth.Budget(queries=20)


def test_a_budget_raised_again_and_again_is_never_lost() -> None:
    """Raises meet the run at work, at its end and after it."""
    model = Model()
    budget = 4
    run = started(model, budget)
    for _ in range(40):
        budget += 2
        run = started(model, budget)
        if budget % 3 == 0:
            while run.status != "finished" and run.progress.queries < budget - 2:
                run.wait(0.001)
    run.wait()
    assert run.status == "finished"
    assert run.progress.queries == budget == model.completed
    assert run.rows["unit"].to_list() == list(range(budget // 2))


def test_a_budget_raised_while_the_run_is_ending_is_not_lost() -> None:
    """Somebody reads the file, so closing it takes a while; the run is neither at work nor over then."""
    gate, model = threading.Event(), Model()
    run = started(Model(gate=gate), 8)
    with closing(sqlite3.connect("file:run.tilth?mode=ro", uri=True, check_same_thread=False)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM runs").fetchall()
        gate.set()
        until(lambda: tilth.open_run("run.tilth").progress.queries == 8 and stored_status() == "finished")
        assert run.status == "running"
        raised: list[Run] = []
        raising = threading.Thread(target=lambda: raised.append(started(model, 20)))
        raising.start()
        reader.execute("COMMIT")
        raising.join()
    assert raised[0].wait().progress.queries == 20
    assert model.completed == 12


def stored_status() -> str:
    with closing(sqlite3.connect("file:run.tilth?mode=ro", uri=True)) as file:
        return str(file.execute("SELECT status FROM runs").fetchone()[0])


def test_a_budget_raised_when_it_had_just_fallen_short_goes_on_with_the_open_unit() -> None:
    """Unit 1 is in doubt and does not fit again, unit 2 is still at work when the budget is raised."""
    gates = {number: threading.Event() for number in (2, 3)}

    class Held(Model):
        def holding(self, number: int) -> threading.Event | None:
            return gates.get(number)

    model = Held(fault=lambda key, attempt, number: RESET if number == 2 else None)
    teacher = tilth.Teacher(model, concurrency=2)
    run = tilth.start(SEEDS, "answer-augmentation", 3, teacher=teacher, path="run.tilth")
    until(lambda: model.out == 2 and run.progress.queries == 1)
    gates[2].set()
    until(lambda: run.progress.in_doubt == 1 and run.progress.reserved == 1)
    assert tilth.start(SEEDS, "answer-augmentation", 6, teacher=teacher, path="run.tilth") is run
    gates[3].set()
    run.wait()
    assert (run.status, run.progress.queries, run.progress.in_doubt) == ("finished", 6, 1)
    assert run.rows["unit"].to_list() == [0, 1, 2, 3, 4]


def test_another_run_on_a_live_path_is_refused_and_the_first_goes_on() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 8)
    with pytest.raises(IdentityMismatch, match="random_state"):
        started(Model(), 8, random_state=1)
    model.gate.set()
    assert run.wait().progress.queries == 8


# -- events -----------------------------------------------------------------------------------------------


def test_events_tell_every_change_and_every_arrival() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 12)
    subscription = run.subscribe()
    late = run.subscribe()
    model.gate.set()
    run.wait()
    events = subscription.drain()
    arrivals = [e.arrival for e in events if isinstance(e, Sampled)]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] == run.samples().get_column("arrival").max() == 6
    assert [e.status for e in events if isinstance(e, Changed)][-1] == "finished"
    assert not any(isinstance(e, Text) for e in events)
    assert late.drain() == events
    assert subscription.drain() == []
    assert not subscription.wait(0)


def test_a_subscriber_that_lags_loses_events_but_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.engine.events._KEPT", 5)
    model = Model(gate=threading.Event())
    run = started(model, 40)
    subscription = run.subscribe()
    model.gate.set()
    run.wait()
    assert len(subscription.drain()) == 5
    seen, after = [], 0
    while (page := run.samples(after=after, limit=7)).height:
        seen += page["row_id"].to_list()
        after = page["arrival"][-1]
    assert len(seen) == len(set(seen)) == 20
    assert set(seen) == set(run.rows["row_id"])


def test_a_closed_subscription_hears_nothing() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 4)
    subscription = run.subscribe()
    subscription.close()
    subscription.drain()
    model.gate.set()
    run.wait()
    assert subscription.drain() == []


def test_samples_are_filtered_by_verdict_and_text() -> None:
    run = started(Model(), 40).wait()
    accepted = run.samples(verdicts=["accepted"])
    assert 0 < accepted.height < run.samples().height == 20
    assert set(accepted["verdict"]) == {"accepted"}
    some = run.samples(contains="ARE 3 AND")
    assert 0 < some.height < 20
    assert all("are 3 and" in q for q in some["question"])
    assert run.samples(verdicts=[]).height == 0


def test_text_is_streamed_only_where_wanted_and_of_one_call_at_a_time() -> None:
    with serve(plan=Plan(stream_pause=0.002)) as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url, concurrency=8)
        run = tilth.start(SEEDS, "new-question", 60, teacher=teacher, path="run.tilth")
        watching, other = run.subscribe(), run.subscribe()
        run.pause()
        watching.text = True
        run.resume()
        run.wait()
        texts = [e for e in watching.drain() if isinstance(e, Text)]
        assert not any(isinstance(e, Text) for e in other.drain())
        streamed = server.books()
    assert streamed["completed"] == 60
    assert texts
    calls: list[list[Text]] = [[]]
    for text in texts:
        calls[-1].append(text)
        if text.done:
            calls.append([])
    assert calls.pop() == [], "every call that was shown was shown to its end"
    assert len(calls) > 1
    for call in calls:
        assert len({(t.unit, t.purpose) for t in call}) == 1, "one call at a time"
        assert all(later.text.startswith(earlier.text) for earlier, later in pairwise(call))
        unit = call[0].unit
        exchanges = run.detail(f"{run.id}:{unit}:0")["exchanges"]
        assert call[-1].text in {e["reply"] for e in exchanges}, "the text so far, no more and no less"


def test_nothing_is_streamed_where_nobody_looks() -> None:
    with serve() as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url)
        run = tilth.start(SEEDS, "new-question", 6, teacher=teacher)
        subscription = run.subscribe()
        run.wait()
        assert not any(body.get("stream") for body in server.books()["bodies"])
    assert not any(isinstance(e, Text) for e in subscription.drain())
