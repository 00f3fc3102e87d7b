"""Reads the tests that a reference holds, and what they want of the code."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

from tilth.tasks.code.blocks import BUILT_IN, FUNCTIONS, Names, NoCode, names_of, parse, read_code
from tilth.tasks.code.completing import is_stub, method_for, opened, public_methods
from tilth.tasks.code.surroundings import NOTHING, Surroundings, surroundings_of
from tilth.tasks.references import texts_in

MAX_TESTS = 200_000
"""Characters of tests that are run."""


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests that can be run.

    Attributes:
        source: Python source.
        wanted: Names it reads and does not bind: those of the code.
        modules: Modules of the standard library that it uses and does not import.
        shadowing: Python's own functions that it calls, where it calls no others: one of them may be the
            code's, as in `assert sum(10, 15) == 6`.
        takes: Whether it defines a `check(candidate)` that it leaves to others to call.
        calls: Its functions `test_...()`, for the same.
        around: What it needs beside the code.
    """

    source: str
    wanted: tuple[str, ...]
    modules: tuple[str, ...]
    shadowing: tuple[str, ...]
    takes: bool
    calls: tuple[str, ...]
    around: Surroundings = NOTHING

    @property
    def tested(self) -> str | None:
        """The name by which one function is tested; None where it is not one."""
        if self.takes:
            check = next(node for node in ast.walk(parse(self.source)) if _is_check(node))
            return [*check.args.posonlyargs, *check.args.args][0].arg
        names = {*self.wanted, *self.shadowing}
        return next(iter(names)) if len(names) == 1 else None


def read_tests(reference: str, question: str = "") -> Tests:
    """The tests of a reference: Python source, or a JSON list of lines of it.

    They assert in lines of their own, in functions `test_...()`, or in a function `check(candidate)`, as in
    HumanEval (Chen et al., 2107.03374); MBPP (Austin et al., 2108.07732) has lists of lines.

    `question` tells which of the modules that they import are the code's.

    Raises:
        NoCode: They do not parse, assert nothing, or assert where nothing calls them.
    """
    lines = texts_in(reference)
    source = reference if lines is None else "\n".join(lines)
    if len(source) > MAX_TESTS:
        raise NoCode(f"tests of {len(source):,} characters; at most {MAX_TESTS:,} are run")
    try:
        tree = parse(source)
    except NoCode as error:
        raise NoCode(str(error).replace("the code", "the reference", 1)) from None
    names = names_of(tree)
    outer = [node for node in tree.body if not isinstance(node, (*FUNCTIONS, ast.ClassDef))]
    asserted = any(isinstance(node, ast.Assert) and not _always_holds(node.test) for node in ast.walk(tree))
    called_outside = {name for node in outer for name in _called(node)}
    takes, calls = False, []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name not in called_outside:
            takes = takes or _is_check(node)
            if node.name.startswith("test") and not _required(node):
                calls.append(node.name)
    run = (
        takes or calls or called_outside or any(isinstance(n, ast.Assert) for o in outer for n in ast.walk(o))
    )
    if not (asserted and run):
        raise NoCode("the reference holds no tests: assert lines, test_...() or check(candidate)")
    called = set(_called(tree))
    based = {
        n.value.id for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
    }
    modules = (names.free & based & sys.stdlib_module_names) - called
    shadowing = () if takes or called & names.free else tuple(sorted(called & BUILT_IN - names.bound))
    around = surroundings_of(tree, question)
    wanted = tuple(sorted((names.free - modules) | around.names))
    return Tests(source, wanted, tuple(sorted(modules)), shadowing, takes, tuple(calls), around)


def _always_holds(test: ast.expr) -> bool:
    """Whether an assertion holds whatever the code: assert True; assert (f(2) == 4, "message")."""
    return (isinstance(test, ast.Tuple) and bool(test.elts)) or (
        isinstance(test, ast.Constant) and bool(test.value)
    )


def _required(function: ast.FunctionDef) -> int:
    """How many arguments it cannot be called without."""
    return len(function.args.posonlyargs) + len(function.args.args) - len(function.args.defaults)


def _is_check(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name == "check" and _required(node) == 1


def _called(node: ast.AST) -> list[str]:
    return [n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]


def entry_of(code: Names, question: str) -> str | None:
    """The function that `check` is given: the last that the question defines, or else names, or else any."""
    return next(iter(_preferred(code.functions, question)), None) or (
        code.functions[-1] if code.functions else None
    )


def _preferred(names: Sequence[str], question: str) -> list[str]:
    """Of these, what the question defines or else names, the last first."""
    defined = [name for name in re.findall(r"\bdef +(\w+) *\(", question) if name in names]
    named = set(re.findall(r"\w+", question))
    return (defined or [name for name in names if name in named])[::-1]


def methods_for(answer: str, code: Names, tests: Tests, question: str) -> dict[str, str]:
    """Functions that the tests want and only a class has as methods: by name, what gives the method.

    So the tests of a function hold for a reply that is `class Solution`, too.
    """
    if not code.classes:
        return {}
    tree = parse(answer)
    if tests.takes:
        if _preferred(code.functions, question):
            return {}
        public = public_methods(tree)
        alone = public if len(public) == 1 and not code.functions else []
        wanted = (_preferred(public, question) or alone)[:1]
    else:
        wanted = [name for name in tests.wanted if name not in code.bound]
    found = {name: method_for(tree, name) for name in wanted}
    return {name: method for name, method in found.items() if method}


def asked_for(code: Names, question: str, tests: Tests) -> tuple[str, ...]:
    """The classes of the code that the question or the tests name.

    One in the place of a function, as its small first letter shows, was not asked for.
    """
    named = set(re.findall(r"\w+", f"{question} {tests.source}"))
    of_classes = "class" in named
    return tuple(name for name in code.classes if name in named and (of_classes or name[0].isupper()))


@lru_cache(maxsize=1024)
def shown_by(question: str | None) -> tuple[str, tuple[str, ...]]:
    """The code that a question shows, or "", and the functions of it that are helpers.

    Those have a body and stand before the last, which is the one that is asked for.
    """
    code = read_code(opened(question or "")).answer
    if code is None:
        return "", ()
    functions = [node for node in parse(code).body if isinstance(node, FUNCTIONS)]
    return code, tuple(node.name for node in functions[:-1] if not is_stub(node))
