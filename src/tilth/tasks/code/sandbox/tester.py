"""The process that runs the tests: it calls the code in another process, and says what came of it."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
        given = code.define(job["before"], job["code"], wanted)
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises
        raise Rejected(f"the code raises {_message(error)}", "code-failed") from None
    names: dict[str, Any] = {name: importlib.import_module(name) for name in job["modules"]}
    names |= {name: given[name] for name in job["wanted"] if name in given}
    shadowing = [name for name in job["shadowing"] if name in given]
    if len(shadowing) == 1:
        names[shadowing[0]] = given[shadowing[0]]
    if aside:
        names |= aside.define(job["before"], "", job["helpers"])
    names["__name__"] = "tests"
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
        raise Undecided("the tests end their own process") from None


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
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 3] + "..."
