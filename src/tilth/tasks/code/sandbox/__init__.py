"""Runs code that nobody has read against tests, in processes of its own that the kernel confines; Linux only.

How it is confined, for each check anew: a process namespace for the tests and one within it for the code,
so that neither sees or outlives the check; no network and no sockets; no files but the standard library
and what it links to, to read, and an empty folder in memory; no environment; no privileges, and no way to
new ones; limits on CPU time, time, memory, files and processes.

What it does not promise:

- It relies on the kernel. Code that exploits a bug of the kernel gets out.
- Memory and CPU time are limited for each process, not for all that the code starts together.
- What anyone may read below the folders of libraries can be read, the version of the kernel too.
- How long something takes can be seen, and measures the machine. The same code may pass a time limit on a
  quick machine and not on a busy one.
- Code that draws at random, or depends on the time, may get another verdict each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from tilth.errors import CannotConfine
from tilth.tasks.base import VerdictName
from tilth.tasks.code.tests import Tests

FOLDER = Path(__file__).parent
_GRACE = 20.0
"""Seconds beyond its limit after which the sandbox itself is taken to be stuck."""

_REMEDY = (
    "Use Linux on x86-64 or 64-bit ARM where namespaces may be made: in a container, with CAP_SYS_ADMIN for "
    "root, or else with a seccomp profile that lets `unshare` and `mount` pass; with sysctl "
    "user.max_user_namespaces above 0; on Ubuntu, with kernel.apparmor_restrict_unprivileged_userns=0. "
    "Or leave out run=True: code is then read, not run."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a check may use.

    Attributes:
        cpu: Seconds of CPU time, for each process.
        seconds: Seconds, for all.
        memory: Bytes of address space, for each process.
        files: Bytes in files, for one and for all.
        processes: Processes and threads that the code may start.
    """

    cpu: int
    seconds: int
    memory: int
    files: int
    processes: int


@dataclass(frozen=True, slots=True)
class Job:
    """Code and the tests it is to pass.

    Attributes:
        before: Code that runs before it: what the question shows.
        helpers: Functions of `before` that the tests use as they stand there.
        entry: The function that the tests' `check` is given, where they have one.
        asked: Classes of the code that its question or tests name.
        question: What the code is to do, or "": it says which names it was told.
        methods: Names that stand for methods of the code's classes, and the expressions that give these.
    """

    code: str
    tests: Tests
    before: str = ""
    helpers: tuple[str, ...] = ()
    entry: str | None = None
    asked: tuple[str, ...] = ()
    question: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)


_PROBE = Job("def f(): return 1", Tests("assert f() == 1", ("f",), (), (), takes=False, calls=()))
_PROBE_LIMITS = Limits(5, 10, 512 * 1024**2, 1024**2, 4)
_possible = False


def require() -> None:
    """Raises `CannotConfine` where code cannot be confined here, by confining some."""
    global _possible  # noqa: PLW0603 - what this system can do stays the same
    if not _possible:
        verdict, _, reason = examine(_PROBE, _PROBE_LIMITS)
        if verdict != "accepted":
            why = str(reason).removeprefix("not run: ")
            raise CannotConfine(f"code cannot be run here: {why}. {_REMEDY}")
        _possible = True


def examine(job: Job, limits: Limits) -> tuple[VerdictName, str | None, str | None]:
    """Runs the tests on the code. Takes as long as they do, at most the limit; from any thread.

    Returns:
        "accepted"; "rejected", with the cause and what failed; or "unverified", with the cause and why the
        tests could not tell or nothing was run.
    """
    if sys.platform != "linux":
        return "unverified", "not-run", f"not run: {sys.platform} cannot confine code"
    from tilth.tasks.code.sandbox import seccomp

    if not seccomp.known():
        return (
            "unverified",
            "not-run",
            f"not run: the system calls of {os.uname().machine} are not known here",
        )
    message = _message(job)
    arguments = (json.dumps(asdict(limits)), str(os.getpid()), "helpers" if message["helpers"] else "")
    try:
        outcome = _exchange(arguments, json.dumps(message), limits.seconds + _GRACE)
    except OSError as error:
        return "unverified", "not-run", f"not run: Python did not start ({error.strerror})"
    if "refused" in outcome:
        return "unverified", "not-run", f"not run: the system refuses {outcome['refused']}"
    return cast("VerdictName", outcome["verdict"]), outcome["cause"], outcome["reason"]


def _message(job: Job) -> dict[str, Any]:
    tests = job.tests
    return {
        "before": job.before,
        "code": job.code,
        "tests": tests.source,
        "wanted": tests.wanted,
        "helpers": [name for name in job.helpers if name in tests.wanted],
        "modules": tests.modules,
        "shadowing": tests.shadowing,
        "entry": job.entry,
        "asked": job.asked,
        "calls": tests.calls,
        "question": job.question,
        "methods": dict(job.methods),
        "of_the_code": tests.around.modules,
        "unused": tests.around.unused,
    }


def _exchange(arguments: tuple[str, ...], message: str, seconds: float) -> Mapping[str, Any]:
    # No site-packages, no environment; sets come in the same order each time.
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", "-S", str(FOLDER), *arguments],
        env={"PYTHONHASHSEED": "0"},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate(message.encode("ascii"), timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"refused": "to end the sandbox in time"}
    finally:
        process.kill()  # the kernel ends all that it started
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
    try:
        outcome: dict[str, Any] = json.loads(told)
    except ValueError:
        return {"refused": "to start Python with no environment and no site-packages"}
    return outcome
