"""The process that runs the code: defines it, and calls what the tests call. It never sees the tests."""

from __future__ import annotations

import contextlib
import operator
import os
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

    def stand_in(self, handle: int, kind: str) -> Any:
        return Callback(self, handle)

    def handle_of(self, value: Any) -> int | None:
        return value._handle if type(value) is Callback else None  # noqa: SLF001 - of this file


def _define(before: str, code: str, wanted: list[str]) -> dict[str, Any]:
    """Runs the code and gives the names of it that are wanted.

    What the question shows runs before it, as far as it runs: imports and helpers that a reply leaves out.
    """
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module
    names = module.__dict__
    with contextlib.suppress(Exception):  # a question's code need not run
        exec(compile(before, "<question>", "exec"), names)  # noqa: S102 - what this process is for
    exec(compile(code, "<code>", "exec"), names)  # noqa: S102 - what this process is for
    return {name: names[name] for name in wanted if name in names}


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
    server = Server(reads, writes)
    try:
        confine.drop(limits, uid)
    except confine.Refused as error:
        server.tell("refused", str(error))
        return
    server.tell("ready", "")
    server.serve()
