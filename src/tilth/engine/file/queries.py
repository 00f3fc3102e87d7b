"""What can be looked up in a run file, live or finished, on a read-only connection of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.budget import Amount, Budget
from tilth.engine.file.format.records import identity_of, settings_of_record, whole
from tilth.engine.file.format.schema import SELECT_ROWS, frame_of
from tilth.engine.file.format.sums import COUNTED, PAID, sums
from tilth.engine.file.opening import connect, explained
from tilth.engine.file.writes import PREPARING
from tilth.engine.forks import refuse_after_fork
from tilth.errors import BudgetError, JournalError, TilthError
from tilth.seeds import Seeds

if TYPE_CHECKING:
    import polars as pl

_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What contents of another kind make of the code that reads them."""


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A short-lived connection: a reader that stays would keep the writer from folding its log on close.

    What is read there may be damaged, or a stranger's: where it cannot be used, that is a `JournalError`.
    """
    refuse_after_fork()
    connection = connect(path, readonly=True)
    try:
        with damage_told(path):
            yield connection
    except sqlite3.Error as error:
        raise explained(path, error) from error
    finally:
        connection.close()


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Makes a `JournalError` of what is raised by contents that are no file's of ours."""
    try:
        yield
    except (TilthError, sqlite3.Error):
        raise
    except Exception as error:
        if not isinstance(error, _UNREADABLE) and not type(error).__module__.startswith("polars"):
            raise
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise JournalError(
            f"{path} is damaged, or was made by something else: {said[:200]}; it was left as it is"
        ) from error


def select(connection: sqlite3.Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    """What a query finds, each record with its columns by name."""
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, record, strict=True)) for record in cursor]


def run_record(path: Path, run_id: str | None = None) -> dict[str, Any]:
    """A run's record: run_id, identity, settings, status, reason. A file of one run needs no `run_id`."""
    found = run_records(path, run_id)
    if not found:
        ids = [] if run_id is None else sorted(record["run_id"] for record in run_records(path))
        if not ids:
            raise JournalError(f"{path} holds no run yet")
        raise JournalError(f"{path} holds no run {run_id!r}; it holds {', '.join(ids)}")
    if len(found) > 1:
        runs = ", ".join(sorted(record["run_id"] for record in found))
        raise JournalError(
            f"{path} holds a study, of several runs; go on with it by calling tilth.study as before, or name "
            f"one run by run_id=: {runs}"
        )
    return found[0]


def run_records(path: Path, run_id: str | None = None) -> list[dict[str, Any]]:
    """The records of all runs of a file, or of the one of that `run_id`."""
    with read_only(path) as connection:
        found = select(
            connection,
            "SELECT run_id, identity, settings, status, reason FROM runs WHERE ?1 IS NULL OR run_id = ?1",
            run_id,
        )
        return [
            {
                **one,
                "identity": identity_of(one["identity"]),
                "settings": settings_of_record(one["settings"]),
            }
            for one in found
        ]


def seeds_from(connection: sqlite3.Connection, run_id: str, task: Any, name: str) -> Seeds:
    """The seeds a run was grown from, of an open file."""
    import polars as pl

    found = connection.execute(
        "SELECT seed_id, question, reference, extra FROM seeds WHERE run_id = ? ORDER BY position",
        (run_id,),
    ).fetchall()
    for seed_id, _, _, extra in found:
        if extra is not None and not _is_object(extra):
            raise JournalError(f"the columns of seed {seed_id} are damaged: they are no JSON object")
    schema = {"seed_id": pl.String(), "question": pl.String(), "reference": pl.String(), "extra": pl.String()}
    return Seeds(pl.DataFrame(found, schema=schema, orient="row"), task, name)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def rows(path: Path, run_id: str, units: set[int] | None = None) -> pl.DataFrame:
    """All rows, sorted by unit and index; or those of some units.

    Where the teacher had a system prompt, each row's `messages` open with it: its reply is one to that, too.
    """
    import polars as pl

    with read_only(path) as connection:
        found = connection.execute(
            f'{SELECT_ROWS} WHERE run_id = ? ORDER BY unit, "index"', (run_id,)
        ).fetchall()
        frame = frame_of(found).drop("arrival")
        system = connection.execute(
            "SELECT json_extract(identity, '$.teacher.system') FROM runs WHERE run_id = ?", (run_id,)
        ).fetchone()
    if system and system[0]:
        frame = frame.with_columns(messages=_after_system(system[0]))
    return frame if units is None else frame.filter(pl.col("unit").is_in(sorted(units)))


def _after_system(system: str) -> pl.Expr:
    """Each row's conversation behind the system prompt."""
    import polars as pl

    def turn(role: str, content: pl.Expr) -> pl.Expr:
        return pl.struct(role=pl.lit(role), content=content)

    of_two = pl.concat_list(turn("user", pl.col("question")), turn("assistant", pl.col("response")))
    turns = pl.coalesce("messages", of_two)
    opened = pl.concat_list(turn("system", pl.lit(system)), turns)
    has_own = turns.list.first().struct.field("role") == "system"
    return pl.when(has_own).then(turns).otherwise(opened)


def samples(
    path: Path,
    run_id: str,
    after: int,
    most: int,
    verdicts: Sequence[str] | None,
    contains: str | None,
) -> pl.DataFrame:
    """Rows in order of arrival, at most so many of those after number `after`."""
    clauses, values = ["run_id = ?", "arrival > ?"], [run_id, after]
    if verdicts is not None:
        clauses.append(f"verdict IN ({', '.join('?' * len(verdicts))})")
        values += verdicts
    if contains:
        clauses.append("(instr(lower(question), lower(?)) OR instr(lower(response), lower(?)))")
        values += [contains, contains]
    with read_only(path) as connection:
        found = connection.execute(
            f"{SELECT_ROWS} WHERE {' AND '.join(clauses)} ORDER BY arrival LIMIT ?", (*values, most)
        ).fetchall()
        return frame_of(found)


def detail(path: Path, run_id: str, row_id: str) -> dict[str, Any]:
    """One row with its seed and every exchange that led to it."""
    owner, _, rest = row_id.rpartition(":")
    owner, _, unit = owner.rpartition(":")
    if owner != run_id or not unit.lstrip("-").isdigit() or not rest.isdigit():
        raise KeyError(f"{row_id!r} is no row of this run; a row_id reads {run_id}:unit:index")
    with read_only(path) as connection:
        connection.row_factory = sqlite3.Row
        found = _detail(connection, run_id, int(unit), int(rest))
    if found is None:
        raise KeyError(f"{row_id!r} is no row of this run")
    found["row"]["row_id"] = row_id
    return found


def _detail(connection: sqlite3.Connection, run_id: str, unit: int, index: int) -> dict[str, Any] | None:
    row = connection.execute(
        'SELECT * FROM rows WHERE run_id = ? AND unit = ? AND "index" = ?', (run_id, unit, index)
    ).fetchone()
    if row is None:
        return None
    seed = connection.execute(
        "SELECT seed_id, question, reference, extra FROM seeds WHERE run_id = ? AND seed_id = ?",
        (run_id, row["seed_id"]),
    ).fetchone()
    exchanges = connection.execute(
        "SELECT l.role, l.purpose, q.body, r.text AS reply, r.finish_reason, r.model, l.prompt_tokens,"
        " l.completion_tokens, l.nano / 1e9 AS usd, l.estimated, r.seconds,"
        " r.origin IS NOT NULL AS reused"
        " FROM replies r JOIN ledger l USING (call)"
        " JOIN requests q ON q.run_id = r.run_id AND q.digest = r.digest"
        " WHERE r.run_id = ? AND r.unit = ? ORDER BY l.call",
        (run_id, unit),
    ).fetchall()
    return {
        "row": {**dict(row), "usd": None if row["nano"] is None else row["nano"] / 1e9},
        "seed": dict(seed) if seed is not None else None,
        "exchanges": [
            {
                **{k: v for k, v in dict(e).items() if k != "body"},
                # An unknown price stands as 0 in the ledger, which adds up; here it would be an amount.
                "usd": None if row["nano"] is None else e["usd"],
                "reused": bool(e["reused"]),
                "messages": json.loads(e["body"])["messages"],
            }
            for e in exchanges
        ],
    }


@dataclass(frozen=True, slots=True)
class FinishedUnit:
    """A finished unit: its place in the order of admission, its worst case then, and what it cost."""

    unit: int
    position: int
    worst: Amount
    actual: Amount


def finished_units(path: Path, run_id: str) -> tuple[Amount, list[FinishedUnit]]:
    """What preparing cost, and the finished units in the order of admission."""
    with read_only(path) as connection:
        prepared = connection.execute(
            f"SELECT total(queries), total(tokens), total(nano) FROM {PAID} WHERE run_id = ? AND unit < 0",  # noqa: S608 - ours
            (run_id,),
        ).fetchone()
        units = connection.execute(
            "SELECT unit, position, worst_queries, worst_tokens, worst_nano, queries, tokens, nano FROM units"
            " WHERE run_id = ? ORDER BY position",
            (run_id,),
        ).fetchall()
        return Amount(*map(int, prepared)), [
            FinishedUnit(unit, position, Amount(*amounts[:3]), Amount(*amounts[3:]))
            for unit, position, *amounts in (map(whole, record) for record in units)
        ]


def prefix_units(path: Path, run_id: str, budget: Budget | None) -> list[int]:
    """The units a run under these limits would have admitted, in that order; those in doubt aside.

    Units are taken in the order of admission while what was spent before them plus their worst case fits, by
    the journalled costs. The first unit that is missing ends it: what came behind it might not have been
    admitted. Without a budget nothing else does.
    """
    spent, units = finished_units(path, run_id)
    admitted: list[int] = []
    for expected, record in enumerate(units):
        if record.position != expected or (budget and budget.exceeded_by(spent + record.worst)):
            break
        spent += record.actual
        admitted.append(record.unit)
    return admitted


def prefix(path: Path, run_id: str, budget: Budget | None, goal: int | None) -> pl.DataFrame:
    """The rows of `prefix_units`; of them the kept ones up to the goal, the budget's own if none is given."""
    import polars as pl

    if goal is None and budget is None:
        raise BudgetError("give a prefix its budget or its rows: run.prefix(300) or run.prefix(rows=100)")
    units = prefix_units(path, run_id, budget)
    found = rows(path, run_id, set(units))
    if goal is None and budget is not None:
        goal = budget.rows
    if goal is None:
        return found
    if type(goal) is not int or goal < 0:
        raise BudgetError(f"rows={goal!r}: give a whole number of rows, 0 or more")
    order = pl.DataFrame({"unit": units, "place": range(len(units))}, schema_overrides={"unit": pl.Int64()})
    kept = found.filter(pl.col("verdict") != "rejected").join(order, on="unit")
    return kept.sort("place", "index").head(min(goal, kept.height)).sort("unit", "index").drop("place")


_SPENDING = f"""
SELECT CASE
        WHEN l.in_doubt THEN 'in doubt'
        WHEN l.unit < 0 THEN 'preparing'
        WHEN r.call IS NULL THEN 'cut off, and asked again with more room'
        WHEN u.unit IS NULL THEN 'units that are not finished'
        WHEN u.outcome = 'grown' THEN 'rows'
        ELSE coalesce(u.reason, u.outcome) END AS why,
    sum(l.queries) AS queries
FROM {COUNTED} l LEFT JOIN replies r ON r.run_id = l.run_id AND r.unit = l.unit AND r.role = l.role
    AND r.digest = l.digest AND r.n = l.n AND r.call = l.call
LEFT JOIN units u ON u.run_id = l.run_id AND u.unit = l.unit
WHERE l.run_id = ?1 AND NOT (?2 AND l.state = 'reserved') GROUP BY why ORDER BY queries DESC, why
"""  # noqa: S608 - ours


def decisions(path: Path, run_id: str) -> dict[str, Any]:
    """What a run's strategy decided before and between its rounds, by key.

    Raises:
        JournalError: One of them cannot be read.
    """
    asked = "SELECT key, value FROM decisions WHERE run_id = ? AND unit = ?"
    with read_only(path) as connection:
        found = connection.execute(asked, (run_id, PREPARING)).fetchall()
    try:
        return {str(key): json.loads(text)["value"] for key, text in found}
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise JournalError(f"{path}: a decision of its run was changed in the file") from error


def spending(path: Path, run_id: str, *, live: bool = False) -> dict[str, int]:
    """All spent queries by what became of them: "rows", or why there is none; `live` where it is at work."""
    with read_only(path) as connection:
        return dict(connection.execute(_SPENDING, (run_id, live)).fetchall())


def totals(path: Path, run_id: str, *, live: bool = False) -> Mapping[str, Any]:
    """What a file adds up to: spent and in doubt as Amounts, units, rows by verdict, rowless units.

    Of a run that is at work (`live`) what is reserved is not in doubt yet: it is told as such.
    """
    with read_only(path) as connection:
        booked = sums(connection, run_id, live=live)
        [(reserved,)] = connection.execute(
            "SELECT count(*) FROM ledger WHERE run_id = ? AND state = 'reserved'", (run_id,)
        )
        verdicts = dict(
            connection.execute(
                "SELECT verdict, count(*) FROM rows WHERE run_id = ? GROUP BY verdict", (run_id,)
            )
        )
        units, rowless = connection.execute(
            "SELECT count(*), total(outcome <> 'grown') FROM units WHERE run_id = ?", (run_id,)
        ).fetchone()
    return {
        "spent": booked.spent,
        "in_doubt": booked.in_doubt,
        "reserved": reserved if live else 0,
        "units": units,
        **verdicts,
        "rowless": int(rowless),
    }
