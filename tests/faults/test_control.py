"""The installed ipykernel: what a cell's loop feels, and what an interrupt or a shutdown leaves.

`python -m tests.faults.kernels` tries more ends, on several versions, and measures each action apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.in_kernel import MEANWHILE
from tests.faults.kernels import PLAN, End, end_and_resume, measure_gaps, messages, undisturbed
from tests.support.openai_server import Server, serve

import tilth


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(plan=PLAN) as server:
        yield server


@pytest.fixture(scope="module")
def whole(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    return undisturbed(server, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(
    ("end", "raised"),
    [
        ("interrupted await", "CancelledError"),
        ("interrupted generate_sync", "KeyboardInterrupt"),
        ("shut down idle", "ok"),
    ],
)
def test_an_ended_kernel_leaves_a_file_that_resumes(
    end: End, raised: str, server: Server, whole: tilth.Run, tmp_path: Path
) -> None:
    remains = end_and_resume(end, None, tmp_path, server, whole)
    assert remains.raised == raised
    assert remains.rows > 0


def test_the_loop_of_a_cell_is_never_held_for_long(server: Server, tmp_path: Path) -> None:
    """Nothing holds it for a quarter of the time that a run takes: what waits for a run holds it for all."""
    gaps = measure_gaps(None, tmp_path, server, 3)
    for action in (
        "await tilth.generate, 300 calls",
        "tilth.start",
        "run.pause",
        "run.resume",
        "run.progress",
        "run.rows",
        "tilth.Workbench()",
        "run.stop, and its end awaited",
        "widget message generate",
        "widget message stop",
    ):
        _, *held = gaps[action]  # the first time imports what is used
        assert max(held) < min(gaps[MEANWHILE]) / 4, f"{action} held the loop for {held} ms"


def test_a_workbench_hears_its_page_while_a_cell_is_at_work(server: Server, tmp_path: Path) -> None:
    heard = messages(None, tmp_path, server)
    assert heard["blocks", "main shell"] == "after it", "nobody can run code in a loop that is blocked"
    assert {cell for cell, _ in heard} == {"blocks", "awaits", "page loaded again"}
    assert "never" not in heard.values(), heard
