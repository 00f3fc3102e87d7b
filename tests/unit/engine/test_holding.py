"""One process at a time writes a file, by whatever name; one that goes is noticed; readers are told who."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.engine.growing import SEEDS, Model, grown, started, until
from tests.unit.engine.processes import HOLDER, program, told

import tilth
from tilth.errors import JournalError, RunBusy, TeacherError
from tilth.teacher import CallError


def symlink(folder: Path) -> Path:
    (folder / "link.tilth").symlink_to("run.tilth")
    return folder / "link.tilth"


def hard_link(folder: Path) -> Path:
    (folder / "elsewhere").mkdir()
    os.link(folder / "run.tilth", folder / "elsewhere" / "hard.tilth")
    return folder / "elsewhere" / "hard.tilth"


def linked_folder(folder: Path) -> Path:
    (folder / "way").symlink_to(folder, target_is_directory=True)
    return folder / "way" / "run.tilth"


def other_spelling(folder: Path) -> Path:
    (folder / "way").mkdir()
    return folder / "way" / ".." / "run.tilth"


def deleted_lock(folder: Path) -> Path:
    (folder / ".run.tilth.lock").unlink()
    return folder / "run.tilth"


NAMES = (symlink, hard_link, linked_folder, other_spelling, deleted_lock)


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """A process that holds "run.tilth"."""
    with program(HOLDER) as process:
        told(process)
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems lock a file by its name")
@pytest.mark.parametrize("name", NAMES)
def test_no_other_name_lets_a_second_process_in(
    holder: subprocess.Popen[str], tmp_path: Path, name: Callable[[Path], Path]
) -> None:
    path = name(tmp_path)
    model = Model()
    with pytest.raises(RunBusy, match="is in use by"):
        grown(model, 4, path=path)
    assert model.calls == 0
    assert told(holder, "go on") == "finished"
    holder.wait()
    assert tilth.verify("run.tilth").ok
    assert grown(model, 8, path=path).rows.height == 4, "now it may"
    assert model.calls == 4


@pytest.mark.parametrize("name", [symlink, hard_link])
def test_nor_does_it_in_the_same_process(tmp_path: Path, name: Callable[[Path], Path]) -> None:
    gate = threading.Event()
    run = started(Model(gate=gate), 4)
    path = name(tmp_path)
    if name is symlink:
        assert tilth.start(SEEDS, "question-rephrase", 4, teacher=tilth.Teacher(Model()), path=path) is run
    else:
        with pytest.raises(RunBusy):
            grown(Model(), 4, path=path)
    gate.set()
    assert run.wait().status == "finished"
    assert tilth.verify("run.tilth").ok


# -- where the system cannot lock the file itself ---------------------------------------------------------


@pytest.fixture
def no_file_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has none, as some network ones."""
    asked = fcntl.fcntl

    def refuses(file: int, command: int, *more: object) -> object:
        if command in (fcntl.F_OFD_SETLK, fcntl.F_OFD_GETLK):
            raise OSError(37, "No locks available")
        return asked(file, command, *more)

    monkeypatch.setattr(fcntl, "fcntl", refuses)


needs_ps = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("ps") is None, reason="nothing tells when a process began"
)


def named_holder(pid: int, host: str, since: float) -> None:
    """Puts who holds it into a file that nobody holds."""
    grown(Model(), 4)
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as file:
        file.execute("INSERT INTO holder (pid, host, since) VALUES (?, ?, ?)", (pid, host, int(since * 1e6)))


@needs_ps
def test_then_the_process_that_the_file_names_counts(
    no_file_locks: None, holder: subprocess.Popen[str]
) -> None:
    Path(".run.tilth.lock").unlink()
    with pytest.raises(RunBusy, match=f"process {holder.pid}"):
        grown(Model(), 4)
    live = tilth.open_run("run.tilth")
    assert (live.status, live.holder and live.holder.pid) == ("running", holder.pid)
    os.link("run.tilth", "hard.tilth")
    with pytest.raises(RunBusy, match=f"process {holder.pid}"):
        grown(Model(), 4, path="hard.tilth")


@needs_ps
@pytest.mark.parametrize("gone", ["began later", "elsewhere", "ended", "this one"])
def test_a_process_that_cannot_be_the_holder_holds_nothing(no_file_locks: None, gone: str) -> None:
    """Ids are given anew: after a restart of its container a kernel often has the id that it had."""
    with subprocess.Popen(["sleep", "100"]) as process:
        try:
            host = "another-machine" if gone == "elsewhere" else socket.gethostname()
            since = time.time() - (3_600 if gone == "began later" else -3_600)
            pid = os.getpid() if gone == "this one" else process.pid
            if gone == "ended":
                process.kill()
                process.wait()
            named_holder(pid, host, since)
            assert tilth.open_run("run.tilth").holder is None
            assert grown(Model(), 8).rows.height == 4
        finally:
            process.kill()


# -- a file that goes -------------------------------------------------------------------------------------


def delete(folder: Path) -> None:
    (folder / "run.tilth").unlink()


def replace(folder: Path) -> None:
    (folder / "other").write_text("something else")
    (folder / "other").replace(folder / "run.tilth")


def move(folder: Path) -> None:
    (folder / "run.tilth").rename(folder / "moved.tilth")


@pytest.mark.parametrize(
    ("change", "words"),
    [(delete, "no longer there"), (replace, "replaced by another file"), (move, "no longer there")],
)
def test_a_file_that_goes_ends_its_run_before_it_pays_for_more(
    tmp_path: Path, change: Callable[[Path], None], words: str
) -> None:
    gate = threading.Event()
    model = Model(gate=gate, free=5)
    run = started(model, 200, concurrency=2)
    until(lambda: run.progress.in_flight == 2)
    change(tmp_path)
    gate.set()
    with pytest.raises(JournalError, match=words):
        run.wait()
    assert run.status == "failed"
    assert model.calls < 20
    if change is move:
        assert tilth.verify("moved.tilth").ok
        assert grown(Model(), 20, path="moved.tilth").status == "finished"


def test_a_file_whose_log_was_left_behind_says_so(tmp_path: Path) -> None:
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=WAL")
    with pytest.raises(JournalError, match=r"bring run\.tilth-wal here"):
        tilth.open_run("run.tilth")


# -- seen from outside ------------------------------------------------------------------------------------


def test_who_reads_a_run_at_work_elsewhere_is_told_who_works_on_it(holder: subprocess.Popen[str]) -> None:
    until(lambda: tilth.open_run("run.tilth").progress.in_flight)
    live = tilth.open_run("run.tilth")
    assert live.holder is not None
    assert (live.holder.pid, live.holder.host) == (holder.pid, socket.gethostname())
    progress = live.progress
    assert (progress.status, progress.in_doubt, progress.queries) == ("running", 0, 0)
    assert f"process {holder.pid}" in (progress.reason or "")
    assert "in doubt" not in live.spending()
    assert live.quality.in_doubt == 0
    assert told(holder, "go on") == "finished"
    holder.wait()
    assert live.progress.status == live.status == "finished"
    assert (live.holder, live.progress.queries) == (None, 4)


def test_a_killed_run_is_not_one_that_somebody_aborted(holder: subprocess.Popen[str]) -> None:
    until(lambda: tilth.open_run("run.tilth").progress.in_flight)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    left = tilth.open_run("run.tilth")
    assert (left.status, left.holder) == ("stopped", None)
    assert f"process {holder.pid}" in (left.progress.reason or "")
    assert "ended without closing it" in (left.progress.reason or "")
    assert left.progress.in_doubt > 0


# -- an attempt that comes to nothing ---------------------------------------------------------------------


def refused_from(first: int) -> Callable[[str, int, int], CallError | None]:
    """A fault: the key is refused from that call on."""
    return lambda key, attempt, number: (
        CallError("401: no such key", kind="unauthorized", status=401) if number >= first else None
    )


def test_a_finished_run_stays_finished_where_going_on_with_it_fails() -> None:
    first = grown(Model(), 4)
    with pytest.raises(TeacherError):
        grown(Model(fault=refused_from(1)), 8)
    left = tilth.open_run("run.tilth")
    assert (left.status, left.progress.reason) == ("finished", first.progress.reason)
    assert left.budget == first.budget
    assert grown(Model(), 8).rows.height == 4


def test_a_run_that_spent_before_it_failed_says_that_it_failed() -> None:
    grown(Model(), 4)
    with pytest.raises(TeacherError):
        grown(Model(fault=refused_from(2)), 8)
    assert tilth.open_run("run.tilth").status == "failed"
