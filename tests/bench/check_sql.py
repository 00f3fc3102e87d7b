"""How many SQL replies a second are checked: 1,000 replies, each query run and compared with its reference.

python -m tests.bench.check_sql
python -m tests.bench.check_sql --replies 200

Chinook is measured where $TILTH_TEST_DATA or shared/data has it. No two replies are the same text.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.checks import cpu_time
from tests.unit.tasks.sql import plants

from tilth.tasks import Sql

CHECKOUT = Path(__file__).resolve().parents[2]
CHINOOK = CHECKOUT / "tests" / "unit" / "tasks" / "sql" / "chinook_questions.jsonl"
ON_PLANTS = [
    ("SELECT name FROM plants WHERE price > 7.1", "SELECT p.name FROM plants p WHERE p.price > 7.1"),
    ("SELECT COUNT(*) FROM orders", "SELECT COUNT(number) FROM orders"),
    ("SELECT name FROM plants ORDER BY stock", "SELECT name FROM plants ORDER BY stock, name"),
    ("SELECT SUM(pieces) FROM orders", "SELECT AVG(pieces) FROM orders"),
]
"""Reference and query."""


def measure(count: int = 1_000) -> list[dict[str, Any]]:
    """Checks a second for each kind of database, with what was found, one record each."""
    found = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if (chinook := _chinook()) is not None:
            cases = [json.loads(line) for line in CHINOOK.read_text("utf-8").splitlines()]
            pairs = [(case["reference"], case[kind]) for case in cases for kind in ("right", "wrong")]
            state = folder / "state.sqlite"
            shutil.copyfile(chinook, state)
            found.append(_timed("Chinook, one state", Sql(database=chinook), pairs, count))
            found.append(_timed("Chinook, two states", Sql(database=[chinook, state]), pairs, count))
            found.append(_timed("Chinook, 8 threads", Sql(database=chinook), pairs, count, threads=8))
        small = Sql(database=plants.sqlite(folder / "plants.sqlite"))
        found.append(_timed("4 plants in SQLite", small, ON_PLANTS, count))
        duck = Sql(database=plants.duckdb(folder / "plants.duckdb"))
        found.append(_timed("4 plants in DuckDB", duck, ON_PLANTS, count))
    return found


def _chinook() -> Path | None:
    named = os.environ.get("TILTH_TEST_DATA")
    folders = [Path(named)] if named else [CHECKOUT / "shared" / "data", CHECKOUT.parent / "shared" / "data"]
    return next((path for folder in folders if (path := folder / "chinook.sqlite").exists()), None)


def _timed(
    what: str, task: Sql, pairs: Sequence[tuple[str, str]], count: int, threads: int = 1
) -> dict[str, Any]:
    replies = [
        (f"This should do.\n\n```sql\n{query} -- {number}\n```", reference)
        for number, (reference, query) in zip(range(count), itertools.cycle(pairs), strict=False)
    ]
    task._worker.close()
    task.check(*replies[0])
    before, began = cpu_time(), time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        verdicts = Counter(pool.map(lambda pair: task.check(*pair).verdict, replies))
    seconds = time.perf_counter() - began
    task._worker.close()
    return {
        "what": what,
        "replies": count,
        "per_second": round(count / seconds),
        "cpu_ms": round((cpu_time() - before) * 1000 / count, 2),
        **verdicts,
    }


def main() -> None:
    """Prints one line of JSON for each kind of database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replies", type=int, default=1_000)
    for record in measure(parser.parse_args().replies):
        print(json.dumps(record), file=sys.stdout)


if __name__ == "__main__":
    main()
