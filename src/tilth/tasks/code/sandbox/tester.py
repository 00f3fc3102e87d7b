"""The process that runs the tests: it calls the code in another process, and says what came of it."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from tilth.tasks.code.sandbox import confine
    from tilth.tasks.code.sandbox.remote import CodeProcess, Rejected, Undecided
else:
    import confine
    from remote import CodeProcess, Rejected, Undecided

_LONGEST_REASON = 200
_TESTS = "<tests>"


def main(result: int, limits: confine.Limits, uid: int, *, helpers: bool) -> None:
    """Starts the other processes, runs the tests and writes what came of it, or `{"refused"}`.

    No process has the tests in its memory that runs what the tests are for: it starts before they are
    read. Helpers that the question shows run in a third process, for it may be written by a model, too.
    """
    os.setsid()
    try:
        aside = CodeProcess(limits, uid, "the question's own code", Undecided) if helpers else None
        confine.new_process_namespace()
        code = CodeProcess(limits, uid, "the code", Rejected)
        confine.drop(limits, uid)
        for server in (code, aside):
            if server:
                server.wait()
    except confine.Refused as error:
        outcome: dict[str, str | None] = {"refused": str(error)}
    else:
        job = json.loads(_everything(0))
        os.dup2(2, 0)
        os.dup2(2, 1)
        sys.setrecursionlimit(5_000)  # a message may be nested more deeply than what the code could make
        verdict, cause, reason = _outcome(code, aside, job)
        outcome = {"verdict": verdict, "cause": cause, "reason": None if reason is None else _short(reason)}
    os.write(result, json.dumps(outcome).encode("ascii"))


def _everything(file: int) -> bytes:
    parts = []
    while part := os.read(file, 65_536):
        parts.append(part)
    return b"".join(parts)


def _outcome(
    code: CodeProcess, aside: CodeProcess | None, job: dict[str, Any]
) -> tuple[str, str | None, str | None]:
    try:
        try:
            _run(code, aside, job)
        finally:
            for server in (aside, code):
                if server and server.stopped:
                    raise server.stopped
    except Rejected as error:
        return "rejected", error.cause, str(error)
    except Undecided as error:
        return "unverified", "untestable", str(error)
    return "accepted", None, None


def _run(code: CodeProcess, aside: CodeProcess | None, job: dict[str, Any]) -> None:
    try:
        compiled = compile(job["tests"], _TESTS, "exec")
    except (SyntaxError, ValueError) as error:
        raise Undecided(f"the tests do not compile: {_message(error)}") from None
    code.asked = frozenset(job["asked"])
    wanted = [*job["wanted"], *job["shadowing"], *([job["entry"]] if job["entry"] else [])]
    try:
        given = code.define(job["before"], job["code"], wanted, job["methods"])
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises
        raise Rejected(f"the code raises {_message(error)}", "code-failed") from None
    names: dict[str, Any] = {name: importlib.import_module(name) for name in job["modules"]}
    names |= {name: given[name] for name in job["wanted"] if name in given}
    shadowing = [name for name in job["shadowing"] if name in given]
    if len(shadowing) == 1:
        names[shadowing[0]] = given[shadowing[0]]
    if aside:
        names |= aside.define(job["before"], "", job["helpers"], {})
    names["__name__"] = "tests"

    def refuse(name: str) -> NoReturn:
        raise _undefined(name, job["question"], [one for one in wanted if one in given])

    for name in job["of_the_code"]:
        _serve(name, {one: given[one] for one in job["wanted"] if one in given}, refuse)
    for name in job["unused"]:
        _serve(name, {}, lambda _: object())
    if job["entry"] and job["entry"] not in given:
        refuse(job["entry"])
    asks = code.asks
    try:
        exec(compiled, names)  # noqa: S102 - what this process is for
        if job["entry"]:
            names["check"](given[job["entry"]])
        for name in job["calls"]:
            names[name]()
    except NameError as error:
        if error.name is not None and error.name in wanted:
            refuse(error.name)
        raise Rejected(_failure(error, job["tests"])) from None
    except (ImportError, OSError) as error:
        if _is_of_the_tests(error) and os.path.basename(_file(error)) not in job["question"]:
            raise Undecided(f"the tests need what is not here: {_failure(error, job['tests'])}") from None
        raise Rejected(_failure(error, job["tests"])) from None
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises
        raise Rejected(_failure(error, job["tests"])) from None
    except SystemExit:
        raise Undecided("the tests end their own process") from None
    if code.asks == asks and given and all(map(callable, given.values())):  # as in `if __name__ == ...`
        raise Undecided("the tests call nothing of the code")


def _serve(name: str, contents: dict[str, Any], other: Callable[[str], Any]) -> None:
    """Lets the tests import a module of that name; `other` gives what it does not contain."""

    def get(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return other(attribute)

    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        module = ModuleType(".".join(parts[:length]))
        module.__path__ = []
        module.__dict__.update(contents, __getattr__=get)
        sys.modules[module.__name__] = module


def _undefined(name: str, question: str, defined: list[str]) -> BaseException:
    """What to say of a name that the tests use and the code does not define: whose fault that is."""
    if question and defined and not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question):
        return Undecided(f"the tests use {name!r}, which the question does not name")
    return Rejected(f"the code does not define {name!r}")


def _is_of_the_tests(error: BaseException) -> bool:
    """Whether the tests raised an error themselves: what the code raises comes out of the exchange."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is None or os.path.dirname(step.tb_frame.f_code.co_filename) != os.path.dirname(__file__)


def _file(error: BaseException) -> str:
    """The name of the file that an error is about, or what is in no question."""
    named = getattr(error, "filename", None)
    return named if isinstance(named, str) else "\x00"


def _failure(error: Exception, tests: str) -> str:
    """What went wrong, with the line of the tests where it did."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == _TESTS:
            line = step.tb_lineno
        step = step.tb_next
    text = "".join(re.split(r"\r\n|\r|\n", tests)[line - 1 : line]).strip()
    if isinstance(error, AssertionError):
        return f"fails: {text}"
    return f"{_message(error)}, at: {text}"


def _message(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text[:100]}" if text else type(error).__name__


def _short(reason: str) -> str:
    reason = re.sub(r" at 0x[0-9a-fA-F]+", "", reason)  # another one each time
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."
