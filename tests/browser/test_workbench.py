"""The workbench as a person uses it: from the launcher's card to a saved training file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import polars as pl
import pytest
from lab import Lab
from playwright.sync_api import expect
from polars.testing import assert_frame_equal
from tests.support.openai_server import Plan, Server, serve
from workbench import Bench, bench_of, endpoint, folder_of, open_bench, told

import tilth

SEEDS = 40
QUERIES = 160
LONG = 800
"""Queries of a run that is still at work whenever it is looked at; at the end it is let go."""
RIGHT = 30
WORKBENCH = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(40), {teacher}, strategy={strategy!r}, budget={budget})
w"""


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
def answering() -> Iterator[Server]:
    """An endpoint that knows the demo's seeds: the first 30 it answers right, the other 10 wrong."""
    frame = tilth.demo.seeds(SEEDS).frame
    answers = {
        question: reference if number < RIGHT else "I am sure of it.\n#### -1"
        for number, (question, reference) in enumerate(frame.select("question", "reference").iter_rows())
    }
    with serve(answers) as server:
        yield server


@pytest.fixture
def slow(answering: Server) -> Server:
    """The same, slow enough that a run can be looked at: at most 16 replies a second at concurrency 4."""
    answering.start_over(Plan(latency=0.25))
    return answering


def workbench(
    server: Server, *, strategy: str = "answer-augmentation", budget: int = QUERIES, **teacher
) -> str:
    return WORKBENCH.format(
        teacher=endpoint(server.base_url, **{"concurrency": 4, **teacher}), strategy=strategy, budget=budget
    )


def test_from_the_launcher_to_a_saved_file(lab: Lab) -> None:
    lab.page.locator(".jp-LauncherCard", has_text="Tilth").click()
    lab.wait_for_kernel()
    lab.run_all()
    bench = bench_of(lab, 1)
    expect(bench.root).to_contain_text("Simulated — a rule-based stand-in, no language model")
    expect(bench.state).to_have_text("Not started")
    lab.screenshot("workbench-idle")

    bench.choose("Rephrase")
    bench.limit(120)
    expect(bench.root.locator(".tilth-expected li").first).to_contain_text("≈ 60")
    bench.press("Generate")
    bench.until("Finished")
    queries = bench.count("Queries")
    # A row costs two queries, and a copy of its seed one, for it is not answered.
    assert queries in (119, 120), "what is left is too little for a row"
    rows = sum(bench.count(f"Rows {verdict}") for verdict in ("accepted", "rejected", "unverified"))
    bench.until_rows(rows - 1)

    bench.tab("Export")
    bench.root.get_by_role("button", name="Save rows").click()
    expect(bench.root.locator(".tilth-saved")).to_contain_text("demo-seeds-question-rephrase.parquet")
    lab.screenshot("workbench-export")

    [path] = lab.server.notebooks.glob("demo-seeds-question-rephrase-*.tilth")
    run = tilth.open_run(path)
    assert (run.status, run.progress.queries) == ("finished", queries)
    assert bench.count("Rowless") == run.progress.rowless == queries - 2 * rows
    kept = run.rows.filter(pl.col("verdict") != "rejected")
    assert kept.height == bench.count("Rows accepted") + bench.count("Rows unverified") > 0
    assert_frame_equal(pl.read_parquet(lab.server.notebooks / "demo-seeds-question-rephrase.parquet"), kept)


def test_generate_pause_resume_stop_and_resume_with_a_free_kernel(lab: Lab, slow: Server) -> None:
    idle = "import time\nwhile w.run.progress.in_flight: time.sleep(0.02)\nprint(w.run.progress.queries)"
    bench = open_bench(
        lab, workbench(slow, budget=LONG), "print(6 * 7, w.run.status)", idle, "time.sleep(1); print('slept')"
    )
    bench.press("Generate")
    bench.agree()
    seen = bench.until_rows()
    assert told(lab, 1) == "42 running"
    bench.until_rows(seen)
    lab.screenshot("workbench-mid-run")

    bench.press("Pause")
    bench.until("Paused")
    paused = int(told(lab, 2))
    told(lab, 3)
    assert slow.books()["billed"] == paused < LONG

    bench.press("Resume")
    bench.until("Running")
    bench.until_rows(paused)
    bench.press("Stop")
    bench.until("Stopped")
    stopped = bench.count("Queries")
    assert paused < stopped == slow.books()["billed"] < LONG

    slow.plan(Plan())
    bench.press("Resume")
    bench.until("Finished")
    assert bench.count("Queries") == slow.books()["billed"] == LONG
    assert bench.count("Rows accepted") == LONG * RIGHT // SEEDS
    assert bench.count("Rows rejected") == LONG - LONG * RIGHT // SEEDS
    assert bench.until_rows(LONG - 1) == LONG


def test_rows_come_while_the_kernel_is_busy(lab: Lab, slow: Server) -> None:
    busy = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('awake')"
    bench = open_bench(lab, workbench(slow, budget=LONG), busy)
    bench.press("Generate")
    bench.agree()
    seen = bench.until_rows()
    lab.run_cell(1, wait=False)
    lab.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
    )
    for _ in range(4):
        seen = bench.until_rows(seen)
    assert lab.output(1).count() == 0, "the cell had ended before the rows came"
    (folder_of(lab) / "go").touch()
    expect(lab.output(1)).to_have_text(re.compile("awake"))


def test_a_run_by_keyboard_alone(lab: Lab, answering: Server) -> None:
    answering.start_over()
    bench = open_bench(lab, workbench(answering, strategy="new-question", budget=300, concurrency=16))
    keyboard = lab.page.keyboard
    bench.root.get_by_role("radio", name=re.compile("New question")).focus()
    keyboard.press("ArrowUp")
    keyboard.press("ArrowUp")
    expect(bench.root.get_by_role("radio", name=re.compile(r"^Answers\s*\d"))).to_be_checked()
    keyboard.press("Tab")
    keyboard.press("Control+A")
    keyboard.type(str(QUERIES))
    tab_to(bench, "Generate")
    keyboard.press("Enter")
    expect(bench.dialog.get_by_role("button", name="Do not start")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    bench.until("Finished")
    bench.until_rows(QUERIES - 1)

    place = scrolled(lab)
    tab_to(bench, "Samples, newest first", keys="Shift+Tab")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(bench.detail).to_be_focused()
    expect(bench.detail).to_contain_text("Exchanges")
    active = bench.root.locator(".tilth-row-active")
    expect(bench.detail).to_have_attribute("aria-label", f"Row {QUERIES - 1}")
    assert active.get_attribute("aria-selected") == "true"
    keyboard.press("Escape")
    expect(bench.detail).to_have_count(0)
    expect(bench.list).to_be_focused()
    assert scrolled(lab) == place
    assert [kind for kind, _ in lab.sources()] == ["code"], "a key meant for the workbench reached JupyterLab"


def tab_to(bench: Bench, name: str, keys: str = "Tab") -> None:
    """Presses Tab until the part of this name has the focus."""
    keyboard = bench.root.page.keyboard
    for _ in range(40):
        keyboard.press(keys)
        if bench.root.page.evaluate("() => document.activeElement.ariaLabel") == name:
            return
    raise AssertionError(f"{keys} never came to {name}")


def scrolled(lab: Lab) -> float:
    """How far the notebook is scrolled."""
    place = (
        "() => window.jupyterapp.shell.currentWidget.node.querySelector('.jp-WindowedPanel-outer').scrollTop"
    )
    return float(lab.page.evaluate(place))


def test_reading_filtering_and_exporting(lab: Lab, answering: Server) -> None:
    answering.start_over()
    bench = open_bench(lab, workbench(answering, concurrency=16), "w.run.rows.write_parquet('rows.parquet')")
    folder = folder_of(lab)
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    bench.until_rows(QUERIES - 1)
    lab.run_cell(1)
    rows = pl.read_parquet(folder / "rows.parquet")

    place = scrolled(lab)
    bench.rows.nth(2).click()
    row_id = QUERIES - 2
    expect(bench.detail).to_have_attribute("aria-label", f"Row {row_id}")
    for part in ("Seed", "reference", "response", "read as", "1 query", "price unknown"):
        expect(bench.detail).to_contain_text(part)
    expect(bench.detail, "a price nobody knows was shown").not_to_contain_text("$0.00")
    bench.detail.locator("summary").click()
    expect(bench.detail.locator(".tilth-turn-reply")).to_contain_text("####")
    assert scrolled(lab) == place
    lab.screenshot("workbench-row-open")
    lab.page.keyboard.press("Escape")
    expect(bench.detail).to_have_count(0)

    bench.root.get_by_role("checkbox", name="rejected", exact=True).uncheck()
    accepted = int((rows["verdict"] == "accepted").sum())
    expect(bench.rows.first).to_have_attribute("aria-setsize", str(accepted))
    expect(bench.list.get_by_text("rejected")).to_have_count(0)
    bench.root.get_by_role("checkbox", name="rejected", exact=True).check()
    expect(bench.rows.first).to_have_attribute("aria-setsize", str(QUERIES))

    word = rows["question"][0].split()[0]
    found = rows.filter(pl.col("question").str.to_lowercase().str.contains(word.lower(), literal=True)).height
    bench.root.get_by_label("Filter samples").fill(word)
    expect(bench.root.locator(".tilth-tools-count")).to_have_text(re.compile(r"^\d+ found$"))
    shown = int(bench.rows.first.get_attribute("aria-setsize") or 0)
    assert found <= shown < QUERIES
    bench.root.get_by_label("Filter samples").fill("no row holds this")
    expect(bench.root).to_contain_text("Nothing in this run holds that text.")
    bench.root.get_by_label("Filter samples").fill("")
    expect(bench.rows.first).to_have_attribute("aria-setsize", str(QUERIES))

    bench.tab("Export")
    bench.root.get_by_role("radio", name=re.compile("^Chat JSONL")).check()
    bench.root.get_by_role("button", name="Save rows").click()
    expect(bench.root.locator(".tilth-saved")).to_contain_text(f"Saved {accepted} rows")
    chats = [
        json.loads(line)
        for line in (folder / "demo-seeds-answer-augmentation.jsonl").read_text("utf-8").splitlines()
    ]
    kept = rows.filter(pl.col("verdict") == "accepted")
    assert [[turn["content"] for turn in chat["messages"]] for chat in chats] == [
        [question, response] for question, response in kept.select("question", "response").iter_rows()
    ]


def test_every_view_and_every_workbench_on_a_path_shows_the_same_run(lab: Lab, slow: Server) -> None:
    source = workbench(slow, budget=LONG)
    bench = open_bench(lab, source, "w", source, "print(w.run.id, w.run.status)")
    bench.press("Generate")
    bench.agree()
    bench.until_rows()
    lab.run_cell(1)
    second_view = bench_of(lab, 1)
    second_view.until_rows()
    lab.run_cell(2)
    second_bench = bench_of(lab, 2)
    second_bench.until("Running")
    second_bench.until_rows()
    lab.run_cell(0)
    again = bench_of(lab, 0)
    again.until("Running")
    first = again.until_rows()
    run_id, status = told(lab, 3).split()
    assert status == "running"
    again.press("Stop")
    for each in (again, second_view, second_bench):
        each.until("Stopped")
        assert each.until_rows(first) == slow.books()["billed"]
    [path] = folder_of(lab).glob(f"demo-seeds-answer-augmentation-{run_id[:8]}.tilth")
    assert tilth.open_run(path).rows.height == slow.books()["billed"]


def test_a_reloaded_page_shows_the_run_that_went_on(lab: Lab, slow: Server) -> None:
    bench = open_bench(lab, workbench(slow, budget=LONG))
    bench.press("Generate")
    bench.agree()
    seen = bench.until_rows()
    lab.save_notebook()
    lab.page.reload()
    lab.wait_for_kernel()
    again = bench_of(lab, 0)
    seen = again.until_rows(seen)
    again.until("Running")
    again.rows.first.click()
    expect(again.detail).to_contain_text("Exchanges")
    slow.plan(Plan())
    again.until("Finished")
    again.list.focus()
    lab.page.keyboard.press("End")  # what arrived before the page was loaded comes when it is scrolled to
    expect(again.rows.first).to_have_attribute("aria-setsize", str(LONG))
    assert again.count("Rows accepted") == LONG * RIGHT // SEEDS


def test_the_newest_reply_types_itself_out(lab: Lab, answering: Server) -> None:
    answering.start_over(Plan(stream_pause=0.08))
    bench = open_bench(lab, workbench(answering, concurrency=1))
    bench.press("Generate")
    bench.agree()
    text = bench.root.locator(".tilth-typing-text")
    text.wait_for()
    # Six different lengths of one reply and the next: it is drawn piece by piece.
    lab.page.wait_for_function(
        """root => {
            const text = root.querySelector(".tilth-typing-text");
            root.lengths ??= new Set();
            if (text) root.lengths.add(text.innerText.length);
            return root.lengths.size >= 6;
        }""",
        arg=bench.root.element_handle(),
        polling="raf",
    )
    bench.until_rows(1)
    bench.press("Stop")
    bench.until("Stopped")
    expect(text).to_have_count(0)


def test_the_workbench_is_legible_in_the_dark(lab: Lab, answering: Server) -> None:
    answering.start_over()
    bench = open_bench(lab, workbench(answering, concurrency=16))
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    bench.until_rows()
    lab.set_theme("dark")
    expect(bench.root).to_have_attribute("data-tilth-theme", "dark")
    bench.rows.first.click()
    expect(bench.detail).to_contain_text("Exchanges")
    lab.screenshot("workbench-dark")
    for part in (
        ".tilth-header",
        ".tilth-detail",
        ".tilth-row-question",
        ".tilth-row-note",
        ".tilth-counts-state",
        ".tilth-tab",
    ):
        ratio = bench.root.locator(part).first.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{part} has a contrast of {ratio:.1f}"


CONTRAST = """node => {
  const rgb = colour => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  let behind = node;
  while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
  const light = colour => {
    const linear = x => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb(colour).map(x => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const pair = [light(getComputedStyle(node).color), light(getComputedStyle(behind).backgroundColor)];
  return Math.max(...pair) / Math.min(...pair);
}"""
