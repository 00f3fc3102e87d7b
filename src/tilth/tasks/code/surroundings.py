"""What tests need beside the code: modules and files, and whether these are there where code is run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_OF_THE_CODE = re.compile(
    r"(?:(?:your|my)_?)?(?:answers?|code|main|module|program|solutions?|submission|file)"
    r"|__main__|candidate|impl|implementation|task"
)
"""Names of modules by which tests mean the code that is tested."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tests need beside the code.

    Attributes:
        lacks: What of it is not there, in words, or None.
        modules: Modules by which they mean the code itself.
        names: What they take from these.
        unused: Modules that are not there and that they import in vain.
    """

    lacks: str | None
    modules: tuple[str, ...]
    names: frozenset[str]
    unused: tuple[str, ...]


NOTHING = Surroundings(None, (), frozenset(), ())


@dataclass(frozen=True, slots=True)
class _Import:
    """One name that an import binds: from which module, as what, and what it takes of it."""

    module: str
    bound: str
    taken: str | None
    relative: bool


def surroundings_of(tree: ast.Module, question: str) -> Surroundings:
    """What the tests of a syntax tree need; `question` may name the file that the code is to be in."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id != "__name__"}
    modules: dict[str, None] = {}
    names: set[str] = set()
    unused: dict[str, None] = {}
    lacking: dict[str, None] = {}
    for one in _imports(tree):
        root = one.module.partition(".")[0]
        if not one.relative and root in sys.stdlib_module_names:
            continue
        if not one.relative and _is_the_code(one.module, question):
            modules[one.module] = None
            names |= {one.taken} if one.taken else _attributes(tree, one.bound)
        elif one.bound in read or one.taken == "*":
            lacking[f"the tests import {'.' * one.relative + one.module!r}"] = None
        else:
            unused[one.module] = None
    for name in _files(tree):
        if name not in question:
            lacking[f"the tests read the file {name!r}"] = None
    lacks = next(iter(lacking), None)
    return Surroundings(lacks, tuple(modules), frozenset(names - {"*"}), tuple(unused))


def _is_the_code(module: str, question: str) -> bool:
    return _OF_THE_CODE.fullmatch(module) is not None or (
        module.isidentifier() and re.search(rf"(?<!\w){module}\.py\b", question) is not None
    )


def _imports(tree: ast.Module) -> Iterator[_Import]:
    """All that is imported, but for what the tests themselves try whether it is there."""
    for node in _untried(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                yield _Import(alias.name, bound, None, relative=False)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                relative = bool(node.level)
                yield _Import(node.module or alias.name, alias.asname or alias.name, alias.name, relative)


def _untried(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but those in the body of a `try` that catches something."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Try) and node.handlers:
            children = [child for child in children if child not in node.body]
        waiting += reversed(children)


def _attributes(tree: ast.Module, module: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module
    }


def _files(tree: ast.Module) -> Iterator[str]:
    """Files that are opened to be read, and that the tests do not write before."""
    opened: dict[str, bool] = {}
    for node in _untried(tree):
        name, reads = _opened(node)
        if name is not None:
            opened[name] = opened.get(name, True) and reads
    yield from (name for name, reads in opened.items() if reads)


def _opened(node: ast.AST) -> tuple[str | None, bool]:
    """The file that a node opens by `open("...")` or `Path("...")`, or None, and whether only to read it."""
    match node:
        case ast.Call(
            func=ast.Name(id="open"), args=[ast.Constant(value=str(name)), *others], keywords=words
        ):
            modes = [*others[:1], *(word.value for word in words if word.arg == "mode")]
            return name, all(
                isinstance(mode, ast.Constant) and str(mode.value).startswith("r") for mode in modes
            )
        case ast.Call(
            func=ast.Attribute(
                attr=what, value=ast.Call(func=ast.Name(id="Path"), args=[ast.Constant(value=str(name))])
            )
        ) if what.startswith(("read_", "write_")):
            return name, what.startswith("read_")
    return None, False
