"""Drives a real JupyterLab in Chromium, the way a person would use it."""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, WebSocket

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# JupyterLab lists the kernels every few seconds; jupyter_server 2 answers 500 where one is being started:
# it enters a kernel in its list before it sets when that was last active.
KERNELS_POLLED = re.compile(r"Failed to load resource: .* 500 .*\(http://127\.0\.0\.1:\d+/api/kernels\?\d+\)")
PATIENCE = 60_000
"""Milliseconds that a page may take for any one thing."""
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# The status light says idle before the kernel can be reached, and what is run then is dropped.
KERNEL_READY = """() => {
  const context = window.jupyterapp.shell.currentWidget?.sessionContext;
  const kernel = context?.session?.kernel;
  return context?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""

# One step of the page: in two, a widget that takes the focus between them makes its own cell the active one,
# and that is run instead.
RUN_CELL = """async ([index, wait]) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const ended = window.jupyterapp.commands.execute("notebook:run-cell");
  if (!wait) return true;
  await ended;
  return notebook.widgets[index].model.executionCount !== null;
}"""
# From the notebook itself: it has all of a cell's outputs when the cell has ended, the page draws them later.
OUTPUTS = "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON()"

CLOSE_ALL = "() => { for (const widget of [...window.jupyterapp.shell.widgets('main')]) widget.dispose(); }"


class Server:
    """A JupyterLab server of its own: port, token, settings, workspaces and notebook folder.

    `python` is the command of the interpreter whose JupyterLab it is.
    """

    def __init__(self, home: Path, python: Sequence[str | Path] = (sys.executable,)) -> None:
        self.notebooks = home / "notebooks"
        self.log = home / "server.log"
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self._home = home
        self._python = tuple(map(str, python))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str]) -> None:
        """Starts the server and returns once it answers; raises with its log when it does not."""
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        for folder in [*folders.values(), "notebooks"]:
            (self._home / folder).mkdir(parents=True)
        # The question whether to fetch news would cover the launcher.
        news = (
            self._home
            / "settings"
            / "@jupyterlab"
            / "apputils-extension"
            / "notification.jupyterlab-settings"
        )
        news.parent.mkdir(parents=True)
        news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
        own = {name: str(self._home / folder) for name, folder in folders.items()}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *self._python,
                    *("-m", "jupyterlab", "--no-browser", "--allow-root"),
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.root_dir={self.notebooks}",
                    f"--IdentityProvider.token={self.token}",
                    "--LabApp.expose_app_in_browser=True",
                    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                ],
                env={**environment, **own, "JUPYTER_PREFER_ENV_PATH": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.1)

    def url(self, path: str) -> str:
        """The address of a path of the server; its token stands in a header or in the page's own URL."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def call(self, method: str, path: str) -> bytes:
        """Asks the server's REST API."""
        request = urllib.request.Request(self.url(path), method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=30) as reply:
            return bytes(reply.read())

    def end_kernels(self) -> None:
        """Ends every session and its kernel, so that one test leaves nothing to the next."""
        for session in json.loads(self.call("GET", "api/sessions")):
            self.call("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        """Ends the server and with it its kernels."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            self.call("GET", "api/status")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


@dataclass
class Lab:
    """One JupyterLab page with a workspace of its own, and all that it logged and asked for."""

    page: Page
    server: Server
    screenshots: Path
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, browser: Browser, server: Server, screenshots: Path, scale: float = 1) -> Lab:
        """Opens JupyterLab at its launcher, with `scale` device pixels to one of CSS."""
        context = browser.new_context(
            viewport={"width": 1400, "height": 900}, device_scale_factor=scale, accept_downloads=True
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        lab = cls(page, server, screenshots)
        page.on("console", lab._logged)
        page.on("pageerror", lambda error: lab.console_errors.append(error.stack or str(error)))
        page.on("request", lab._asked)
        page.on("websocket", lab._asked)
        lab.load()
        return lab

    def load(self) -> None:
        """Loads JupyterLab from nothing, at its launcher, in a workspace of its own."""
        workspace = f"lab/workspaces/test-{secrets.token_hex(4)}"
        self.page.goto(f"{self.server.url(workspace)}?token={self.server.token}")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell && window.jupyterapp.serviceManager.isReady"
        )
        self.launcher.wait_for()

    @property
    def launcher(self) -> Locator:
        """The first card of the launcher, which JupyterLab shows where nothing else is open."""
        return self.page.locator(".jp-LauncherCard").first

    def clear(self) -> None:
        """Leaves nothing to the next test: closes what is open, saved or not, and ends the kernels."""
        self.page.evaluate(CLOSE_ALL)
        self.server.end_kernels()
        self.set_theme("light")
        self.launcher.wait_for()
        self.console_errors.clear()
        self.foreign_requests.clear()

    def close(self) -> None:
        """Puts the theme back, ends the kernels and closes the page."""
        self.set_theme("light")
        self.page.context.close()
        self.server.end_kernels()

    def command(self, name: str, wait: bool = True, **arguments: object) -> None:
        """Executes a JupyterLab command; with `wait` until its promise is settled."""
        call = "window.jupyterapp.commands.execute(name, args)"
        # A block body returns nothing, so that the page is not asked to send a widget across.
        body = f"async ([name, args]) => {{ await {call} }}" if wait else f"([name, args]) => {{ {call} }}"
        self.page.evaluate(body, [name, arguments])

    def write_notebook(self, path: str, cells: Sequence[str]) -> str:
        """Puts a notebook with these code cells into the server's folder and returns its path."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        target = self.server.notebooks / path
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
        return path

    def open_notebook(self, path: str) -> None:
        """Opens a notebook of the server's folder and waits for its kernel."""
        self.command("docmanager:open", path=path, factory="Notebook")
        self.wait_for_kernel()

    def new_notebook(self, cells: Sequence[str]) -> str:
        """Writes a notebook with these code cells, opens it, and returns its path."""
        path = self.write_notebook(f"test-{secrets.token_hex(4)}.ipynb", cells)
        self.open_notebook(path)
        return path

    def wait_for_kernel(self) -> None:
        """Waits until the kernel of the open notebook is connected and idle."""
        self.page.wait_for_function(KERNEL_READY, timeout=2 * PATIENCE)

    def restart_kernel(self) -> None:
        """Restarts the kernel of the open notebook without asking."""
        self.page.evaluate(
            "async () => {"
            "  await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
            "}"
        )
        self.wait_for_kernel()

    def run_all(self, wait: bool = True) -> None:
        """Runs every cell; with `wait` until the last one has ended."""
        self.command("notebook:run-all-cells", wait=wait)

    def run_cell(self, index: int, wait: bool = True) -> None:
        """Runs the cell at `index` (from 0); with `wait` until it has ended."""
        if not self.page.evaluate(RUN_CELL, [index, wait]):
            raise RuntimeError(f"the kernel did not run cell {index}")

    def printed(self, index: int) -> str:
        """What the cell at `index` (from 0) has printed; raises what it raised."""
        outputs = self.page.evaluate(OUTPUTS, index)
        for output in outputs:
            if output["output_type"] == "error":
                raise RuntimeError(f"cell {index} raised {output['ename']}: {output['evalue']}")
        streams = [output for output in outputs if output.get("name") == "stdout"]
        return "".join(text for output in streams for text in output["text"])

    def sources(self) -> list[tuple[str, str]]:
        """Type and source of each cell of the open notebook."""
        cells = self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
            ".map(cell => [cell.cell_type, cell.getSource()])"
        )
        return [(kind, source) for kind, source in cells]

    def cell(self, index: int) -> Locator:
        """The cell at `index` (from 0) of the open notebook."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """The outputs of the cell at `index`: wait on these, since a text may also stand in a source."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def save_notebook(self) -> None:
        """Saves the open notebook."""
        self.command("docmanager:save")

    def set_theme(self, theme: str) -> None:
        """Sets JupyterLab's theme, "light" or "dark", and waits until the page wears it."""
        light = "true" if theme == "light" else "false"
        body = self.page.locator("body")
        if body.get_attribute("data-jp-theme-light") != light:
            self.command("apputils:change-theme", theme=THEMES[theme])
            self.page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")
        # JupyterLab shows its splash between two themes; a third that comes before it has gone makes it fail.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def screenshot(self, name: str) -> Path:
        """Saves the page as NAME.png beside the other screenshots of the run."""
        self.screenshots.mkdir(parents=True, exist_ok=True)
        path = self.screenshots / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        return path

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location or {}
            error = f"{message.text} ({place.get('url', '')})"
            if not KERNELS_POLLED.fullmatch(error):
                self.console_errors.append(error)

    def _asked(self, request: Request | WebSocket) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != f"127.0.0.1:{self.server.port}":
            self.foreign_requests.append(request.url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
