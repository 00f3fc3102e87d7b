"""The tutorials as git keeps them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

NAMES = (
    "01-first-harvest.ipynb",
    "02-your-own-seeds.ipynb",
    "03-what-data-buys.ipynb",
    "05-which-strategy.ipynb",
    "08-a-real-student.ipynb",
)


def test_these_are_all(checkout: Path) -> None:
    assert sorted(path.name for path in (checkout / "notebooks").iterdir() if path.is_file()) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_valid_and_keeps_no_outputs(checkout: Path, name: str) -> None:
    notebook = nbformat.read(checkout / "notebooks" / name, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [(cell.id, cell.outputs, cell.execution_count) for cell in code] == [
        (cell.id, [], None) for cell in code
    ]
    assert [cell.id for cell in notebook.cells if re.fullmatch(r"[0-9a-f]{8}", cell.id)] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_to_notebooks_that_are_there(checkout: Path, name: str) -> None:
    folder = checkout / "notebooks"
    notebook = nbformat.read(folder / name, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if not (folder / link).is_file()] == []
    assert "http" not in text
