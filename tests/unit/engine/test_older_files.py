"""Files of an older version: read as they are, migrated where they are written to, whole in between."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine import older

import tilth
from tilth.engine.file.format.schema import VERSION
from tilth.tasks import CAUSES

FILES = [older.RUN, older.STUDY]
REASONS = {
    "judge: malformed after a correction: cut off at the reply limit": "malformed",
    "judged 2.5 of 5": "judged-low",
    "outvoted by 2 of 3 answers": "outvoted",
    "no 2 of 3 answers agree": "no-majority",
    "the question was found not answerable": "unanswerable",
    "a second solution has another answer": "other-solution",
    "the second solution could not be read": "unread-solution",
    "answered with an error": "error",
    "malformed reply": "malformed",
    "empty reply": "empty",
    "not checked": "not-checked",
    "18 is not 20": "wrong-answer",
    "no answer in the reference": "bad-reference",
    "$5 and €5 have units that are not compared": "not-compared",
    "times or ratios may be meant": "not-compared",
    "the check took longer than 5 s": "not-compared",
    "more than one option": "ambiguous",
    "no options in the question": "no-options",
    "nothing measures it; OpenEnded(measure=...) does": "no-measure",
    "ROUGE-L is 0.25, below 0.5": "wrong-answer",
    "the reference is not in it": "wrong-answer",
    "a text of 119,999 characters; at most 100,000 are compared": "not-compared",
    "no SQL found": "no-answer",
    "could not be parsed: Expected table name": "syntax-error",
    "not a query: DROP (state 2)": "not-allowed",
    "function not allowed: readfile": "not-allowed",
    "not a table of the database: plant": "unknown-table",
    "the query took longer than 5 s": "timed-out",
    "the query returns more than 100,000 rows": "over-limit",
    "the query failed: 1 is not a column (state 3)": "query-failed",
    "1 row, not 4": "wrong-answer",
    "other order": "wrong-answer",
    "the reference has no result: the query failed: no such column: nam": "bad-reference",
    "other rows of a tie that the reference's LIMIT cuts": "inconclusive",
    "plants.sqlite cannot be read: No such file or directory": "database-failed",
    "code is not run; Code(run=True) runs it": "not-run",
    "no tests": "no-reference",
    "the code does not parse (line 1)": "syntax-error",
    "the reference does not parse (line 1)": "bad-reference",
    "code of 24,053 characters; at most 20,000 are read": "too-long",
    "the code defines no function": "no-answer",
    "the code does not define 'add'": "tests-failed",
    "fails: assert f(3) is not None": "tests-failed",
    "TypeError: add() takes 1 argument, at: assert add(1, 2) == 3": "tests-failed",
    "the code takes more than 1 s of CPU time": "timed-out",
    "the code raises OSError": "code-failed",
    "the question's own code ends its process": "untestable",
    "it was impolite": "other",
}


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(older.RUN, tmp_path / "run.tilth"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """A folder with the files, that nobody may write to."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for file in FILES:
        shutil.copy(file, folder / file.name)
        (folder / file.name).chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        found: int = file.execute("PRAGMA user_version").fetchone()[0]
        return found


def changed(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(statement, values)


def test_they_are_read_as_they_are_and_left_so(shelf: Path) -> None:
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    run = tilth.open_run(shelf / older.RUN.name)
    assert run.status == "finished"
    assert run.rows.height == 28
    told = dict(run.rows.group_by("cause").len().iter_rows())
    assert told == {
        None: 4,
        "wrong-answer": 1,
        "malformed": 3,
        "cut-off": 2,
        "no-answer": 2,
        "refused": 1,
        "filtered": 2,
        "unanswerable": 3,
        "no-reference": 10,
    }
    assert run.rows.filter(run.rows["verdict"] == "accepted")["cause"].null_count() == 4
    assert run.quality.rowless_by == {"no-question": 9, "refused-request": 2}
    assert [table.title for table in run.quality.checks["answerable"]] == ["Answerable"]
    assert run.prefix(20).height < run.rows.height
    assert run.detail(run.rows["row_id"][0])["row"]["verdict"] == run.rows["verdict"][0]
    study = tilth.open_study(shelf / older.STUDY.name)
    assert (study.status, study.frame.height) == ("finished", 4)
    for name in before:
        report = tilth.verify(shelf / name)
        assert (report.findings, report.rebuilt) == ((), report.rows)
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before


def test_a_copy_is_of_todays_version(tmp_path: Path) -> None:
    copied = tilth.copy(older.RUN, tmp_path / "copy.tilth")
    assert version_of(copied) == VERSION
    assert tilth.verify(copied).ok
    assert_frame_equal(tilth.open_run(copied).rows, tilth.open_run(older.RUN).rows)


def test_a_run_goes_on_with_one_and_pays_nothing_twice(run_file: Path) -> None:
    model = older.Rule()
    opened = tilth.open_run(run_file)
    rows, queries = opened.rows, opened.progress.queries
    again = older.run(run_file, model)
    assert model.calls == 0
    assert version_of(run_file) == VERSION
    unread = pl.col("reason").str.starts_with("answerable: malformed").fill_null(value=False)
    cut_off = "cut off at the reply limit"
    rows = rows.with_columns(reason=pl.col("reason").replace({cut_off: f"{cut_off}; raise max_tokens"}))
    rows = rows.with_columns(verdict=pl.when(unread).then(pl.lit("unverified")).otherwise("verdict"))
    assert_frame_equal(again.rows, rows)
    more = older.run(run_file, model, older.BUDGET + 20)
    assert 0 < model.calls == more.progress.queries - queries
    assert_frame_equal(more.rows.head(rows.height), rows)
    assert set(more.rows["cause"].drop_nulls()) <= set(CAUSES)
    assert more.rows["row_id"].is_unique().all()
    assert tilth.verify(run_file).ok


def test_a_study_goes_on_with_one_and_measures_nothing_twice(tmp_path: Path) -> None:
    path = Path(shutil.copy(older.STUDY, tmp_path / "study.tilth"))
    frame, model = tilth.open_study(path).frame, older.Rule()
    study = older.study(path, model)
    assert (study.status, model.calls, version_of(path)) == ("finished", 0, VERSION)
    assert_frame_equal(study.frame, frame)
    assert tilth.verify(path).ok


def test_a_migrated_file_has_the_tables_of_a_new_one(run_file: Path, tmp_path: Path) -> None:
    older.run(run_file, older.Rule())
    older.run(tmp_path / "new.tilth", older.Rule())
    select = "SELECT name, sql FROM sqlite_master WHERE name IN ('rows', 'units', 'studies') ORDER BY name"
    found = []
    for path in (run_file, tmp_path / "new.tilth"):
        with closing(sqlite3.connect(path)) as file:
            found.append(file.execute(select).fetchall())
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_numbers_of_arrival_that_were_given_are_not_given_again(run_file: Path) -> None:
    with closing(sqlite3.connect(run_file)) as file:
        [last] = file.execute("SELECT max(arrival) FROM rows").fetchone()
    changed(run_file, "UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'rows'")  # as if rows were replaced
    run = older.run(run_file, older.Rule(), older.BUDGET + 20)
    arrivals = run.samples(after=last, most=100)["arrival"]
    assert arrivals.len() > 0
    assert arrivals.min() == 1001


def test_what_verdicts_went_by_is_known_by_its_new_name(run_file: Path) -> None:
    changed(
        run_file, "UPDATE runs SET settings = json_set(settings, '$.judging', json('{\"task\":{\"a\":1}}'))"
    )
    changed(run_file, "UPDATE rows SET verdict = 'unverified'")
    older.run(run_file, older.Rule())
    run = tilth.open_run(run_file)
    assert set(run.rows["verdict"]) == {"accepted", "rejected", "unverified"}, "they are checked anew"
    assert tilth.verify(run_file).ok


@pytest.mark.parametrize(("reason", "cause"), REASONS.items())
def test_causes_are_told_from_reasons(run_file: Path, reason: str, cause: str) -> None:
    changed(run_file, "UPDATE rows SET verdict = 'rejected', reason = ?", reason)
    assert set(tilth.open_run(run_file).rows["cause"]) == {cause}


def test_rows_that_older_rules_judged_are_whole(run_file: Path) -> None:
    changed(run_file, "UPDATE rows SET reason = 'all wrong' WHERE verdict = 'rejected'")
    report = tilth.verify(run_file)
    assert (report.findings, report.rebuilt) == ((), report.rows)
    assert "judged by other rules than today's" in report.notes[0]
    older.run(run_file, older.Rule())
    assert tilth.verify(run_file).notes == (), "they are judged anew"
    changed(run_file, "UPDATE rows SET response = response || '.' WHERE verdict = 'unverified'")
    assert tilth.verify(run_file).findings


KILLED = """
import os, shutil, signal, sqlite3, sys
from pathlib import Path
from tests.unit.engine import older

opened = sqlite3.connect

class Dying(sqlite3.Connection):
    def execute(self, statement, *values):
        found = super().execute(statement, *values)
        if statement.startswith("DROP TABLE"):
            seen.append(statement)
            if len(seen) == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
        return found

seen = []
sqlite3.connect = lambda *given, **named: opened(*given, factory=Dying, **named)
older.run(Path(sys.argv[1]), older.Rule())
"""


@pytest.mark.parametrize("tables", [1, 2, 3])
def test_killed_in_the_middle_it_is_of_its_old_version_and_whole(run_file: Path, tables: int) -> None:
    paths = [str(Path(__file__).parents[3]), str(Path(tilth.__file__).parents[1])]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(run_file), str(tables)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert version_of(run_file) == 1
    assert tilth.verify(run_file).ok
    model = older.Rule()
    older.run(run_file, model)
    assert (model.calls, version_of(run_file)) == (0, VERSION)
    assert tilth.verify(run_file).ok


def test_what_is_written_to_an_older_file_meanwhile_is_read(run_file: Path) -> None:
    run = tilth.open_run(run_file)
    assert run.rows.height == 28
    changed(run_file, "DELETE FROM rows WHERE unit = 0")
    assert run.rows.height == 27


def test_a_damaged_one_is_told_and_left_as_it_is(run_file: Path) -> None:
    data = bytearray(run_file.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    run_file.write_bytes(data)
    with pytest.raises(tilth.JournalError, match=r"damaged|cannot be read"):
        _ = tilth.open_run(run_file).rows
    with pytest.raises(tilth.JournalError, match=r"damaged|cannot be read"):
        older.run(run_file, older.Rule())
    assert not tilth.verify(run_file).ok
    assert run_file.read_bytes()[8192:] == bytes(data)[8192:]
