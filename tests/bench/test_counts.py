"""What speed rests on, counted and not timed: commits, wake-ups, statements, imports, objects kept."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bench.quick_clients import question
from tests.bench.quick_server import serve
from tests.support.other_process import elsewhere

import tilth

CONCURRENCY = 64
CALLS = 640


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A run's file stays in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def grown(calls: int, path: str) -> tilth.Run:
    seeds = tilth.read_seeds([{"question": question(n), "answer": "99"} for n in range(50)])
    with serve(0.01) as url:
        teacher = tilth.Teacher("bench-model", base_url=f"{url}/v1", concurrency=CONCURRENCY)
        return tilth.generate_sync(seeds, "answer-augmentation", calls, teacher=teacher, path=path)


def test_what_comes_in_together_is_committed_together(monkeypatch) -> None:
    """A call is reserved, settled and made a row: three writes, each durable before what follows it."""
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments, **settings):
        connection = connect(*arguments, **settings)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    run = grown(CALLS, "run.tilth")
    assert run.progress.accepted == CALLS
    commits = sum(statement == "COMMIT" for statement in statements)
    assert commits < CALLS / 2
    assert len(statements) - 2 * commits < 4 * CALLS, "many calls share a statement"


@pytest.mark.parametrize("module", ["polars", "openai", "aiohttp", "sqlite3", "asyncio", "altair"])
def test_importing_tilth_imports_nothing_heavy(module) -> None:
    program = f"import sys, tilth; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_first_call_needs_neither_the_openai_package_nor_jupyter() -> None:
    program = (
        "import sys, tilth; tilth.generate_sync("
        "tilth.read_seeds([{'question': 'What is 1 + 1?', 'answer': '2'}]), 'answer-augmentation', 1,"
        " teacher=tilth.Teacher('bench-model', base_url=sys.argv[1] + '/v1'), path='first.tilth');"
        "print({'openai', 'sklearn', 'altair', 'IPython'} & set(sys.modules))"
    )
    with serve() as url:
        done = subprocess.run(
            [sys.executable, "-c", program, url], capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "set()"
    assert Path("first.tilth").exists()


def test_rows_leave_nothing_behind_in_memory() -> None:
    """A run keeps a number for each finished unit and no object that the collector tracks."""
    # in a process of its own: what other tests left, and still let go of, is counted too
    _, short, long = elsewhere(  # the first run fills caches
        """
        import gc, json, weakref
        from tests.bench.test_counts import grown

        def held(thing):  # sqlite3 sweeps away what refers to its dead cursors only once in 200
            return not isinstance(thing, weakref.ref) or thing() is not None

        kept = []
        for number, calls in enumerate((200, 200, 1000)):
            run = grown(calls, f"{number}.tilth")
            gc.collect()
            kept.append(sum(map(held, gc.get_objects())))
            assert run.progress.rows == calls
        print(json.dumps(kept))
        """
    )
    assert long - short < 80, "a run, of 800 rows more"
