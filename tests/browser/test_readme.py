"""Takes the README's picture: `TILTH_SCREENSHOTS=.github/images pytest tests/browser -k readme`."""

from __future__ import annotations

import struct
from pathlib import Path

from bench import open_bench
from lab import Lab, Server
from playwright.sync_api import Browser, expect

WIDTH, HEIGHT, SCALE = 1400, 800, 2
SOURCE = """\
import tilth

workbench = tilth.Workbench(strategy="answers-then-new", budget=4_000)
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
        expect(bench.detail).to_contain_text("Exchanges")
        bench.until("Running")
        picture = lab.screenshot("workbench").read_bytes()
        assert struct.unpack(">II", picture[16:24]) == (WIDTH * SCALE, HEIGHT * SCALE)
        assert len(picture) < 400_000, "too large for the first thing that a reader loads"
    finally:
        lab.close()
