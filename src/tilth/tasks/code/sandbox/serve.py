"""The process that runs the code: defines it, and calls what the tests call. It never sees the tests."""

from __future__ import annotations

import builtins
import contextlib
import operator
import os
import re
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tilth.tasks.code.sandbox import confine, wire
else:
    import confine
    import wire

MODULE = "solution"
"""The name the code runs under: no `__main__`, so that what only a script does is left out."""


_CODE = "<code>"
_GIVEN_TO_SCRIPTS = re.compile(r"\binput\(|\bopen\(0\b|\bstdin\b|\bargv\b")
_MADE_BY_A_STATEMENT = 1 << 9
"""Py_TPFLAGS_HEAPTYPE: not one of the interpreter's own, as those of generators and dict views are."""

SIGNALLED = 128
"""With the number of a signal added: how the first process ends where that signal ended the second."""


class Callback:
    """A function of the tests, called where it is."""

    def __init__(self, peer: wire.Peer, handle: int) -> None:
        self._peer, self._handle = peer, handle

    def __call__(self, /, *values: Any, **named: Any) -> Any:
        return self._peer.ask("call", self, *values, **named)


class Server(wire.Peer):
    """The code's end of the exchange."""

    def carry_out(self, operation: str, values: list[Any], named: dict[str, Any]) -> Any:
        return _OPERATIONS[operation](*values, **named)

    def is_own(self, kind: type) -> bool:
        home = sys.modules.get(kind.__module__)
        elsewhere = kind.__module__ != MODULE and getattr(home, kind.__name__, None) is kind
        if elsewhere and not kind.__module__.startswith("unittest."):  # whose ANY equals everything
            return False
        return bool(kind.__flags__ & _MADE_BY_A_STATEMENT)

    def stand_in(self, handle: int, kind: str, *, own: bool) -> Any:
        return Callback(self, handle)

    def handle_of(self, value: Any) -> int | None:
        return value._handle if type(value) is Callback else None  # noqa: SLF001 - of this file


def _define(before: str, code: str, wanted: list[str], methods: dict[str, str]) -> dict[str, Any]:
    """Runs the code and gives the names of it that are wanted, `methods` by what gives them.

    What the question shows runs before it, as far as it runs: imports and helpers that a reply leaves out.
    """
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    names = module.__dict__
    with contextlib.suppress(Exception):  # a question's code need not run
        exec(compile(before, "<question>", "exec"), names)  # noqa: S102 - what this process is for
    shown = dict(names)
    try:
        exec(compile(code, _CODE, "exec"), names)  # noqa: S102 - what this process is for
    except (Exception, SystemExit) as error:
        owners = (method.partition("(")[0] for method in methods.values())
        needed = [*wanted, *owners]
        made = any(name in names and names[name] is not shown.get(name) for name in needed)
        if not (made and _ends_as_a_script(error, code, needed)):
            raise
    for name, method in methods.items():
        names[name] = eval(method, names)  # noqa: S307 - what this process is for
    return {name: names[name] for name in wanted if name in names}


def _ends_as_a_script(error: BaseException, code: str, needed: list[str]) -> bool:
    """Whether it fails at the end that makes it a script: it exits, or wants input, of which there is none.

    That is left out, as what stands behind `if __name__ == "__main__":` is, where nothing that is needed is
    defined behind it.
    """
    lacks = isinstance(error, (ValueError, IndexError, StopIteration)) and _GIVEN_TO_SCRIPTS.search(code)
    if not (lacks or isinstance(error, (EOFError, SystemExit))):
        return False
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename != _CODE:
        step = step.tb_next
    if step is None:
        return False
    rest = "\n".join(code.split("\n")[step.tb_lineno :])
    defines = (
        rf"\b(?:def|class|import|as)\s+{name}\b|\b{name}\s*[:=](?!=)" for name in map(re.escape, needed)
    )
    return not any(re.search(definition, rest) for definition in defines)


_BY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "complex": complex,
    "divmod": divmod,
    "float": float,
    "int": int,
    "pow": pow,
    "reversed": reversed,
    "round": round,
}


def _operate(value: Any, name: str, *others: Any) -> Any:
    """What one of Python's operators gives for a value, by the name of its method: "eq", "radd", "int"."""
    operate = _BY_FUNCTIONS.get(name) or getattr(operator, f"__{name}__", None)
    if operate is None:  # "radd": the value stands on the right
        return _operate(others[0], name[1:], value)
    return operate(value, *others)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "define": _define,
    "call": lambda function, /, *values, **named: function(*values, **named),
    "get attribute": getattr,
    "set attribute": setattr,
    "get item": operator.getitem,
    "set item": operator.setitem,
    "length": len,
    "truth": bool,
    "iterate": iter,
    "next": next,
    "text": str,
    "operate": _operate,
}


def main(reads: int, writes: int, limits: confine.Limits, uid: int) -> None:
    """Confines this process, says whether it could, and serves until it is asked no more."""
    for file in range(3):
        os.dup2(2, file)  # nowhere: what the code prints is not kept
    for file in range(3, 64):
        if file not in (reads, writes):
            try:
                os.close(file)
            except OSError:
                continue
    os.setsid()
    sys.argv = [MODULE]
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # as site has them, which is not loaded
    server = Server(reads, writes)
    try:
        confine.drop(limits, uid)
    except confine.Refused as error:
        server.tell("refused", str(error))
        return
    _go_on_as_second(reads, writes)
    server.tell("ready", "")
    server.serve()


def _go_on_as_second(reads: int, writes: int) -> None:
    """Returns in a second process, and leaves the first to wait for it and to end as it ends.

    The kernel keeps the first process of a namespace from signals that come from within: code that ran in it
    would live on where it kills itself.
    """
    process = os.fork()
    if process == 0:
        return
    os.close(reads)
    os.close(writes)
    ended = 0
    while ended != process:  # what else the code started is its to wait for, when the code has left it
        ended, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else SIGNALLED - code)
