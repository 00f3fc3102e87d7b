"""The tutorial on a real student runs to its end without what trains one, and says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import pytest
from tests.notebooks.executing import Executed

import tilth


@pytest.fixture(scope="module")
def done(execute: Callable[[str], Executed]) -> Executed:
    return execute("08-a-real-student.ipynb")


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed: tests/train run it whole")
def test_cells_that_train_say_why_they_do_not(done: Executed) -> None:
    assert 'Nothing is trained here: student "lora" needs torch' in done.shown("plan")
    assert 'pip install "tilth[train]"' in done.shown("plan")
    assert done.shown("train") == ""


def test_its_rows_and_the_parsers_chart_are_there(done: Executed) -> None:
    assert tilth.open_run(done.folder / "nursery.tilth").rows.height == 400
    study = tilth.open_study(done.folder / "study.tilth")
    assert study.progress.cells == study.progress.all_cells == 16
    assert done.displayed("chart", "image/svg+xml").startswith("<svg ")
