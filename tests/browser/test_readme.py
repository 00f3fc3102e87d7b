"""Takes the README's picture: `TILTH_SCREENSHOTS=.github/images pytest tests/browser -k readme`."""

from __future__ import annotations

import struct
from pathlib import Path

from lab import Lab, Server
from playwright.sync_api import Browser, expect
from workbench import open_bench

# A README is about 900 pixels wide, so that this is sharp on a dense screen too.
WIDTH, HEIGHT, SCALE = 1400, 870, 1.4
SOURCE = """\
import tilth

workbench = tilth.Workbench(strategy="question-rephrase", budget=4_000)
workbench"""


def test_readme_picture_shows_a_run_at_work_with_a_row_open(
    browser: Browser, server: Server, screenshots: Path
) -> None:
    lab = Lab.open(browser, server, screenshots, scale=SCALE)
    try:
        lab.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        bench = open_bench(lab, SOURCE)
        lab.command("application:toggle-left-area")
        bench.press("Generate")
        bench.until_rows(80)
        bench.rows.nth(2).click()
        lab.page.mouse.move(0, 0)
        expect(bench.detail).to_contain_text("Exchanges")
        bench.until("Running")
        picture = screenshots / "workbench.png"
        lab.page.locator(".jp-NotebookPanel").screenshot(path=picture)
        data = picture.read_bytes()
        width, _ = struct.unpack(">II", data[16:24])
        assert width > WIDTH, "the picture is not crisp"
        assert len(data) < 400_000, "too large for the first thing that a reader loads"
    finally:
        lab.close()
