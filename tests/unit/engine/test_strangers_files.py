"""A stranger's file, or a damaged one, is told as what it is: it runs nothing and breaks nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.engine.growing import SEEDS, Model, Wordy, grown

import tilth
from tilth.errors import JournalError, TilthError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with accepted, rejected and rowless units, a check and a call in doubt."""
    path = tmp_path_factory.mktemp("whole") / "run.tilth"
    teacher = tilth.Teacher(Wordy(), price=tilth.Price(1, 2), max_tokens=50)
    tilth.generate_sync(SEEDS, "question-rephrase", 16, teacher=teacher, path=path, confirm=True)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(whole, tmp_path / "run.tilth"))


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)


def test_seeds_that_are_gone_are_told(path: Path) -> None:
    change(path, "DELETE FROM seeds")
    assert "the seeds are not those of the run's identity" in tilth.verify(path).findings
    looked_at(path)


def looked_at(path: Path) -> None:
    """Everything that reading a file does; what is wrong is told by Tilth's own errors, or not at all."""
    tilth.verify(path)
    try:
        run = tilth.open_run(path)
        repr(run)
        rows = run.rows
        rows.to_dicts()
        run.rowless.to_dicts()
        run.samples(most=5).to_dicts()
        _ = run.progress, run.plan, run.prices, run.quality, run.spending(), list(run.seeds)
        run.prefix(6)
        for row_id in rows["row_id"].head(3):
            run.detail(row_id)
    except (TilthError, KeyError) as error:
        assert isinstance(error, TilthError) or "is no row" in str(error)  # noqa: PT017 - either will do


# -- tables that are not Tilth's --------------------------------------------------------------------------

ENDLESS = """CREATE VIEW rows AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)
SELECT hidden.* FROM hidden, r"""
IN_A_COMMENT = """UPDATE sqlite_master SET sql = replace(sql, 'IN (''reserved''',
'IN (''-- x'') OR hex(zeroblob(9)) OR state IN ('' ' || char(10) || 'reserved''') WHERE name = 'ledger'"""
STRANGE = {
    "a view": ("ALTER TABLE rows RENAME TO hidden", ENDLESS),
    "a trigger": ("CREATE TRIGGER t AFTER UPDATE ON ledger BEGIN DELETE FROM units; END",),
    "an index": ("CREATE INDEX i ON rows (hex(response))",),
    "a table": ("CREATE TABLE more (x)",),
    "a generated column": ("ALTER TABLE rows ADD COLUMN x AS (hex(zeroblob(500000000)))",),
    "a default": ("ALTER TABLE ledger ADD COLUMN x DEFAULT 1",),
    "a check in a comment": ("PRAGMA writable_schema=ON", IN_A_COMMENT),
}


@pytest.mark.parametrize("statements", STRANGE.values(), ids=STRANGE)
def test_tables_of_another_make_are_refused(path: Path, statements: tuple[str, ...]) -> None:
    change(path, *statements)
    before = path.read_bytes()
    for use in (tilth.open_run, lambda where: grown(Model(), 20, path=where), tilth.open_study):
        with pytest.raises(JournalError, match=r"was made by something else: .* here"):
            use(path)
    assert not tilth.verify(path).ok
    assert path.read_bytes() == before


def test_what_tools_do_by_themselves_is_no_strange_table(path: Path) -> None:
    change(path, "ANALYZE")
    assert tilth.verify(path).ok
    assert tilth.open_run(path).rows.height


@pytest.mark.parametrize("version", [-1, 0])
def test_a_version_that_never_was_is_found(path: Path, version: int) -> None:
    change(path, f"PRAGMA user_version={version}")
    assert tilth.verify(path).findings == (f"its file version is {version}, and there is none such",)
    with pytest.raises(JournalError, match="there is none such"):
        tilth.open_run(path)


# -- records that cannot be -------------------------------------------------------------------------------

DEEP = "[" * 100_000
RECORDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no JSON": lambda record: "{",
    "a list": lambda record: "[]",
    "nothing": lambda record: "{}",
    "deep": lambda record: DEEP,
    "deep inside": lambda record: {**record, "options": json.loads("[" * 500 + "]" * 500)},
    "a blob": lambda record: b"\xff\x00",
    "texts": lambda record: dict.fromkeys(record, "x"),
    "numbers": lambda record: dict.fromkeys(record, 7),
    "objects": lambda record: {name: {} for name in record},
}


@pytest.mark.parametrize("column", ["identity", "settings"])
@pytest.mark.parametrize("made", RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_is_told(path: Path, column: str, made: Callable[..., Any]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        stored = json.loads(file.execute(f"SELECT {column} FROM runs").fetchone()[0])
        value = made(stored)
        value = json.dumps(value) if isinstance(value, dict) else value
        file.execute(f"UPDATE runs SET {column} = ?", (value,))
    assert not tilth.verify(path).ok
    with pytest.raises(JournalError):
        tilth.open_run(path)
    with pytest.raises(TilthError):
        grown(Model(), 20, path=path)


@pytest.mark.parametrize("sizes", [list(range(1, 200_000)), [-1], ["x"], 3, [2**70]])
def test_sizes_that_no_study_has_are_told_at_once(path: Path, sizes: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(
            "UPDATE runs SET identity = json_set(identity, '$.nested', json(?))", (json.dumps(sizes),)
        )
    assert any("nested sizes" in finding for finding in tilth.verify(path).findings)
    with pytest.raises(JournalError, match="nested sizes"):
        tilth.open_run(path)


@pytest.mark.parametrize("moment", [2**63 - 1, -(2**63), "yesterday"])
def test_a_time_that_cannot_be_is_told(path: Path, moment: int | str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE rows SET created_at = ?", (moment,))
    with pytest.raises(JournalError, match="damaged"):
        _ = tilth.open_run(path).rows


# -- anything at all --------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(["", "{}", "[]", "null", "[" * 2_000, '{"value": 1}', "9" * 5_000, "settled", "grown"]),
)
CELLS = [
    (table, column)
    for table, columns in {
        "runs": "identity settings status reason created_at",
        "holder": "pid host since",
        "seeds": "position seed_id question reference extra",
        "requests": "digest body",
        "ledger": "account purpose unit role digest n worst_tokens worst_nano queries prompt_tokens nano"
        " estimated attempts created_at",
        "replies": "unit role n call text refusal finish_reason model max_tokens seconds origin checksum",
        "units": "unit position round outcome cause reason worst_tokens queries tokens nano",
        "rows": 'unit "index" seed_id question response messages answer verdict cause reason score "group"'
        " parents queries prompt_tokens nano seconds reused created_at extra span_start",
    }.items()
    for column in columns.split()
]


def put(path: Path, cell: tuple[str, str], value: Any, *, every: bool) -> None:
    """Puts a value into one cell of a column, or into every one."""
    table, column = cell
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA ignore_check_constraints=ON")
        file.execute("INSERT INTO holder (pid, host, since) VALUES (1, 'h', 1)")
        some = "1" if every else f"{column} = (SELECT {column} FROM {table} LIMIT 1)"
        with suppress(sqlite3.IntegrityError, UnicodeEncodeError):  # the table itself does not take it
            file.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {some}", (value,))


@examples(120, HealthCheck.function_scoped_fixture)
@given(cell=st.sampled_from(CELLS), value=VALUES, every=st.booleans())
def test_any_value_in_any_cell_is_told_or_harmless(
    whole: Path, tmp_path: Path, cell: tuple[str, str], value: Any, every: bool
) -> None:
    path = Path(shutil.copy(whole, tmp_path / "run.tilth"))
    put(path, cell, value, every=every)
    looked_at(path)


@examples(60, HealthCheck.function_scoped_fixture)
@given(cell=st.sampled_from(CELLS), value=VALUES)
def test_going_on_with_any_value_in_any_cell_ends_and_says_so(
    whole: Path, tmp_path: Path, cell: tuple[str, str], value: Any
) -> None:
    path = Path(shutil.copy(whole, tmp_path / "run.tilth"))
    put(path, cell, value, every=True)
    teacher = tilth.Teacher(Wordy(), price=tilth.Price(1, 2), max_tokens=80)
    with suppress(TilthError):
        tilth.generate_sync(SEEDS, "question-rephrase", 20, teacher=teacher, path=path, confirm=True)


@examples(120, HealthCheck.function_scoped_fixture)
@given(data=st.data())
def test_any_flipped_bytes_are_told_or_harmless(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        start = data.draw(st.integers(0, len(content) // 512 - 1)) * 512
        content[start : start + 512] = bytes(512)
    path = tmp_path / "run.tilth"
    path.write_bytes(content)
    with suppress(TilthError):  # of verify: it may be no file of Tilth's any more
        looked_at(path)
