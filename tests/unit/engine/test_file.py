"""The run file: what it keeps and never keeps, what it is not, and who may have it open."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.openai_server import serve
from tests.unit.engine.growing import (
    SEEDS,
    Model,
    grown,
    until,
)
from tests.unit.engine.processes import HOLDER, program
from tests.unit.engine.rounds import Deciding

import tilth
from tilth.engine.file.format.schema import VERSION, rows_schema
from tilth.errors import JournalError, RunBusy
from tilth.strategies.answer_augmentation import AnswerAugmentation


def test_rows_read_back_with_the_promised_names_and_types() -> None:
    run = grown(Model())
    opened = tilth.open_run("run.tilth")
    assert dict(opened.rows.schema) == rows_schema()
    assert_frame_equal(opened.rows, run.rows)
    assert opened.rows.height == 6
    assert set(opened.rows["row_id"]) == {f"{run.id}:{unit}:0" for unit in range(6)}
    assert opened.rows["queries"].to_list() == [2] * 6
    assert opened.rows.sort("unit", "index")["unit"].to_list() == opened.rows["unit"].to_list()
    for name in ("status", "id", "budget", "teacher_name", "writer_name", "simulated", "strategy_name"):
        assert getattr(opened, name) == getattr(run, name), name
    assert opened.progress.queries == run.progress.queries == 12
    assert opened.progress.reason == run.progress.reason
    assert [s.question for s in opened.seeds] == [s.question for s in SEEDS]


def test_a_row_opens_with_its_seed_and_every_exchange() -> None:
    run = grown(Model())
    row = run.rows.row(2, named=True)
    detail = run.detail(row["row_id"])
    assert detail["row"]["response"] == row["response"]
    assert detail["seed"]["question"] == next(s.question for s in SEEDS if s.id == row["seed_id"])
    assert [(e["role"], e["purpose"]) for e in detail["exchanges"]] == [
        ("writer", "rephrase"),
        ("teacher", "answer"),
    ]
    assert detail["exchanges"][1]["reply"] == row["response"]
    assert row["question"] in detail["exchanges"][1]["messages"][-1]["content"]
    tokens = sum(e["prompt_tokens"] for e in detail["exchanges"])
    assert tokens == row["prompt_tokens"]
    for wrong in (f"{run.id}:999:0", "other:2:0", "nonsense", f"{run.id}:2:x"):
        with pytest.raises(KeyError, match="no row of this run"):
            run.detail(wrong)


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("http://user:sk-secret-in-url@127.0.0.1:{port}/v1?token=sk-secret-in-query", {}),
        (
            "http://127.0.0.1:{port}/v1",
            {"api_key": "sk-secret-key", "headers": {"X-Token": "sk-secret-in-header"}},
        ),
    ],
)
def test_keys_and_addresses_are_nowhere_in_the_file(address: str, options: dict) -> None:
    with serve() as server:
        teacher = tilth.Teacher("test-model", base_url=address.format(port=server.port), **options)
        run = tilth.generate_sync(SEEDS, AnswerAugmentation(), 4, teacher=teacher)
    data = run.path.read_bytes()
    assert b"test-model" in data
    assert b"sk-secret" not in data
    assert os.fsencode(Path.cwd()) not in data


def test_hostile_text_comes_back_as_it_was() -> None:
    hostile = "<script>alert('x')</script>\x00\x1b[31m \u202e The answer is 3\n'; DROP TABLE rows; --"

    class Hostile(Model):
        def reply(self, messages, draw, max_tokens):
            return {"text": hostile, "finish_reason": "stop"}

    run = grown(Hostile(), 3, strategy="answer-augmentation")
    assert run.rows["response"].to_list() == [hostile] * 3
    assert run.samples(contains="DROP TABLE").height + run.samples(contains="script").height >= 3
    assert pl.DataFrame(run.rows).height == 3


# -- what is not ours -------------------------------------------------------------------------------------


def unchanged(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def a_text(path: Path) -> None:
    path.write_text("Dear diary,\n" * 300)


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE diary (entry TEXT)")
        file.commit()


def a_newer_file(path: Path) -> None:
    grown(Model(), 2, path=path)
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"PRAGMA user_version={VERSION + 1}")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (a_text, "no Tilth file"),
        (another_database, "database of something else"),
        (a_newer_file, "newer Tilth .*upgrade"),
    ],
)
def test_a_file_that_is_not_ours_to_write_is_left_as_it_is(make, told: str, tmp_path: Path) -> None:
    path = tmp_path / "there.tilth"
    make(path)
    before = unchanged(path)
    with pytest.raises(JournalError, match=told):
        grown(Model(), path=path)
    with pytest.raises(JournalError, match=told):
        tilth.open_run(path)
    assert unchanged(path) == before


def test_a_damaged_file_is_told_and_kept(tmp_path: Path) -> None:
    grown(Model(), 12)
    path = tmp_path / "run.tilth"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"damaged|cannot be read"):
        grown(Model(), 12)
    with pytest.raises(JournalError, match=r"damaged|cannot be read"):
        _ = tilth.open_run(path).rows


def test_a_file_that_is_not_there_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="does not exist"):
        tilth.open_run("nowhere.tilth")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="folder"):
        grown(Model(), path="file/run.tilth")


@pytest.mark.parametrize("path", ["", ".", "folder"])
def test_a_folder_is_told_from_a_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match=r"is a folder; name a file in it, such as .*run\.tilth"):
        grown(Model(), path=path)
    assert [one.name for one in tmp_path.rglob("*")] == ["folder"], "no lock is left in it"


def test_what_keeps_nothing_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for path in ("pipe", "null"):
        with pytest.raises(JournalError, match="a device or a pipe, and keeps nothing"):
            grown(Model(), path=path)


# -- other processes and other folders --------------------------------------------------------------------


def test_a_second_process_is_told_who_holds_the_file() -> None:
    with program(HOLDER) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        number = holder.stdout.readline().strip()
        with pytest.raises(RunBusy, match=rf"process {holder.pid} on .+ since \d{{4}}-"):
            grown(Model(), 4)
        live = tilth.open_run("run.tilth")
        assert (live.id, live.rows.height) == (number, 0), "reading is no holding"
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline().strip() == "finished"
        holder.wait()
    model = Model()
    assert grown(model, 4).rows.height == 2
    assert model.calls == 0


EXITING = """
    import time, threading, tilth
    from tests.unit.engine.growing import Model, seeds, until

    model = Model(fault=lambda key, attempt, number: time.sleep(0.001))
    run = tilth.start(seeds(5), "question-rephrase", 10**6, teacher=tilth.Teacher(model), path="run.tilth")
    until(lambda: run.progress.rows >= 5)
"""


def test_an_interpreter_that_exits_flushes_and_closes_its_runs(tmp_path: Path) -> None:
    with program(EXITING) as process:
        assert process.wait(120) == 0
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == ["run.tilth"]
    left = tilth.open_run("run.tilth")
    assert left.status == "aborted"
    assert "Python ended while it was at work" in (left.progress.reason or "")
    assert left.rows.height >= 5
    with closing(sqlite3.connect("run.tilth")) as file:
        assert file.execute("SELECT count(*) FROM ledger WHERE state = 'reserved'").fetchone() == (0,)


def test_a_finished_run_opens_from_a_folder_nobody_may_write(tmp_path: Path) -> None:
    run = grown(Model(), 8)
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == ["run.tilth"]
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copy(run.path, folder / "run.tilth")
    (folder / "run.tilth").chmod(0o444)
    folder.chmod(0o555)
    try:
        opened = tilth.open_run(folder / "run.tilth")
        assert_frame_equal(opened.rows, run.rows)
        assert opened.prefix(4).height == 2
        assert opened.samples(most=3).height == 3
        assert len(list(folder.iterdir())) == 1, "reading leaves nothing behind"
        if os.geteuid() != 0:  # root may write anywhere
            with pytest.raises(JournalError, match="write"):
                grown(Model(), 8, path=folder / "run.tilth")
    finally:
        folder.chmod(0o755)


def test_a_reader_delays_the_folding_of_the_log_and_no_more(tmp_path: Path) -> None:
    gate = threading.Event()
    run = tilth.start(
        SEEDS, "question-rephrase", 8, teacher=tilth.Teacher(Model(gate=gate)), path="run.tilth"
    )
    with closing(sqlite3.connect("file:run.tilth?mode=ro", uri=True, check_same_thread=False)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM rows").fetchone() == (0,)
        gate.set()
        until(lambda: run.progress.rows == 4)
        assert reader.execute("SELECT count(*) FROM rows").fetchone() == (0,), "a reader keeps its view"
        reader.execute("COMMIT")
    run.wait()
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == ["run.tilth"]
    assert run.rows.height == 4


def test_every_insert_names_its_columns(monkeypatch) -> None:
    """A table of a later version may have more columns, in another order."""
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments, **settings):
        connection = connect(*arguments, **settings)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    grown(Model(), 6, path="first.tilth")
    grown(Model(), 4, strategy=Deciding(), path="other.tilth")
    grown(Model(), 4, path="reusing.tilth", reuse=["first.tilth"])
    inserts = [" ".join(s.split()) for s in statements if s.lstrip().startswith("INSERT")]
    tables = {re.match(r"INSERT (?:OR \w+ )?INTO (\w+) \([\w\", ]+\) VALUES", one) for one in inserts}
    assert None not in tables, inserts
    assert {found[1] for found in tables} >= {
        "runs",
        "seeds",
        "requests",
        "ledger",
        "replies",
        "units",
        "rows",
        "decisions",
    }
