"""Where the kernel is not there: it was restarted, or a notebook is opened without the one that ran it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import expect
from tests.support.openai_server import Plan, Server, serve
from workbench import Bench, bench_of, endpoint, open_bench

WORKBENCH = """\
import tilth
seeds = tilth.demo.seeds(20)
w = tilth.Workbench(seeds, {teacher}, strategy='answer-augmentation', budget=800, path='mine.tilth')
w"""
STILL = ".tilth-still"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with serve({}) as server:
        yield server


@pytest.fixture
def slow(running: Server) -> Server:
    running.start_over(Plan(latency=0.25))
    return running


def begun(lab: Lab, server: Server) -> Bench:
    bench = open_bench(lab, WORKBENCH.format(teacher=endpoint(server.base_url, concurrency=4)))
    bench.press("Generate")
    bench.agree()
    bench.until_rows()
    return bench


def test_a_restarted_kernel_is_told_with_what_is_safe_and_what_to_do(lab: Lab, slow: Server) -> None:
    bench = begun(lab, slow)
    lab.restart_kernel()
    notice = bench.root.locator(".tilth-notice-kernel")
    expect(notice).to_contain_text("kernel has gone")
    expect(notice).to_contain_text(re.compile(r"safe in mine\.tilth, (1 row|\d+ rows) "))
    expect(notice).to_contain_text("Run the cell again")
    expect(bench.state).to_have_text("No kernel")
    expect(bench.root.locator(".tilth-typing"), "no reply is on its way").not_to_be_attached()
    for name in ("Generate", "Resume", "Pause", "Stop"):
        for button in bench.root.get_by_role("button", name=name, exact=True).all():
            expect(button).to_have_attribute("aria-disabled", "true")
    expect(bench.root.get_by_role("textbox", name="at most").first).to_be_disabled()
    expect(bench.root.locator(".tilth-counts")).not_to_contain_text("left")
    lab.screenshot("kernel-gone")
    lab.set_theme("dark")
    lab.screenshot("kernel-gone-dark")
    lab.set_theme("light")
    lab.run_cell(0)
    again = bench_of(lab, 0)
    again.until("(Stopped|Aborted)")
    again.until_rows()
    assert lab.console_errors == []


def test_a_notebook_opened_without_its_kernel_shows_the_picture_and_what_to_do(
    lab: Lab, slow: Server
) -> None:
    begun(lab, slow)
    path = lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    lab.save_notebook()
    lab.clear()
    lab.open_notebook(path)
    still = lab.output(0).locator(STILL)
    expect(still).to_be_visible()
    expect(still).to_contain_text("Run the cell again")
    expect(still).to_contain_text("mine.tilth")
    expect(still).to_contain_text("Tilth workbench: 20 seeds")
    expect(lab.output(0).get_by_text("Error displaying widget")).not_to_be_visible()
    expect(lab.output(0).get_by_text("Loading widget")).not_to_be_visible()
    lab.screenshot("reopened")
    lab.set_theme("dark")
    lab.screenshot("reopened-dark")
    lab.set_theme("light")
    lab.run_cell(0)
    bench_of(lab, 0).until("(Stopped|Aborted)")
    expect(lab.output(0).locator(STILL)).not_to_be_visible()


def test_a_notebook_opened_with_no_kernel_at_all_shows_the_picture(lab: Lab, slow: Server) -> None:
    begun(lab, slow)
    path = lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    lab.save_notebook()
    lab.clear()
    lab.command("docmanager:open", path=path, factory="Notebook", kernelPreference={"shouldStart": False})
    expect(lab.output(0).locator(STILL)).to_be_visible()
    expect(lab.output(0).locator(STILL)).to_contain_text("Run the cell again")
    expect(lab.output(0).get_by_text("Loading widget")).not_to_be_visible()
