"""`tilth lab` opens JupyterLab on a copy of the first notebook."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from lab import PATIENCE
from playwright.sync_api import Browser

TOKEN = "first-harvest"
FIRST = "01-first-harvest.ipynb"


def test_lab_opens_the_first_notebook(browser: Browser, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        **{f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")},
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    command = [sys.executable, "-m", "tilth.cli", "lab", f"--port={port}", "--no-browser", "--"]
    command += ["--allow-root", f"--IdentityProvider.token={TOKEN}", "--ServerApp.ip=127.0.0.1"]
    with (tmp_path / "log").open("wb") as log:
        lab = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        answers(port, lab, tmp_path / "log")
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://127.0.0.1:{port}/lab/tree/{FIRST}?token={TOKEN}")
        page.locator(".jp-Notebook h1").first.wait_for()
        assert (tmp_path / "tilth-notebooks" / FIRST).is_file()
        page.context.close()
        lab.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            lab.wait(PATIENCE / 1000)
        assert lab.poll() is not None, (tmp_path / "log").read_text()
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            pass  # what ends the command ends its server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(lab.pid, signal.SIGKILL)
        lab.wait()


def answers(port: int, lab: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the server answers; fails with its log where it does not."""
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert lab.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        else:
            return
