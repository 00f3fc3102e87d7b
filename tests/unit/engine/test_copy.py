"""Copies of run files, live ones too; and files that are cut short, locked, or have nowhere to go."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import threading
from contextlib import chdir, closing
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal
from tests.support.other_process import elsewhere
from tests.unit.engine.growing import SEEDS, Model, comparable, grown, until

import tilth
from tilth.errors import JournalError


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir() if p.suffix != ".lock"}


def test_a_copy_is_the_same_and_opens_where_nothing_may_be_written(tmp_path: Path) -> None:
    run = grown(Model())
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    assert tilth.copy("run.tilth", shelf) == shelf / "run.tilth"
    assert names(shelf) == {"run.tilth"}
    with closing(sqlite3.connect(shelf / "run.tilth")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    (shelf / "run.tilth").chmod(0o444)
    shelf.chmod(0o555)
    try:
        copied = tilth.open_run(shelf / "run.tilth")
        assert_frame_equal(copied.rows, run.rows)
        assert tilth.verify(shelf / "run.tilth").ok
        assert names(shelf) == {"run.tilth"}
    finally:
        shelf.chmod(0o755)


def settled() -> int:
    """Calls whose replies are in the file."""
    with closing(sqlite3.connect("run.tilth")) as file:
        return int(file.execute("SELECT count(*) FROM ledger WHERE state = 'settled'").fetchone()[0])


def test_a_live_run_is_copied_and_the_copy_goes_on_by_itself() -> None:
    gate = threading.Event()
    teacher = tilth.Teacher(Model(gate=gate, free=6), concurrency=3)
    run = tilth.start(SEEDS, "question-rephrase", 20, teacher=teacher, path="run.tilth")
    until(lambda: settled() == 6 and run.progress.in_flight == 3)
    copied = tilth.open_run(tilth.copy("run.tilth", "copy.tilth"))
    assert copied.status == "stopped"
    assert copied.progress.queries >= 6
    assert tilth.verify("copy.tilth").ok
    gate.set()
    run.wait()
    in_doubt = copied.progress.in_doubt
    model = Model()
    went_on = grown(model, 20 + in_doubt, path="copy.tilth")
    assert model.completed == 14
    assert in_doubt > 0
    assert_frame_equal(comparable(went_on.rows.head(10)), comparable(run.rows))


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    grown(Model())
    (tmp_path / "mine.tilth").write_text("mine")
    with pytest.raises(JournalError, match=r"mine\.tilth is there already; choose another name"):
        tilth.copy("run.tilth", "mine.tilth")
    assert (tmp_path / "mine.tilth").read_text() == "mine"
    for wrong, told in (("nowhere/copy.tilth", "cannot be written"), ("mine.tilth/x", "cannot be written")):
        with pytest.raises(JournalError, match=told):
            tilth.copy("run.tilth", wrong)
    for source, told in (("gone.tilth", "does not exist"), ("mine.tilth", "no Tilth file")):
        with pytest.raises(JournalError, match=told):
            tilth.copy(source, "copy.tilth")
    assert names(tmp_path) == {"run.tilth", "mine.tilth"}


# -- what can befall a file -------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1, 60])
def test_a_file_cut_short_is_told_and_left_as_it_is(tmp_path: Path, kept: float) -> None:
    path = grown(Model()).path
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else int(kept)])
    before, model = path.read_bytes(), Model()
    for use in (
        lambda: grown(model),
        lambda: tilth.open_run("run.tilth"),
        lambda: tilth.copy("run.tilth", "copy.tilth"),
    ):
        with pytest.raises(JournalError, match=rf"run\.tilth is cut short: {len(before):,} bytes"):
            use()
    assert model.calls == 0
    assert path.read_bytes() == before
    assert names(tmp_path) == {"run.tilth"}


def test_a_file_that_another_program_locks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.engine.file.opening.LOCKED_SECONDS", 0.05)
    grown(Model())
    model = Model()
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked by another program; close"):
            grown(model, 20)
        with pytest.raises(JournalError, match="locked by another program; close"):
            tilth.open_run("run.tilth")
        other.execute("ROLLBACK")
    assert model.calls == 0
    assert grown(model, 20).progress.queries == 20


FULL = """
    import json, resource, sys, tilth
    from tests.unit.engine.growing import Model, seeds
    from tilth.errors import JournalError

    room = int(sys.stdin.readline())
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    model = Model()
    teacher = tilth.Teacher(model, concurrency=2)
    run = tilth.start(seeds(5), "question-rephrase", 400, teacher=teacher, path="run.tilth")
    try:
        run.wait()
        told = "nothing"
    except JournalError as error:
        told = str(error)
    print(json.dumps({"told": told, "status": run.status, "completed": model.completed}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on a file's size to set")
def test_a_full_disk_is_told_and_nothing_journalled_is_lost() -> None:
    """A limit on the size of files stands for the disk: writes beyond it fail."""
    ended = elsewhere(FULL, input=str(1_000_000))
    assert ended["status"] == "failed"
    assert "is the disk full" in ended["told"]
    assert "run again" in ended["told"]
    assert tilth.verify("run.tilth").ok
    left = tilth.open_run("run.tilth").progress
    # what could not be written any more was acknowledged to nobody; at most what was out is in doubt
    assert ended["completed"] - 2 <= left.queries <= ended["completed"] + 2
    assert left.queries > 20
    model = Model()
    resumed = grown(model, 400)
    assert resumed.status == "finished"
    assert model.completed == resumed.progress.queries - left.queries
    assert resumed.progress.queries in (399, 400)
    assert tilth.verify("run.tilth").ok


NOBODY = 65_534

READ_ONLY = """
    import json, os, tempfile, tilth
    from tests.unit.engine.growing import Model, seeds
    from tilth.errors import JournalError

    def grown(model, path):
        return tilth.generate_sync(
            seeds(5), "question-rephrase", 20, teacher=tilth.Teacher(model), path=path
        )

    with tempfile.TemporaryDirectory() as folder:  # all is imported by then: nobody may read our Python
        path = grown(Model(), f"{{folder}}/run.tilth").path
        tilth.open_run(tilth.copy(path, f"{{folder}}/copy.tilth")).rows
        assert tilth.verify(path).ok
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
    told = {{}}
    model = Model()
    for name in ("run.tilth", "new.tilth"):
        try:
            grown(model, name)
        except JournalError as error:
            told[name] = str(error)
    try:
        tilth.copy("run.tilth", "copy.tilth")
    except JournalError as error:
        told["copy.tilth"] = str(error)
    run = tilth.open_run("run.tilth")
    told |= {{"rows": run.rows.height, "calls": model.calls, "whole": tilth.verify("run.tilth").ok}}
    print(json.dumps(told))
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become who may not write"
)
def test_a_folder_that_may_not_be_written_is_told_and_read() -> None:
    # pytest keeps its own folders for its user alone: each session that starts sees to that anew
    with tempfile.TemporaryDirectory() as own, chdir(own):
        folder = Path(own)
        folder.chmod(0o755)
        grown(Model())
        (folder / ".run.tilth.lock").unlink()
        with closing(sqlite3.connect("run.tilth")) as file:
            before = list(file.iterdump())
        ended = elsewhere(READ_ONLY.format(nobody=NOBODY), cwd=folder)
        for name in ("run.tilth", "new.tilth"):
            assert "you may write" in ended[name]
        assert "cannot be written" in ended["copy.tilth"]
        assert (ended["rows"], ended["calls"], ended["whole"]) == (6, 0, True)
        with closing(sqlite3.connect("run.tilth")) as file:
            assert list(file.iterdump()) == before
        assert names(folder) == {"run.tilth"}
