"""Takes what defines no function for one: a body whose head the question gives, an import, a method."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from tilth.tasks.base import Reading
from tilth.tasks.code.blocks import FUNCTIONS, MAX_CODE, Function, NoCode, fenced, names_of, parse

_OPEN_HEAD = re.compile(r"^[ \t]*(?:async )?def [^\n]*:[ \t]*\Z", re.MULTILINE)
_INDENTED = re.compile(r"^(?=[ \t]+\S)", re.MULTILINE)
_WORD = re.compile(r"\w+")
_MOST_BLOCKS = 5
_MARGIN = "    "


def is_stub(function: Function) -> bool:
    """Whether a function has no body yet: a docstring, `...`, `pass` or `raise` alone."""
    return all(isinstance(node, ast.Pass | ast.Expr | ast.Raise) for node in function.body)


def opened(question: str) -> str:
    """The question, with a body for a function at its end that has none."""
    question = question.rstrip()
    return f"{question}\n{_MARGIN}..." if _OPEN_HEAD.search(question[-400:]) else question


def completed(reply: str, shown: str) -> Reading | None:
    """The function that a question begins, with the body that a reply consists of; None where it does not.

    A base model writes such a body behind the question (HumanEval, Chen et al., 2107.03374): all of the
    reply, or a block of it, up to a line that is indented less. Functions behind it that it calls are taken
    along.

    Args:
        reply: The text, without marks around the code.
        shown: The code of the question.
    """
    functions = [node for node in parse(shown).body if isinstance(node, FUNCTIONS)]
    if not functions or not is_stub(functions[-1]):
        return None
    head = _head(functions[-1], shown)
    indented = _INDENTED.search(reply)
    parts = [*reversed(fenced(reply)[-_MOST_BLOCKS:]), (0, len(reply))]
    for start, stop in (*parts, (indented.start() if indented else 0, len(reply))):
        part = reply[start:stop]
        first = len(part) - len(part.lstrip())
        if not part.strip() or len(part) > MAX_CODE:
            continue
        place = part.rfind("\n", 0, first) + 1
        for body in _bodies(part[place:].replace("\r\n", "\n").rstrip()):
            if (code := _whole(head, body)) is not None:
                return Reading(code, (start + first, start + len(part.rstrip())))
    return None


def taken_over(reply: str, question: str) -> Reading | None:
    """Code that defines nothing and takes over what the question names, as `from operator import add` does.

    It is the last block, or all of the reply; None where neither does.
    """
    named = words_of(question)
    for start, stop in (*reversed(fenced(reply)[-_MOST_BLOCKS:]), (0, len(reply))):
        part = reply[start:stop]
        code = part.strip()
        if len(code) > MAX_CODE:
            continue
        try:
            functions = names_of(parse(code), named).functions
        except NoCode:
            continue
        if functions:
            first = start + len(part) - len(part.lstrip())
            return Reading(code.replace("\r\n", "\n"), (first, first + len(code)))
    return None


def words_of(question: str) -> frozenset[str]:
    """The words of a question, any of which may be a name that it wants."""
    return frozenset(_WORD.findall(question))


def _head(function: Function, source: str) -> str:
    """A function's decorators and signature, up to where its body begins."""
    lines = source.split("\n")
    start = min([function.lineno, *(one.lineno for one in function.decorator_list)]) - 1
    first = function.body[0]
    last = lines[first.lineno - 1].encode()[: first.col_offset].decode()
    return "\n".join([*lines[start : first.lineno - 1], last]).rstrip()


def _bodies(text: str) -> Iterator[str]:
    """What may be a body in a text, indented as one."""
    if text[0].isspace():
        yield text
    else:
        yield textwrap.indent(text, _MARGIN)
        yield _MARGIN + text  # the white space before its first line is lost


def _whole(head: str, body: str) -> str | None:
    """The head with the body, up to the first line that is none of it, and with the functions it calls."""
    lines = body.split("\n")
    length = next((n for n, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    code = f"{head}\n" + "\n".join(lines[:length]).rstrip()
    try:
        tree = parse(code)
    except NoCode:
        return None
    function = tree.body[-1]
    if not isinstance(function, FUNCTIONS) or not _gives(function):
        return None
    return code + _called("\n".join(lines[length:]), names_of(tree).free)


def _gives(function: Function) -> bool:
    """Whether it returns or yields anything itself, and is not what it holds under its own name."""
    waiting: list[ast.AST] = [*function.body]
    gives = False
    while waiting:
        node = waiting.pop()
        gives = gives or isinstance(node, ast.Return | ast.Yield | ast.YieldFrom)
        if isinstance(node, FUNCTIONS) and node.name == function.name:
            return False
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return gives


def _called(rest: str, free: frozenset[str]) -> str:
    """The functions, classes and imports of a text that bind these names."""
    try:
        nodes = parse(rest).body
    except NoCode:
        return ""
    kept = [
        ast.get_source_segment(rest, node) or ""
        for node in nodes
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom))
        and names_of(ast.Module([node], [])).bound & free
    ]
    return "".join(f"\n\n\n{source}" for source in kept)


def method_for(code: ast.Module, wanted: str) -> str | None:
    """The expression for a method of that name in a class that can be made without arguments, or None."""
    for node in code.body:
        if isinstance(node, ast.ClassDef):
            methods = {one.name: one for one in node.body if isinstance(one, FUNCTIONS)}
            if wanted in methods and ("__init__" not in methods or _takes_none(methods["__init__"])):
                return f"{node.name}().{wanted}"
    return None


def _takes_none(constructor: Function) -> bool:
    arguments = constructor.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return required <= 1 and all(default is not None for default in arguments.kw_defaults)


def public_methods(code: ast.Module) -> list[str]:
    """The methods of the classes, but for those that begin with an underscore."""
    return [
        one.name
        for node in code.body
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, FUNCTIONS) and not one.name.startswith("_")
    ]
