"""What is at work in a process: a start holds up no other file, and a run that has ended is forgotten."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.unit.engine.growing import SEEDS, Model, grown, started, until
from tests.unit.engine.processes import program

import tilth
from tilth.engine.runner import runner
from tilth.errors import CannotWait

LONG = 60.0
"""Seconds after which a test that waits for something that never comes fails instead."""


class HeldUp(tilth.Teacher):
    """A teacher whose price is not known before it may be: its start stands still until then."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.asked, self.may_tell = threading.Event(), threading.Event()

    def price(self) -> tilth.Price | None:
        self.asked.set()
        assert self.may_tell.wait(LONG)
        return super().price()


def held_up(pool: ThreadPoolExecutor, teacher: HeldUp) -> Future[tilth.Run]:
    """A start on "run.tilth" that has begun and stands still."""
    start = pool.submit(tilth.start, SEEDS, "question-rephrase", 8, teacher=teacher, path="run.tilth")
    assert teacher.asked.wait(LONG)
    return start


def test_a_start_that_is_held_up_holds_up_no_other_file() -> None:
    teacher = HeldUp(Model())
    with ThreadPoolExecutor() as pool:
        held = held_up(pool, teacher)
        try:
            other = pool.submit(grown, Model(), 8, path="other.tilth").result(LONG)
            opened = pool.submit(tilth.open_run, "other.tilth").result(LONG)
            assert other.status == opened.status == "finished"
            assert not held.done()
        finally:
            teacher.may_tell.set()
        assert held.result().wait().progress.queries == 8


def test_a_second_start_on_a_path_that_is_being_started_joins_it() -> None:
    gate = threading.Event()
    teacher, second = HeldUp(Model(gate=gate)), Model()
    with ThreadPoolExecutor() as pool:
        held = held_up(pool, teacher)
        joining = pool.submit(started, second, 20)
        teacher.may_tell.set()
        assert joining.result(LONG) is held.result(LONG)
        gate.set()
    assert held.result().wait().progress.queries == 20
    assert second.calls == 0


def test_a_start_that_fails_leaves_the_path_to_the_next() -> None:
    with pytest.raises(tilth.JournalError):
        grown(Model(), reuse=["no-such.tilth"])
    assert grown(Model(), 8).progress.queries == 8


def test_a_run_that_has_ended_is_forgotten() -> None:
    ended = [weakref.ref(grown(Model(), 4, path=f"{number}.tilth")) for number in range(3)]

    def forgotten() -> bool:
        gc.collect()  # a run and its work know each other
        return all(run() is None for run in ended)

    until(forgotten)


def paused() -> str:
    """A run in "run.tilth" that is paused with no call out, and that nobody but the runner knows; its id."""
    gate = threading.Event()
    run = started(Model(gate=gate), 8)
    until(lambda: run.progress.in_flight)
    run.pause()
    until(lambda: run.status == "paused")
    gate.set()
    until(lambda: run.progress.queries and not run.progress.in_flight)
    for _ in range(100):  # turns of the loop, after which all that is left of the run waits for `resume`
        runner().submit(asyncio.sleep(0)).result()
    return run.id


def test_a_run_that_nobody_holds_goes_on_and_is_found() -> None:
    run_id = paused()
    gc.collect()
    found = tilth.open_run("run.tilth")
    assert (found.id, found.status) == (run_id, "paused")
    found.resume()
    assert found.wait().progress.queries == 8


def test_a_run_at_work_is_not_given_for_another() -> None:
    gate = threading.Event()
    run = started(Model(gate=gate), 8)
    with pytest.raises(tilth.JournalError, match="holds no run '0123456789abcdef'; it holds"):
        tilth.open_run("run.tilth", "0123456789abcdef")
    assert tilth.open_run("run.tilth", run.id) is run
    gate.set()
    run.wait()


@pytest.mark.parametrize("waiting", [tilth.generate, tilth.generate_sync])
def test_who_waits_for_a_run_says_the_same_of_it_as_who_starts_it(waiting: Callable[..., object]) -> None:
    def said(entry: Callable[..., object]) -> list[tuple[str, object, object]]:
        return [(p.name, p.kind, p.default) for p in inspect.signature(entry).parameters.values()]

    assert said(waiting) == said(tilth.start)


# -- threads that would wait for themselves ---------------------------------------------------------------


def test_a_start_on_the_runners_own_thread_is_refused_and_stops_no_other_run() -> None:
    """A callable teacher is called there: it would wait for the thread that it holds up."""
    gate = threading.Event()
    other = started(Model(gate=gate), 4)
    said: list[BaseException] = []

    async def teacher(messages, **settings):
        for wait in (
            lambda: tilth.start(
                SEEDS, "question-rephrase", 6, teacher=tilth.Teacher(Model()), path="run.tilth"
            ),
            other.wait,
        ):
            try:
                wait()
            except CannotWait as error:
                said.append(error)
        run = await asyncio.to_thread(
            tilth.start, SEEDS, "question-rephrase", 6, teacher=tilth.Teacher(Model()), path="run.tilth"
        )
        return "The answer is 1." if run is other else "It is another."

    run = tilth.start(SEEDS, "answer-augmentation", 1, teacher=tilth.Teacher(teacher), path="asking.tilth")
    assert run.wait(LONG).rows["answer"].to_list() == ["1"]
    assert ["asyncio.to_thread" in str(error) for error in said] == [True, True]
    gate.set()
    assert other.wait(LONG).progress.queries == 6


FORKING = """
    import os, sys, tilth
    from tests.unit.engine.growing import SEEDS, Model, grown

    run = grown(Model(), 4)
    child = os.fork()
    if child == 0:
        for use in (
            lambda: run.rows,
            lambda: tilth.open_run("run.tilth"),
            lambda: tilth.verify("run.tilth"),
            lambda: grown(Model(), 4),
            lambda: grown(Model(), 4, path="other.tilth"),
        ):
            try:
                use()
            except tilth.TilthError as error:
                print('"spawn"' in str(error), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(grown(Model(), 8).status, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_told_to_spawn_and_its_parent_goes_on() -> None:
    with program(FORKING) as process:
        said, _ = process.communicate(timeout=LONG)
    assert said.split() == ["True"] * 5 + ["finished"]
