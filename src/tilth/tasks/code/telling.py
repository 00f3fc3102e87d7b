"""Whether tests say little: whether they want one result alone, as a function gives that does nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tilth.tasks.code.blocks import FUNCTIONS

_REPEATED = (
    *(ast.For, ast.AsyncFor, ast.While, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_OF_A_TYPE = "of a type"


def little_said(tests: str, tested: str, code: str, question: str) -> str | None:
    """What makes little of it that code passes its tests; None where they want more than one result of it.

    It is told where the tests ask for a type alone, where the code does return a constant, and where the
    question shows all that is called: elsewhere it takes luck to meet even one test.

    Args:
        tests: Source, which parses.
        tested: The name by which the tests call the function.
        code: Source that passed them, which parses; its function may bear another name.
        question: What the code is to do, which may show calls of it by another name, too.
    """
    try:
        return _little_said(tests, tested, code, question)
    except RecursionError:  # what parses may still be nested too deeply to be written
        return None


def _little_said(tests: str, tested: str, code: str, question: str) -> str | None:
    calls = _calls_in(ast.parse(tests), tested)
    wanted = {result for _, result in calls} - {_OF_A_TYPE}
    if not calls or len(wanted) > 1:
        return None
    if not wanted:
        return "its tests ask for a type alone, which a constant has, too"
    many = "one test" if len(calls) == 1 else f"{len(calls)} tests that want one result"
    if _returns_a_constant(ast.parse(code), tested):
        return f"it returns a constant whatever it is given, and passes {many}"
    shown = _bare(question)
    if all(_bare(_arguments(call)) in shown for call, _ in calls):
        return f"it passes {many}, shown in the question: a constant would pass, too"
    return None


def _calls_in(tests: ast.Module, tested: str) -> list[tuple[ast.Call, str]]:
    """The calls that are asserted, each with the result that is wanted of it; none where there are others."""
    found: list[tuple[ast.Call, str]] = []
    for condition in _conditions(tests):
        calls = [node for node in ast.walk(condition) if _calls(node, tested)]
        if len(calls) == 1 and isinstance(calls[0], ast.Call):
            found.append((calls[0], _wanted(condition, calls[0], len(found))))
    everywhere = sum(_calls(node, tested) for node in ast.walk(tests))
    repeated = any(
        _calls(node, tested)
        for loop in ast.walk(tests)
        if isinstance(loop, _REPEATED)
        for node in ast.walk(loop)
    )
    return [] if repeated or everywhere != len(found) else found


def _conditions(tests: ast.Module) -> Iterator[ast.expr]:
    """What is asserted, "and" taken apart."""
    waiting = [node.test for node in ast.walk(tests) if isinstance(node, ast.Assert)]
    while waiting:
        condition = waiting.pop()
        if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
            waiting += condition.values
        else:
            yield condition


def _calls(node: ast.AST, tested: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == tested


def _wanted(condition: ast.expr, call: ast.Call, number: int) -> str:
    """The result that a condition wants of a call; what cannot be told is one of its own."""
    match condition:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            other = right if left is call else left
            if call in (left, right) and (value := _literal(other)) is not None:
                return value
            if ast.unparse(left) == f"type({ast.unparse(call)})":
                return _OF_A_TYPE
        case ast.Call(func=ast.Name(id="isinstance"), args=[given, _]) if given is call:
            return _OF_A_TYPE
        case ast.UnaryOp(op=ast.Not(), operand=operand) if operand is call:
            return "False"
        case _ if condition is call:
            return "True"
    return f"result {number}"


def _literal(node: ast.expr) -> str | None:
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _returns_a_constant(code: ast.Module, tested: str) -> bool:
    """Whether the function has parameters, reads none of them, and returns one literal."""
    functions = [node for node in ast.walk(code) if isinstance(node, FUNCTIONS)]
    function = next((one for one in functions if one.name == tested), functions[-1] if functions else None)
    if function is None:
        return False
    nodes = list(ast.walk(function))
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    given = {_literal(node.value) for node in nodes if isinstance(node, ast.Return) and node.value}
    return bool(parameters) and not parameters & read and len(given) == 1 and None not in given


def _arguments(call: ast.Call) -> str:
    return f"({', '.join(map(ast.unparse, (*call.args, *(word.value for word in call.keywords))))})"


def _bare(text: str) -> str:
    """A text without white space, and with quotes of one kind."""
    return re.sub(r"\s", "", text).replace('"', "'")
