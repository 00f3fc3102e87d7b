"""The server's process: shared, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.processes import PATIENCE, listening, reads_proc, running, until

from tilth import demo
from tilth.demo import process

_PARENT = """
import sys, time
from tilth.demo.process import shared
server = shared()
assert shared() is server
print(server.pid, server.base_url, flush=True)
sys.stdin.read()
"""

_FORKING_PARENT = """
import os, sys, time
from tilth.demo.process import shared
server = shared()
if os.fork() == 0:
    assert not server.alive
    server.close()
    sys.stdin.read()
    os._exit(0)
print(server.pid, server.base_url, flush=True)
sys.stdin.read()
"""


def start(code: str) -> tuple[subprocess.Popen[str], int, str]:
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    pid, base_url = parent.stdout.readline().split()
    return parent, int(pid), base_url


@reads_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("code", [_PARENT, _FORKING_PARENT], ids=["alone", "forked"])
def test_it_ends_with_its_parent(how: signal.Signals, code: str) -> None:
    parent, pid, base_url = start(code)
    assert running(pid)
    assert listening(base_url)
    # Our end of the parent's own standard input stays open, so that a fork of it outlives it here.
    parent.send_signal(how)
    parent.wait(PATIENCE)
    assert until(lambda: not running(pid))
    assert not listening(base_url)
    parent.communicate()


@reads_proc
def test_it_ends_when_its_parent_exits() -> None:
    parent, pid, base_url = start(_PARENT)
    parent.communicate()
    assert parent.returncode == 0
    assert until(lambda: not running(pid))
    assert not listening(base_url)


def test_it_ends_with_its_context() -> None:
    with demo.serve() as server:
        assert server.alive
        assert listening(server.base_url)
        assert "simulated" in repr(server)
    assert not server.alive
    assert not listening(server.base_url)
    server.close()


def test_the_shared_server_is_started_again_after_it_died() -> None:
    first = process.shared()
    os.kill(first.pid, signal.SIGKILL)
    assert until(lambda: not first.alive)
    second = process.shared()
    assert second.pid != first.pid
    assert listening(second.base_url)
    assert process.shared() is second


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=rf"127\.0\.0\.1, port {port}: .*in use"), demo.serve(port):
            pass


def test_a_working_folder_with_foreign_modules_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not the json you wanted')")
    monkeypatch.chdir(tmp_path)
    with demo.serve() as server:
        assert listening(server.base_url)


def test_by_hand_it_serves_until_interrupted() -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "tilth.demo.server"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    announced = server.stdout.readline()
    assert "simulation" in announced
    assert "/v1" in announced
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    assert errors == ""
