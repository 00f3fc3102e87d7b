"""The tests' end of the exchange: what stands for the code's objects, and how the code's process ends."""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from tilth.tasks.code.sandbox import confine, serve, wire
else:
    import confine
    import serve
    import wire

_LAST_BREATH = 0.5
"""Seconds in which a process that closed its pipes has to end."""


class Ended(BaseException):
    """What ends the tests before their end. The message says why; `cause` in a word for machines."""

    def __init__(self, reason: str, cause: str = "tests-failed") -> None:
        super().__init__(reason)
        self.cause = cause


class Rejected(Ended):
    """The code fails."""


class Undecided(Ended):
    """The tests cannot tell from another process whether it does."""


class Remote:
    """An object of another process, asked where it is.

    Its own word on equality, order or membership is not taken, nor a number that it makes of itself: only
    that it equals nothing, as most objects do, and that it cannot be compared or counted with.
    """

    def __init__(self, peer: CodeProcess, handle: int, kind: str, *, own: bool) -> None:
        object.__setattr__(self, "_remote", (peer, handle, kind, own))

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


def _known(remote: Remote) -> tuple[CodeProcess, int, str, bool]:
    known: tuple[CodeProcess, int, str, bool] = object.__getattribute__(remote, "_remote")
    return known


def _ask(operation: str, remote: Remote, /, *values: Any, **named: Any) -> Any:
    return _known(remote)[0].ask(operation, remote, *values, **named)


def _stop(remote: Remote, name: str) -> NoReturn:
    """Ends the tests: `remote` would decide them by its method `name`."""
    peer, _handle, kind, own = _known(remote)
    peer.stop(peer.decided_by(kind, name, own=own))


def _refusing(name: str) -> Any:
    def refuse(self: Remote, *_: Any) -> NoReturn:
        _stop(self, name)

    return refuse


def _trying(name: str) -> Any:
    """A method that raises what the object's own raises, as "int + list" does; what that gives is refused."""

    def attempt(self: Remote, *others: Any) -> NoReturn:
        _ask("operate", self, name, *others)
        _stop(self, f"__{name}__")

    return attempt


def _equals(self: Remote, other: Any) -> bool:
    if _ask("operate", self, "eq", other):
        _stop(self, "__eq__")
    return False


def _differs(self: Remote, other: Any) -> bool:
    return not _equals(self, other)


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "lshift", "rshift")
_LOGIC = ("and", "or", "xor")
_UNARY = ("neg", "pos", "abs", "invert", "int", "float", "complex", "index", "round", "reversed")
_ORDERING = ("lt", "le", "gt", "ge", "contains")
_REFLECTED = tuple(f"r{name}" for name in (*_BINARY, *_LOGIC))
_REFUSED = ("hash", "instancecheck", "subclasscheck", "await", "aiter", "anext", "enter", "aenter")

for _name in (*_BINARY, *_LOGIC, *_REFLECTED, *_UNARY, *_ORDERING):
    setattr(Remote, f"__{_name}__", _trying(_name))
for _name in _REFUSED:
    setattr(Remote, f"__{_name}__", _refusing(f"__{_name}__"))
Remote.__eq__ = _equals  # type: ignore[method-assign, assignment]
Remote.__ne__ = _differs  # type: ignore[method-assign, assignment]


def _handed_over(what: str) -> Undecided:
    return Undecided(f"the tests hand over {what}")


class CodeProcess(wire.Peer):
    """A process that runs code, as the tests see it.

    Attributes:
        stopped: What ended the tests by way of this process, though they may have caught it.
        asked: Classes of the code that its question or tests name.
        asks: How often anything was asked of it.
    """

    def __init__(self, limits: confine.Limits, uid: int, whose: str, blame: type[Ended]) -> None:
        """Starts the process. What goes wrong with it is told of `whose`, by a `blame`."""
        there, here = os.pipe(), os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                serve.main(there[0], here[1], limits, uid)
            finally:
                os._exit(0)
        os.close(there[0])
        os.close(here[1])
        super().__init__(here[0], there[1])
        self._limits, self._whose, self._blame = limits, whose, blame
        self.stopped: BaseException | None = None
        self.asked: frozenset[str] = frozenset()
        self.asks = 0

    def wait(self) -> None:
        """Returns once the process is confined; raises `confine.Refused` where it could not be."""
        state, why, *_ = self.told()
        if state != "ready":
            raise confine.Refused(why)

    def define(self, before: str, code: str, wanted: list[str], methods: dict[str, str]) -> dict[str, Any]:
        """Runs the code there and gives what there is under the names that are wanted."""
        given = self.ask("define", before, code, wanted, methods)
        if type(given) is not dict:
            self.stop(self._blame(*self._end()))
        return given

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        self.asks += 1
        try:
            return super().ask(operation, *values, **named)
        except wire.Unsendable as error:
            self.stop(_handed_over(str(error)))
        except wire.Withheld as error:
            self.stop(Undecided(f"{self._whose} gives {error}"))
        except wire.Broken:
            self.stop(self.stopped or self._blame(*self._end()))
        except (Rejected, Undecided) as error:
            self.stop(error)
        except (StopIteration, StopAsyncIteration) as error:
            if operation == "next" and isinstance(error, StopIteration):
                raise
            # It would end a loop of the tests (map, zip, filter) as if all of it had passed; cf. PEP 479.
            raise RuntimeError(f"{self._whose} raises {type(error).__name__}") from None

    def stop(self, error: BaseException) -> NoReturn:
        """Ends the tests by `error`; the first one counts."""
        self.stopped = self.stopped or error
        raise error

    def decided_by(self, kind: str, name: str, *, own: bool) -> Ended:
        """What to say where an object of class `kind` would decide a test by its method `name`.

        Where nobody asked for a class, an object of one is no answer; else it may be right.
        """
        whose = f"{self._whose}'s own class" if own else "class"
        reason = f"an object of {whose} {kind!r} would decide itself, by {name}"
        return self._blame(reason) if own and kind not in self.asked else Undecided(reason)

    def carry_out(self, operation: str, values: list[Any], named: dict[str, Any]) -> Any:
        """The code may call a function that the tests gave it, and nothing else."""
        if operation != "call" or not values or type(values[0]) is Remote:
            raise wire.Broken
        function, *others = values
        return function(*others, **named)

    def stand_in(self, handle: int, kind: str, *, own: bool) -> Any:
        return Remote(self, handle, kind, own=own)

    def handle_of(self, value: Any) -> int | None:
        if type(value) is not Remote:
            return None
        server, handle, *_ = _known(value)
        return handle if server is self else None

    def keep(self, value: Any) -> int:
        if isinstance(value, type) or not callable(value):
            raise wire.Unsendable(f"an object of their own, {type(value).__name__!r}")
        return super().keep(value)

    def withheld(self, what: str) -> list[Any]:
        self.stopped = self.stopped or _handed_over(what)
        return super().withheld(what)

    def error(self, names: list[str], arguments: tuple[Any, ...]) -> BaseException:
        if "Exception" not in names:  # sys.exit and the like, which no test expects
            return self._blame(f"{self._whose} raises {names[0] if names else 'an error'}", "code-failed")
        return super().error(names, arguments)

    def _end(self) -> tuple[str, str]:
        """How the process ended, which it does here at the latest, and the cause."""
        deadline = time.monotonic() + _LAST_BREATH
        ended, status, used = os.wait4(self._process, os.WNOHANG)
        while not ended and time.monotonic() < deadline:
            time.sleep(0.001)
            ended, status, used = os.wait4(self._process, os.WNOHANG)
        if not ended:
            os.kill(self._process, signal.SIGKILL)
            os.wait4(self._process, 0)
            return f"{self._whose} breaks off the exchange with its tests", "code-failed"
        code = os.waitstatus_to_exitcode(status)
        ended_by = -code if code < 0 else code - serve.SIGNALLED
        if ended_by <= 0 or signal.strsignal(ended_by) is None:
            return f"{self._whose} ends its process", "code-failed"
        # The kernel counts the time up to a limit in ticks, and tells it more exactly afterwards.
        if ended_by == signal.SIGKILL and used.ru_utime + used.ru_stime > self._limits["cpu"] / 2:
            return f"{self._whose} takes more than {self._limits['cpu']} s of CPU time", "timed-out"
        return f"{self._whose} crashes: {signal.strsignal(ended_by)}", "code-failed"
