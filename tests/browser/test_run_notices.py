"""What the page says of a run at work that is no end of it: hardly a row is kept, or another has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import expect
from workbench import open_bench

TEACHING = """\
import asyncio, tilth
async def teacher(messages, **settings):
    await asyncio.sleep(0.1)
    return {reply!r}
free = tilth.Price(0, 0, source='a test', date='2026-01-01')
w = tilth.Workbench(tilth.demo.seeds(40), tilth.Teacher(teacher, concurrency=4, price=free),
                    strategy='answer-augmentation', budget=20_000, path={path!r})
w"""

pytestmark = pytest.mark.usefixtures("quiet")


def test_a_run_that_keeps_hardly_a_row_says_so_while_it_works(lab: Lab) -> None:
    bench = open_bench(lab, TEACHING.format(reply="", path="mute.tilth"))
    line = bench.root.locator(".tilth-notice-run")
    bench.press("Generate")
    expect(line).to_contain_text("gave no row that is kept")
    expect(bench.state).to_have_text("Running")
    lab.screenshot("run-notice")
    lab.set_theme("dark")
    lab.screenshot("run-notice-dark")
    bench.press("Stop")
    bench.until("Stopped")
    expect(line).not_to_be_attached()


def test_a_run_of_another_kernel_is_shown_and_ends_there(lab: Lab, tmp_path: Path) -> None:
    source = TEACHING.format(reply="I guess.\n#### 7", path=str(tmp_path / "shared.tilth"))
    first = open_bench(lab, source, "w.run.stop()")
    first.press("Generate")
    first.until_rows()
    path = lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    second = open_bench(lab, source)
    expect(second.state).to_have_text("Running in another process")
    expect(second.root.locator(".tilth-notice-run")).to_contain_text(
        re.compile(r"at work in process \d+ on .+ since")
    )
    for name in ("Generate", "Pause", "Stop"):
        expect(second.button(name)).to_have_attribute("aria-disabled", "true")
    seen = second.until_rows()
    second.until_rows(seen)
    lab.screenshot("run-elsewhere")
    lab.set_theme("dark")
    lab.screenshot("run-elsewhere-dark")
    lab.command("docmanager:open", path=path, factory="Notebook")
    lab.run_cell(1)
    second_path = "() => [...window.jupyterapp.shell.widgets('main')].at(-1).id"
    lab.page.evaluate(f"() => window.jupyterapp.shell.activateById(({second_path})())")
    second.until("Stopped")
    expect(second.button("Resume")).not_to_have_attribute("aria-disabled", "true")
    expect(second.root.locator(".tilth-notice-run")).not_to_be_attached()
