"""Runs the example in the docstring of every public name, as a user would type it."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tilth

MODULES = ("checks", "curate", "demo", "strategies", "tasks")
DATA = frozenset({"CAUSES", "DEFAULTS", "RATES", "RUBRICS", "Message", "__version__"})
"""Public names that are values: they have no docstring of their own."""


def public() -> Iterator[tuple[str, Any]]:
    for name in tilth.__all__:
        if name not in (*MODULES, *DATA):
            yield name, getattr(tilth, name)
    for module in MODULES:
        if module in tilth.__all__:
            for name in getattr(tilth, module).__all__:
                found = getattr(getattr(tilth, module), name)
                if name not in DATA and getattr(tilth, name, None) is not found:
                    yield f"{module}.{name}", found


EVERY = dict(public())
ERRORS = {n for n, found in EVERY.items() if inspect.isclass(found) and issubclass(found, tilth.TilthError)}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in ERRORS])
def test_its_example_runs(name: str) -> None:
    examples = doctest.DocTestFinder(recurse=False).find(EVERY[name], name, globs={"tilth": tilth})
    examples = [example for example in examples if example.examples]
    assert examples, f"the docstring of tilth.{name} has no example"
    run(examples[0])


def test_the_root_of_the_errors_shows_how_they_are_caught() -> None:
    assert len(ERRORS) > 10
    [example] = doctest.DocTestFinder(recurse=False).find(tilth.TilthError, globs={"tilth": tilth})
    assert example.examples
    run(example)


def run(example: doctest.DocTest) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=flags).run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)
    assert outcome.attempted > 0


@pytest.mark.parametrize("name", sorted(ERRORS - {"TilthError"}))
def test_an_error_is_named_by_what_raises_it(name: str) -> None:
    raised = [
        path
        for path in (Path(tilth.__file__).parent).rglob("*.py")
        if f"{name}: " in path.read_text(encoding="utf-8") and path.name != "errors.py"
    ]
    assert raised, f"no docstring has {name} in its Raises"
