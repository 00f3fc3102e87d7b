"""Controls from any thread, and awaiting; and the caller's loop is never held."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

import pytest
from polars.testing import assert_frame_equal
from tests.support.other_process import elsewhere
from tests.unit.engine.growing import ENOUGH, SEEDS, Model, comparable, started, until
from tests.unit.engine.processes import program

import tilth
from tilth.errors import TeacherError
from tilth.strategies.answer_augmentation import AnswerAugmentation
from tilth.strategies.base import Ask, Candidate, Unit
from tilth.tasks.base import Task


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


def test_a_pause_before_the_first_call_holds_it() -> None:
    growing, go_on, asked_long_ago = (threading.Event() for _ in range(3))

    def after(turns: int) -> None:
        """Tells after so many turns of the run's loop."""
        if turns:
            asyncio.get_running_loop().call_soon(after, turns - 1)
        else:
            asked_long_ago.set()

    class Waiting(AnswerAugmentation):
        """Asks only when it is told to."""

        name = "test-waiting"

        async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
            growing.set()
            while not go_on.is_set():  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(0.001)
            after(100)
            async for candidate in super().grow(unit, ask, task):
                yield candidate

    model = Model()
    run = tilth.start(SEEDS, Waiting(), ENOUGH, teacher=tilth.Teacher(model), path="run.tilth")
    assert growing.wait(120)
    run.pause()
    go_on.set()
    assert asked_long_ago.wait(120)
    assert (model.calls, run.progress.in_flight, run.status) == (0, 0, "paused")
    run.resume()
    assert run.wait().progress.queries == ENOUGH


def test_stop_finishes_what_was_started_and_starts_no_more() -> None:
    model = Model(gate=threading.Event(), free=4)
    run = started(model, 1_000)
    until(lambda: model.out == 4)
    asked = model.calls
    in_a_thread(run.stop)
    until(lambda: run.status == "stopping")
    model.gate.set()
    run.wait()
    assert (run.status, run.progress.reason) == ("stopped", "stopped by the user")
    progress = run.progress
    assert (progress.queries, progress.in_doubt, progress.rowless) == (2 * progress.rows, 0, 0), "whole units"
    assert model.calls <= asked + 4, "each unit with a reply, or with a call out, has one more at most"


def test_a_unit_that_was_not_asked_for_yet_is_left_by_a_stop_and_grown_later() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 16)
    until(lambda: model.calls == 1 and run.progress.reserved == 8)
    run.stop()
    until(lambda: run.status == "stopping")
    model.gate.set()
    run.wait()
    assert (run.progress.queries, run.progress.rows, run.progress.reserved) == (2, 1, 0)
    assert run.rows["unit"].to_list() == [0]
    again = started(Model(), 16).wait()
    assert again.rows["unit"].to_list() == list(range(8))


def test_a_stop_does_not_wait_for_an_endpoint_that_only_fails() -> None:
    def fault(key: str, attempt: int, number: int) -> None:
        if number > 6:
            raise ConnectionResetError

    run = started(Model(fault=fault), 1_000)
    until(lambda: run.progress.waiting is not None or run.status == "waiting")
    run.stop()
    run.wait()
    assert (run.status, run.progress.reason) == ("stopped", "stopped by the user")
    assert run.progress.reserved == 0
    assert started(Model(), 1_000).wait().status == "finished"


def test_stop_ends_a_paused_run() -> None:
    gate = threading.Event()
    run = started(Model(gate=gate))
    run.pause()
    until(lambda: run.status == "paused")
    run.stop()
    gate.set()
    assert run.wait().status == "stopped"


@pytest.mark.parametrize("control", ["stop", "abort"])
def test_a_control_right_after_start_is_not_lost(control: str) -> None:
    model = Model(gate=threading.Event())
    run = started(model, 10**6)
    getattr(run, control)()
    if control == "stop":  # what may have started needs its reply
        model.gate.set()
    run.wait()
    assert run.status == {"stop": "stopped", "abort": "aborted"}[control]
    assert tilth.open_run("run.tilth").status == run.status


def test_abort_is_immediate_flushes_and_resumes() -> None:
    model = Model(gate=threading.Event(), free=20)
    run = started(model, 60)
    until(lambda: model.out == 4)
    for _ in range(3):  # more than once does no harm
        in_a_thread(run.abort)
    run.wait()
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
    until(lambda: model.out)
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


class Stepping(Model):
    """A model whose every call waits for a turn of the caller's loop that comes after it."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: defaultdict[int, threading.Event] = defaultdict(threading.Event)
        self.turns = 0

    def holding(self, number: int) -> threading.Event:
        return self.steps[number]

    async def turn(self) -> None:
        """Runs on the caller's loop: lets go, one a turn, of the calls that are out."""
        while True:
            if self.calls > self.turns:
                self.turns += 1
                self.steps[self.turns].set()
            await asyncio.sleep(0)


async def test_the_callers_loop_is_free_between_any_two_replies() -> None:
    """Held even once until some reply has come, it would wait for that reply for ever."""
    model = Stepping()
    turning = asyncio.create_task(model.turn())
    tilth.start(SEEDS, "question-rephrase", 100, teacher=tilth.Teacher(model), path="started.tilth")
    run = await tilth.generate(SEEDS, "new-question", 100, teacher=tilth.Teacher(model), path="run.tilth")
    turning.cancel()
    assert (run.status, run.progress.queries) == ("finished", 100)
    assert model.turns >= 100


WAITS = ("open", "sqlite3.connect", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "time.sleep")
"""What may take long, by the names under which Python tells of it."""


def test_an_awaited_run_opens_nothing_and_sleeps_nowhere_in_its_callers_thread() -> None:
    found = elsewhere(f"""
        import asyncio, json, sys, threading, tilth
        from tests.unit.engine.growing import SEEDS, Model

        async def grown(path):
            await tilth.generate(SEEDS, "new-question", 20, teacher=tilth.Teacher(Model()), path=path)

        def told(event, arguments):
            if watching and event in {WAITS!r}:
                callers = threading.current_thread() is threading.main_thread()
                found["caller's" if callers else "others"].append(event)

        watching, found = False, {{"caller's": [], "others": []}}
        asyncio.run(grown("first.tilth"))  # imports what is used
        sys.addaudithook(told)
        watching = True
        asyncio.run(grown("second.tilth"))
        watching = False
        print(json.dumps(found))
    """)
    assert "sqlite3.connect" in found["others"]
    assert found["caller's"] == []


STORM = """
    import signal, threading, tilth
    from tests.unit.engine.growing import Model, seeds

    run = tilth.start(seeds(5), "question-rephrase", 50, teacher=tilth.Teacher(Model(gate=threading.Event())))
    handled = 0
    def handle(number, frame):
        global handled
        handled += 1
        run.pause()
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 1e-4)
    while handled < 2_000:
        run.resume()
    signal.setitimer(signal.ITIMER_REAL, 0)
    run.abort()
    run.wait()
    print(run.status, flush=True)
"""


def test_controls_from_a_signals_handler_hold_nothing_up(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with program(STORM) as process:
        try:
            said, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    assert said.strip() == "aborted"
