"""Holds the house order: who may import whom, how long a file may be, and that it says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tilth"
ORDER = (
    "seeds",
    "tasks",
    "teacher",
    "engine",
    "strategies",
    "checks",
    "curate",
    "students",
    "studies",
    "charts",
    "export",
    "demo",
    "jupyter",
    "cli",
)
LONGEST = 400  # lines
FILES = sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def entry_of(path: Path) -> str:
    """The entry of the house that a file belongs to: `seeds.py` is seeds, `tasks/base.py` is tasks."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import of the file, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            anchor = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*anchor, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def breaches(source: str, entry: str, package: tuple[str, ...] = ("tilth",)) -> list[str]:
    found = []
    for line, name in imported(ast.parse(source), package):
        parts = name.split(".")
        if parts[0] != "tilth" or len(parts) == 1:
            continue
        target = parts[1]
        if target == "__version__":
            continue
        if target not in ORDER:
            found.append(f"line {line}: {name}: import from the entry that defines it")
        elif ORDER.index(target) > ORDER.index(entry):
            found.append(f"line {line}: {entry} may not import {target}, which comes later")
    return found


@pytest.mark.parametrize("path", [p for p in FILES if p != SOURCE / "__init__.py"], ids=name_of)
def test_a_file_imports_only_earlier_entries(path: Path) -> None:
    entry = entry_of(path)
    assert entry in ORDER, f"{name_of(path)} belongs to no entry of the house"
    package = ("tilth", *path.relative_to(SOURCE).parent.parts)
    assert breaches(path.read_text(encoding="utf-8"), entry, package) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    if text.strip():
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring, "the file does not say what it is for"
        assert docstring.splitlines()[0].endswith((".", "?", ":")), "the first line is one sentence"


def test_every_entry_of_the_source_tree_has_its_place() -> None:
    assert FILES, "no source was found"
    built = {"static", "labextension", "__pycache__"}
    entries = {p.name.removesuffix(".py") for p in SOURCE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert entries - {"__init__"} - built <= set(ORDER)


@pytest.mark.parametrize(
    ("source", "entry"),
    [
        ("import tilth.jupyter.widgets", "engine"),
        ("from tilth import charts", "students"),
        ("def f():\n    from tilth.engine.run import Run", "tasks"),
        ("from ..engine import run", "teacher"),
        ("from tilth import Budget", "jupyter"),
    ],
)
def test_the_order_is_really_checked(source: str, entry: str) -> None:
    assert len(breaches(source, entry, ("tilth", entry))) == 1


def test_earlier_entries_may_be_imported() -> None:
    source = "from tilth.seeds import Seeds\nfrom tilth.tasks import Task\nimport tilth\nfrom . import budget"
    assert breaches(source, "engine", ("tilth", "engine")) == []
