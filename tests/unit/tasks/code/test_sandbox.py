"""Code that nobody has read: what becomes of it, and what is said where it cannot be confined."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tilth.tasks
from tilth.tasks.code import sandbox
from tilth.tasks.code.tests import read_tests

SOURCE = Path(tilth.tasks.__file__).parents[2]
PROGRAMS = tomllib.loads((Path(__file__).parent / "code_hostile.toml").read_text("utf-8"))
LEFT = f"left-behind-{os.getpid()}"
MEGABYTE = 1024**2

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="code is run on Linux only")


def examine(code, tests="assert f(3) == 4", cpu=5, seconds=20, **named):
    limits = sandbox.Limits(cpu, seconds, 256 * MEGABYTE, 8 * MEGABYTE, 6)
    return sandbox.examine(sandbox.Job(code, read_tests(tests), **named), limits)


def processes(parent: int) -> list[int]:
    """The processes of sandboxes that `parent` started, whoever they belong to by now."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            if str(sandbox.FOLDER).encode() in words and str(parent).encode() in words:
                found.append(int(folder.name))
    return found


def wait_until(true, seconds=120.0):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()


@pytest.fixture(scope="module")
def world(confined, tmp_path_factory):
    """What programs reach for: a port that listens, a file, a secret in the environment."""
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_text("secret")
    outside.chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.MonkeyPatch.context() as patch:
        listener.settimeout(0)
        patch.setenv("TILTH_SECRET", "canary-secret")
        yield (
            listener,
            {
                "{port}": str(listener.getsockname()[1]),
                "{outside}": str(outside),
                "{left}": LEFT,
                "{pid}": str(os.getpid()),
                "{clone}": {"x86_64": "56", "aarch64": "220"}[platform.machine()],
            },
        )


@pytest.fixture(scope="module")
def verdicts(world):
    """What came of each program; four at a time, as checks run in threads."""

    def run(program):
        code = program["code"]
        for name, value in world[1].items():
            code = code.replace(name, value)
        limits = {name: program[name] for name in ("cpu", "seconds") if name in program}
        return examine(code, program.get("tests", "assert f(3) == 4"), **limits)

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(PROGRAMS, pool.map(run, PROGRAMS.values()), strict=True))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_hostile_program_ends_as_it_should(verdicts, name):
    program = PROGRAMS[name]
    assert verdicts[name] == (program["verdict"], program.get("cause"), program.get("reason"))


def test_hostile_programs_leave_nothing_and_reach_nobody(verdicts, world):
    assert processes(os.getpid()) == []
    with pytest.raises(BlockingIOError):
        world[0].accept()
    assert not any((Path(folder) / LEFT).exists() for folder in ("/", "/tmp", Path.cwd(), sandbox.FOLDER))
    assert Path(world[1]["{outside}"]).read_text() == "secret"


def test_at_least_thirty_programs_are_tried():
    assert len(PROGRAMS) >= 30


def test_a_check_ends_with_the_process_that_asked_for_it(confined):
    script = (
        "from tests.unit.tasks.code.test_sandbox import examine\n"
        "print('ready', flush=True)\n"
        "examine('import time\\ndef f(x): time.sleep(60)', seconds=60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), *sys.path])}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        wait_until(lambda: len(processes(parent.pid)) >= 4)  # the sandbox, the tests, the code's two
        parent.kill()
    wait_until(lambda: processes(parent.pid) == [])


def test_an_interrupted_check_leaves_no_process(confined):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            examine("import time\ndef f(x): time.sleep(60)", seconds=60)
    finally:
        signal.signal(signal.SIGALRM, before)
    wait_until(lambda: processes(os.getpid()) == [])


def test_the_same_code_gets_the_same_order_of_a_set_each_time(confined):
    code = "def f(x): return list({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})"
    verdicts = {examine(code, "assert f(3)\nraise ValueError(f(3))") for _ in range(3)}
    assert len(verdicts) == 1
    assert "'a'" in verdicts.pop()[2]


@linux_only
def test_where_the_kernel_refuses_nothing_is_run():
    # The filter that confines code denies namespaces: what has it on is a system that has none.
    script = (
        "import ctypes\n"
        "from tilth.tasks import Code\n"
        "from tilth.tasks.code import sandbox\n"
        "from tilth.tasks.code.sandbox import seccomp\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.prctl(38, 1, 0, 0, 0)\n"
        "assert seccomp.install(libc)\n"
        "task = object.__new__(Code)\n"  # as a pickle from elsewhere brings it
        "task.__dict__.update(vars(Code()), run=True)\n"
        "print(task.check('def f(x): return 4', 'assert f(3) == 4'))\n"
        "try:\n"
        "    Code(run=True)\n"
        "except sandbox.CannotConfine as error:\n"
        "    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    verdict, error = run.stdout.splitlines()
    assert "verdict='unverified'" in verdict
    assert "not run: the system refuses" in verdict
    assert error.startswith("code cannot be run here: the system refuses ")
    assert "(Operation not permitted)" in error
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in error
    assert "leave out run=True" in error


@pytest.mark.skipif(sys.platform == "linux", reason="Linux can confine code")
def test_other_systems_are_refused():
    with pytest.raises(sandbox.CannotConfine, match=sys.platform):
        sandbox.require()
