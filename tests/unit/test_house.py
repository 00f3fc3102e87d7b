"""Holds the house order: who may import whom, how long a file may be, and that it says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tilth"
ORDER = (
    "errors",
    "arguments",
    "printable",
    "options",
    "caching",
    "export",
    "seeds",
    "tasks",
    "teacher",
    "strategies",
    "engine",
    "checks",
    "curate",
    "students",
    "studies",
    "advice",
    "demo",
    "charts",
    "jupyter",
    "cli",
)
WINGS = (
    "budget",
    "events",
    "progress",
    "forks",
    "runner",
    "background",
    "file",
    "standing",
    "recipe",
    "growing",
    "planning",
    "quality",
    "provenance",
    "grown",
    "run",
    "live",
    "assembly",
    "start",
    "plan",
    "verify",
)
"""The rooms and files of the engine, in the same way: none imports a later one."""
LONGEST = 400  # lines
COMPUTED = "tilth.(computed)"
FILES = sorted(SOURCE.rglob("*.py"))
LAZY = {
    "__init__.py": "loads public names when they are first used",
    "tasks/__init__.py": "loads its own tasks when they are first used",
    "cli/__init__.py": "loads its own commands when they are called",
    "tasks/code/sandbox/tester.py": "loads modules of the standard library for the tests",
    "tasks/code/sandbox/wire.py": "loads modules of the standard library for values",
}
"""Files that import by computed names, and which."""


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def package_of(path: Path) -> tuple[str, ...]:
    return ("tilth", *path.relative_to(SOURCE).parent.parts)


def place_of(module: str) -> tuple[str, str | None]:
    """The entry of the house that a module belongs to, and its wing in the engine."""
    _, entry, *rest = module.split(".")
    return entry, rest[0] if entry == "engine" and rest else None


def imported(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import of the file, inside functions too.

    That is what `import`, `from` and `import_module` name, and attributes of a bare `import tilth`.
    """
    bare = {"tilth"} if any(_is_bare(node) for node in ast.walk(tree)) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            anchor = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*anchor, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bare:
            yield node.lineno, f"tilth.{node.attr}"
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            named = node.args[0]
            yield node.lineno, named.value if isinstance(named, ast.Constant) else COMPUTED


def _is_bare(node: ast.AST) -> bool:
    return isinstance(node, ast.Import) and any(
        alias.name == "tilth" and alias.asname is None for alias in node.names
    )


def _called(node: ast.Call) -> str | None:
    return getattr(node.func, "attr", getattr(node.func, "id", None))


def public_homes() -> dict[str, str]:
    """Where each public name of `tilth` lives, by the table that its `__init__` loads them from."""
    for node in ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_HOMES":
            homes: dict[str, str] = ast.literal_eval(node.value)
            return homes
    raise AssertionError("tilth/__init__.py has no table of public names")


HOMES = public_homes()


def breaches(source: str, module: str, package: tuple[str, ...] = ("tilth",)) -> list[str]:
    entry, wing = place_of(module)
    found = []
    for line, name in imported(ast.parse(source), package):
        parts = name.split(".")
        if name == COMPUTED:
            found.append(f"line {line}: {name}: write down the module that is imported")
            continue
        if parts[0] != "tilth" or len(parts) == 1 or parts[1].startswith("__"):
            continue
        target, target_wing = place_of(HOMES.get(parts[1], name) if len(parts) == 2 else name)
        if target not in ORDER:
            found.append(f"line {line}: {name}: name the module that is imported")
        elif ORDER.index(target) > ORDER.index(entry):
            found.append(f"line {line}: {entry} may not import {target}, which comes later")
        elif target == entry == "engine" and wing is not None and target_wing is not None:
            if target_wing not in WINGS:
                found.append(f"line {line}: {name}: engine/{target_wing} has no place among the wings")
            elif WINGS.index(target_wing) > WINGS.index(wing):
                found.append(f"line {line}: engine/{wing} may not import engine/{target_wing}")
    return found


@pytest.mark.parametrize("path", [p for p in FILES if p != SOURCE / "__init__.py"], ids=name_of)
def test_a_file_imports_only_earlier_entries(path: Path) -> None:
    module = ".".join([*package_of(path), *([] if path.stem == "__init__" else [path.stem])])
    entry, wing = place_of(module)
    assert entry in ORDER, f"{name_of(path)} belongs to no entry of the house"
    assert wing is None or wing in WINGS, f"{name_of(path)} belongs to no wing of the engine"
    found = breaches(path.read_text(encoding="utf-8"), module, package_of(path))
    assert [breach for breach in found if not (name_of(path) in LAZY and COMPUTED in breach)] == []


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
    ("source", "module"),
    [
        ("import tilth.jupyter.widgets", "tilth.engine.run"),
        ("from tilth import charts", "tilth.students.base"),
        ("def f():\n    from tilth.engine.run import Run", "tilth.tasks.base"),
        ("from ..engine import run", "tilth.teacher.client"),
        ("from tilth import start", "tilth.strategies.base"),
        ("import tilth\nprint(tilth.start)", "tilth.strategies.base"),
        ("import tilth\nprint(tilth.chart)", "tilth.engine.run"),
        ("from importlib import import_module\nimport_module('tilth.cli')", "tilth.engine.run"),
        ("import importlib\nimportlib.import_module(f'tilth.{name}')", "tilth.engine.run"),
        ("from tilth.engine.growing import rows", "tilth.engine.file.queries"),
        ("def f():\n    from tilth.engine.start import start", "tilth.engine.planning.estimate"),
    ],
)
def test_the_order_is_really_checked(source: str, module: str) -> None:
    assert len(breaches(source, module, tuple(module.split(".")[:-1]))) == 1


def test_earlier_entries_may_be_imported() -> None:
    source = (
        "from tilth.seeds import Seeds\nfrom tilth.tasks import Task\nimport tilth\nfrom . import budget\n"
        "print(tilth.read_seeds)"
    )
    assert breaches(source, "tilth.engine.run", ("tilth", "engine")) == []
