"""Where an export goes: no database, no run and no device is written over."""

from __future__ import annotations

import os
import select
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

import tilth
from tilth.export import FORMATS, save


def _database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE paid (reply TEXT)")
    connection.close()
    return path


@pytest.mark.parametrize("by", ["itself", "symlink", "hard link", "log"])
def test_a_database_is_never_written_over(rows, tmp_path, by):
    held = _database(tmp_path / "replies.db")
    before = held.read_bytes()
    path = tmp_path / "out.csv"
    if by == "symlink":
        path.symlink_to(held)
    elif by == "hard link":
        os.link(held, path)
    else:
        path = held if by == "itself" else tmp_path / "replies.db-wal"
    with pytest.raises(ValueError, match="belongs to a SQLite database"):
        save(rows, path, format="csv")
    assert held.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_runs_own_path_is_refused(tmp_path):
    run = tilth.generate_sync(
        tilth.demo.seeds(3), "answer-augmentation", 3, teacher=tilth.demo.teacher(), path=tmp_path / "r.tilth"
    )
    for path in (run.path, tmp_path / "other.tilth"):
        with pytest.raises(ValueError, match="the name of a run's file"):
            run.save(path, format="csv")
    assert tilth.verify(run.path).ok
    assert not (tmp_path / "other.tilth").exists()


@pytest.mark.parametrize("format", sorted({*FORMATS} - {"preference"}))
def test_a_pipe_is_written_into_and_stays_a_pipe(rows, tmp_path, format):
    pipe, file = tmp_path / "pipe", save(rows, tmp_path / "file", format=format)
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="nobody reads from"):
        save(rows, pipe, format=format)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # it does not wait for a writer
    saving = threading.Thread(target=save, args=(rows, pipe), kwargs={"format": format})
    saving.start()
    select.select([reader], [], [])
    os.set_blocking(reader, True)
    with os.fdopen(reader, "rb") as end:
        assert end.read() == file.read_bytes()
    saving.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_into_and_stays_one(rows, tmp_path):
    before = Path(os.devnull).stat()
    node = tmp_path / "null.csv"
    node.symlink_to(os.devnull)
    save(rows, node)
    assert stat.S_ISCHR(node.stat().st_mode)
    assert Path(os.devnull).stat().st_ino == before.st_ino
    assert [entry.name for entry in tmp_path.iterdir()] == ["null.csv"]
