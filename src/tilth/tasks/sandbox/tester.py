"""The process that runs the tests: it calls the code in another process, and says what came of it."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from tilth.tasks.sandbox import confine, serve, wire
else:
    import confine
    import serve
    import wire

_LONGEST_REASON = 200
_TESTS = "<tests>"
_LAST_BREATH = 0.5
"""Seconds in which a process that closed its pipes has to end."""


class Rejected(BaseException):
    """The code fails; the message says how."""


class Unjudged(BaseException):
    """The tests cannot be judged from another process; the message says why."""


class Remote:
    """An object of the code, asked where it is. Its own word on equality or order is not taken."""

    def __init__(self, peer: Tester, number: int, kind: str) -> None:
        object.__setattr__(self, "_remote", (peer, number, kind))

    def __call__(self, /, *values: Any, **named: Any) -> Any:
        return _ask("call", self, *values, **named)

    def __getattr__(self, name: str) -> Any:
        return _ask("get attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask("set attribute", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return _ask("get item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask("set item", self, key, value)

    def __len__(self) -> int:
        return int(_ask("length", self))

    def __bool__(self) -> bool:
        return bool(_ask("truth", self))

    def __iter__(self) -> Any:
        return _ask("iterate", self)

    def __next__(self) -> Any:
        return _ask("next", self)

    def __str__(self) -> str:
        return str(_ask("text", self))

    __repr__ = __str__


def _ask(operation: str, remote: Remote, /, *values: Any, **named: Any) -> Any:
    peer: Tester = object.__getattribute__(remote, "_remote")[0]
    return peer.ask(operation, remote, *values, **named)


def _refuse(name: str) -> Any:
    def refuse(self: Remote, *_: Any) -> NoReturn:
        peer: Tester
        peer, _, kind = object.__getattribute__(self, "_remote")
        peer.stop(Unjudged(f"an object of the code's own class {kind!r} would judge itself, by {name}"))

    return refuse


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "lshift", "rshift")
_LOGIC = ("and", "or", "xor")
_UNARY = ("neg", "pos", "abs", "invert", "int", "float", "complex", "index", "round", "reversed")
_COMPARING = ("eq", "ne", "lt", "le", "gt", "ge", "hash", "contains", "instancecheck", "subclasscheck")
_WAITING = ("await", "aiter", "anext", "enter", "aenter")
_REFLECTED = tuple(f"r{name}" for name in (*_BINARY, *_LOGIC))

for _name in (*_BINARY, *_LOGIC, *_REFLECTED, *_UNARY, *_COMPARING, *_WAITING):
    setattr(Remote, f"__{_name}__", _refuse(f"__{_name}__"))


class Tester(wire.Peer):
    """The tests' end of the exchange."""

    stopped: BaseException | None = None
    """What ended the tests, though they may have caught it."""

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        try:
            return super().ask(operation, *values, **named)
        except wire.Unsendable as error:
            self.stop(Unjudged(f"the tests hand over {error}"))
        except (Rejected, Unjudged, wire.Broken) as error:
            self.stop(error)

    def stop(self, error: BaseException) -> NoReturn:
        """Ends the tests by `error`; the first one counts."""
        self.stopped = self.stopped or error
        raise error

    def wait_for_code(self) -> None:
        """Returns once the code's process is confined; raises `confine.Refused` where it could not be."""
        state, why, *_ = self.told()
        if state != "ready":
            raise confine.Refused(why)

    def carry_out(self, operation: str, values: list[Any], named: dict[str, Any]) -> Any:
        """The code may call a function that the tests gave it, and nothing else."""
        if operation != "call" or not values or isinstance(values[0], Remote):
            raise wire.Broken
        function, *others = values
        return function(*others, **named)

    def stand_in(self, number: int, kind: str) -> Any:
        return Remote(self, number, kind)

    def number_of(self, value: Any) -> int | None:
        if type(value) is not Remote:
            return None
        number: int = object.__getattribute__(value, "_remote")[1]
        return number

    def keep(self, value: Any) -> int:
        if isinstance(value, type) or not callable(value):
            raise wire.Unsendable(f"an object of their own, {type(value).__name__!r}")
        return super().keep(value)

    def error(self, names: list[str], arguments: tuple[Any, ...]) -> BaseException:
        if names[:1] == ["Unsendable"]:
            return Unjudged(f"the code gives {' '.join(map(str, arguments))}")
        if "Exception" not in names:  # sys.exit and the like, which no test expects
            return Rejected(f"the code raises {names[0] if names else 'an error'}")
        return super().error(names, arguments)


def main(result: int, limits: confine.Limits, uid: int) -> None:
    """Starts the code's process, runs the tests and writes `{"verdict", "reason"}` or `{"refused"}`."""
    os.setsid()
    to_code, from_code = os.pipe(), os.pipe()
    try:
        confine.new_process_namespace()
        process = os.fork()
        if process == 0:
            try:
                serve.main(to_code[0], from_code[1], limits, uid)
            finally:
                os._exit(0)
        os.close(to_code[0])
        os.close(from_code[1])
        confine.drop(limits, uid)
        peer = Tester(from_code[0], to_code[1])
        peer.wait_for_code()
    except confine.Refused as error:
        outcome: dict[str, str | None] = {"refused": str(error)}
    else:
        job = json.loads(_everything(0))
        os.dup2(2, 0)
        os.dup2(2, 1)
        sys.setrecursionlimit(5_000)  # a message may be nested more deeply than what the code could make
        verdict, reason = _outcome(peer, job, process, limits)
        outcome = {"verdict": verdict, "reason": None if reason is None else _short(reason)}
    os.write(result, json.dumps(outcome).encode("ascii"))


def _everything(file: int) -> bytes:
    parts = []
    while part := os.read(file, 65_536):
        parts.append(part)
    return b"".join(parts)


def _outcome(
    peer: Tester, job: dict[str, Any], process: int, limits: confine.Limits
) -> tuple[str, str | None]:
    try:
        try:
            _run(peer, job)
        finally:
            if peer.stopped:
                raise peer.stopped
    except Rejected as error:
        return "rejected", str(error)
    except Unjudged as error:
        return "unverified", str(error)
    except wire.Broken:
        return "rejected", _end_of(process, limits)
    return "accepted", None


def _run(peer: Tester, job: dict[str, Any]) -> None:
    names: dict[str, Any] = {name: importlib.import_module(name) for name in job["modules"]}
    names["__name__"] = "tests"
    if job["helpers"]:
        try:
            exec(compile(job["before"], "<question>", "exec"), names)  # noqa: S102 - what this process is for
        except Exception as error:  # noqa: BLE001 - whatever foreign code raises
            raise Unjudged(f"the question's own code does not run: {_message(error)}") from None
    try:
        compiled = compile(job["tests"], _TESTS, "exec")
    except (SyntaxError, ValueError) as error:
        raise Unjudged(f"the tests do not compile: {_message(error)}") from None
    wanted = [*job["wanted"], *job["shadowing"], *([job["entry"]] if job["entry"] else [])]
    try:
        given = peer.ask("define", job["before"], job["code"], wanted)
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises
        raise Rejected(f"the code raises {_message(error)}") from None
    shadowing = [name for name in job["shadowing"] if name in given]
    names |= {name: given[name] for name in job["wanted"] if name in given and name not in job["helpers"]}
    if len(shadowing) == 1:
        names[shadowing[0]] = given[shadowing[0]]
    if job["entry"] and job["entry"] not in given:
        raise Rejected(f"the code does not define {job['entry']!r}")
    try:
        exec(compiled, names)  # noqa: S102 - what this process is for
        if job["entry"]:
            names["check"](given[job["entry"]])
        for name in job["calls"]:
            names[name]()
    except NameError as error:
        if error.name in wanted:
            raise Rejected(f"the code does not define {error.name!r}") from None
        raise Rejected(_failure(error, job["tests"])) from None
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises
        raise Rejected(_failure(error, job["tests"])) from None
    except SystemExit:
        raise Unjudged("the tests end their own process") from None


def _failure(error: Exception, tests: str) -> str:
    """What went wrong, with the line of the tests where it did."""
    line, step = "", error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == _TESTS:
            line = tests.splitlines()[step.tb_lineno - 1].strip()
        step = step.tb_next
    if isinstance(error, AssertionError):
        return f"fails: {line}"
    return f"{_message(error)}, at: {line}"


def _message(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text[:100]}" if text else type(error).__name__


def _short(reason: str) -> str:
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."


def _end_of(process: int, limits: confine.Limits) -> str:
    """How the code's process ended, which it does here at the latest."""
    deadline = time.monotonic() + _LAST_BREATH
    ended, status, used = os.wait4(process, os.WNOHANG)
    while not ended and time.monotonic() < deadline:
        time.sleep(0.001)
        ended, status, used = os.wait4(process, os.WNOHANG)
    if not ended:
        os.kill(process, signal.SIGKILL)
        os.wait4(process, 0)
        return "the code breaks off the exchange with its tests"
    if not os.WIFSIGNALED(status):
        return "the code ends its process"
    # The kernel counts the time up to a limit in ticks, and tells it more exactly afterwards.
    if os.WTERMSIG(status) == signal.SIGKILL and used.ru_utime + used.ru_stime > limits["cpu"] / 2:
        return f"the code takes more than {limits['cpu']} s of CPU time"
    return f"the code crashes: {signal.strsignal(os.WTERMSIG(status))}"
