"""A JupyterLab server, a Chromium and a page for the whole session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import ARGUMENTS, PATIENCE, Lab, Server
from playwright.sync_api import Browser, Dialog, expect, sync_playwright

# A page on a busy machine takes its time; what never comes is told all the same.
expect.set_options(timeout=PATIENCE)
CHROMIUM = Path(os.environ.get("TILTH_CHROMIUM", "/usr/bin/chromium"))
# A test that runs in a proxied environment must still see 127.0.0.1, and nothing of the user's Jupyter.
DROPPED = ("JUPYTER", "IPYTHON", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: $TILTH_SCREENSHOTS, or a folder of the test session."""
    named = os.environ.get("TILTH_SCREENSHOTS")
    return Path(named) if named else tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that the system has; none is downloaded."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is not there; install Chromium or set TILTH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running JupyterLab."""
    server = Server(tmp_path_factory.mktemp("jupyter"))
    server.start({name: value for name, value in os.environ.items() if not name.startswith(DROPPED)})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def idle_labs() -> Iterator[list[Lab]]:
    """Pages that no test uses: none or one."""
    labs: list[Lab] = []
    yield labs
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(
    browser: Browser,
    server: Server,
    screenshots: Path,
    idle_labs: list[Lab],
    request: pytest.FixtureRequest,
) -> Iterator[Lab]:
    """JupyterLab at its launcher.

    The tests of a session take turns at one page, since loading it takes longer than many tests do. A page
    that a failed test leaves is not used again.
    """
    lab = idle_labs.pop() if idle_labs else Lab.open(browser, server, screenshots)
    failures = request.session.testsfailed
    yield lab
    if request.session.testsfailed > failures:
        lab.screenshot(f"failed-{request.node.name}")
        lab.close()
    else:
        lab.clear()
        idle_labs.append(lab)


@pytest.fixture
def quiet(lab: Lab) -> Iterator[None]:
    """Holds a test to it that the page logs no error, opens no dialog, and asks nobody but its server."""
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    lab.page.on("dialog", refuse)
    yield
    lab.page.remove_listener("dialog", refuse)
    assert lab.console_errors == []
    assert lab.foreign_requests == []
    assert dialogs == []
