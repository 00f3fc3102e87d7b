"""The Regimes region as a person uses it: choose, price, run, watch, open a point, save, come back."""

from __future__ import annotations

import re

from lab import Lab
from playwright.sync_api import Locator, expect

import tilth

WORKBENCH = "import tilth\nworkbench = tilth.Workbench()\nworkbench"
PATIENCE = 120_000


def regimes(lab: Lab) -> Locator:
    widget = lab.page.locator(".tilth")
    widget.wait_for(timeout=PATIENCE)
    widget.get_by_role("tab", name="Regimes").click()
    return widget


def choose(widget: Locator, label: str, value: str) -> None:
    field = widget.get_by_role("region", name="Study plan").get_by_label(label)
    field.fill(value)
    field.press("Tab")


def pick(widget: Locator, label: str, value: str) -> None:
    widget.get_by_role("combobox", name=label).select_option(value)


def counted(widget: Locator, what: str) -> None:
    expect(widget.locator(".tilth-counts")).to_contain_text(what, timeout=PATIENCE)


def test_a_study_from_its_price_to_a_saved_figure(lab: Lab) -> None:
    lab.load()  # no chart was ever drawn on this page
    folder = lab.server.notebooks / "study"
    path = lab.write_notebook("study/regimes.ipynb", [WORKBENCH])
    lab.open_notebook(path)
    lab.run_cell(0)
    widget = regimes(lab)
    expect(widget.get_by_text("No study yet.")).to_be_visible()
    assert lab.page.evaluate("() => Symbol.for('tilth.vega') in globalThis") is False

    # The price follows the choices, and each figure names its source on focus.
    choose(widget, "seeds", "10, 30")
    choose(widget, "ratios", "1, 2, 4")
    choose(widget, "replicates", "2")
    widget.get_by_label("Answers, then new").uncheck()
    widget.get_by_label("Rephrase").uncheck()
    expected = widget.locator(".tilth-expected")
    expect(expected).to_contain_text("24")
    expect(expected).to_contain_text("≤ 480")
    expect(expected).to_contain_text("$0.00")
    expected.locator(".tilth-sourced", has_text="cost").focus()
    expect(widget.locator(".tilth-tip")).to_contain_text("a simulation costs nothing")

    # The curve is there before the study is.
    widget.get_by_role("button", name="Run study").click()
    widget.locator(".tilth-chart svg").first.wait_for(timeout=PATIENCE)
    counted(widget, "24 / 24 cells")
    counted(widget, "480 / ≤ 480 queries")
    chart = widget.locator(".tilth-chart")
    expect(chart).to_contain_text("simulated teacher; says nothing about your model")
    expect(chart).to_contain_text("bootstrap over 2 replicates", timeout=PATIENCE)
    points = widget.locator(".tilth-point")
    expect(points).to_have_count(12)
    expect(widget.locator(".tilth-chart-box")).to_have_attribute(
        "aria-label", re.compile("30 seeds, ratio 4")
    )

    # A point opens by mouse, and by keyboard from the table.
    points.last.click()
    cell = widget.locator(".tilth-cell")
    expect(cell).to_contain_text("30 seeds")
    expect(cell).to_contain_text("prefix of 120 queries")
    expect(cell.locator(".tilth-wrong tbody tr").first).to_contain_text(re.compile(r"\d"))
    expect(widget.locator(".tilth-picked")).to_have_count(1)
    lab.screenshot("regimes-cell-light")
    lab.page.keyboard.press("Escape")
    expect(cell).to_have_count(0)
    widget.locator("summary", has_text="Points").press("Enter")
    button = widget.get_by_role("button", name="Open the cells of Answers, 10 seeds, ratio 2")
    button.press("Enter")
    expect(cell).to_contain_text("20 rows")
    cell.get_by_role("button", name="Replicate 2").press("Enter")
    expect(cell.locator(".tilth-cell-tests li")).to_have_count(4)
    cell.get_by_role("button", name="Close the cell").click()

    # Other axes, sets and charts, in the dark.
    lab.set_theme("dark")
    pick(widget, "against", "rows per seed")
    expect(widget.locator(".tilth-chart-box")).to_have_attribute("aria-label", re.compile("rows per seed"))
    pick(widget, "test set", "side by side")
    expect(chart).to_have_count(3, timeout=PATIENCE)
    expect(chart.locator("svg")).to_have_count(3)
    lab.screenshot("regimes-several-dark")
    pick(widget, "test set", "hand-written, 120")
    expect(chart).to_have_count(1, timeout=PATIENCE)
    pick(widget, "show", "spread")
    expect(chart).to_contain_text("Do choices matter less with more data?", timeout=PATIENCE)
    lab.set_theme("light")

    # The figure is written by Python.
    pick(widget, "show", "accuracy")
    for name, begin in (("figure.svg", b"<svg"), ("figure.png", b"\x89PNG"), ("figure.html", b"<!")):
        if not widget.get_by_label("File of the figure").is_visible():
            widget.get_by_role("button", name="Save figure…").click()
        widget.get_by_label("File of the figure").fill(name)
        widget.get_by_role("button", name="Save", exact=True).click()
        expect(widget.locator(".tilth-figure-saved")).to_contain_text(f"Saved {name}", timeout=PATIENCE)
        assert (folder / name).read_bytes()[:400].lstrip().startswith(begin)
        widget.get_by_label("File of the figure").fill("")

    # The file holds what was shown.
    frame = tilth.open_study(next(folder.glob("study-*.tilth"))).frame
    assert frame["cell_id"].n_unique() == 24
    assert set(frame["test"]) == {"same", "held-out", "hand-written", "validation"}
    assert lab.console_errors == []
    assert lab.foreign_requests == []


def cells(widget: Locator) -> int:
    return int(widget.locator(".tilth-bar progress").get_attribute("value") or 0)


def test_a_study_outlives_its_widget_and_goes_on_after_a_stop(lab: Lab) -> None:
    path = lab.write_notebook("resumed/regimes.ipynb", [WORKBENCH, "workbench.close()", WORKBENCH])
    lab.open_notebook(path)
    lab.run_cell(0)
    widget = regimes(lab)
    # Large enough that it is still at work whenever this test looks; it is never waited out.
    choose(widget, "seeds", "100")
    choose(widget, "ratios", "1, 16")
    expect(widget.locator(".tilth-expected")).to_contain_text("≤ 19,200")
    widget.get_by_role("button", name="Run study").click()
    progress = widget.locator(".tilth-bar progress")
    expect(progress).not_to_have_attribute("value", "0", timeout=PATIENCE)

    # Its widget is closed, and another one joins it.
    lab.run_cell(1)
    lab.run_cell(2)
    lab.output(0).locator(".tilth").wait_for(state="detached")
    widget = regimes(lab)
    widget.locator(".tilth-chart svg").first.wait_for(timeout=PATIENCE)
    assert widget.get_by_label("ratios").input_value() == "1, 16"
    expect(widget.locator(".tilth-bar")).to_contain_text("Growing and measuring")

    widget.get_by_role("button", name="Stop study").click()
    resume = widget.get_by_role("button", name="Resume study")
    expect(resume).to_be_enabled(timeout=PATIENCE)
    expect(widget.locator(".tilth-bar")).to_contain_text("Stopped")
    before = cells(widget)
    resume.click()
    progress = widget.locator(".tilth-bar progress")
    expect(progress).not_to_have_attribute("value", str(before), timeout=PATIENCE)
    assert cells(widget) > before > 0
    widget.get_by_role("button", name="Stop study").click()
    expect(resume).to_be_enabled(timeout=PATIENCE)

    [file] = (lab.server.notebooks / "resumed").glob("study-*.tilth")
    frame = tilth.open_study(file).frame
    assert frame.select("cell_id", "test").is_unique().all()
    assert frame["cell_id"].n_unique() == cells(widget)
    assert lab.console_errors == []
    assert lab.foreign_requests == []
