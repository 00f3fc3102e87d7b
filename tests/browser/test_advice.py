"""The Advice box as a person uses it: from nothing measured to a strategy used, and by keyboard alone."""

from __future__ import annotations

import re

import pytest
from lab import Lab
from playwright.sync_api import Locator, expect
from workbench import Bench, open_bench

WORKBENCH = """\
import tilth
w = tilth.Workbench(
    tilth.demo.seeds(20),
    tilth.demo.teacher(),
    test=tilth.demo.questions().head(20),
    validation=tilth.demo.questions("same", "validation"),
    budget=320,
)
w"""
STUDY_SECONDS = 120_000
MEASURED_STRATEGIES = {
    "Answers": "answer-augmentation",
    "Answers, then new": "answers-then-new",
    "New question": "new-question",
}
"""Those that may be advised here, by their titles."""
MEASURED = re.compile("clear|leaning|too close to call")

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def bench(lab: Lab) -> Bench:
    """A workbench before its study."""
    return open_bench(lab, WORKBENCH)


def advice_of(bench: Bench) -> Locator:
    return bench.root.get_by_role("region", name="Advice")


def words(bench: Bench) -> Locator:
    return advice_of(bench).locator(".tilth-advice-words")


def fold(bench: Bench, head: str) -> Locator:
    return advice_of(bench).locator("details", has=bench.root.page.locator("summary", has_text=head))


def measure(bench: Bench) -> None:
    """Runs a small study, and goes back to where the advice is."""
    bench.tab("Regimes")
    plan = bench.root.get_by_role("region", name="Study plan")
    for label, value in (("seeds", "20"), ("ratios", "1, 2, 4"), ("replicates", "1")):
        plan.get_by_label(label).fill(value)
        plan.get_by_label(label).press("Tab")
    expect(plan.locator(".tilth-expected")).to_contain_text("≤ 320")
    bench.press("Run study")
    expect(bench.state).to_have_text(re.compile("^Finished"), timeout=STUDY_SECONDS)
    bench.tab("Samples")
    expect(words(bench)).to_have_text(MEASURED)


def test_advice_from_nothing_to_a_strategy_that_is_used(lab: Lab, bench: Bench) -> None:
    expect(words(bench)).to_have_text("not measured")
    expect(advice_of(bench)).not_to_contain_text("%")
    fold(bench, "what would tell more").locator("summary").click()
    expect(advice_of(bench)).to_contain_text("measures your strategies on its 200 validation questions")
    lab.screenshot("advice-unmeasured")

    measure(bench)
    advice = advice_of(bench)
    expect(advice.locator(".tilth-gap")).to_have_count(3)
    expect(advice).to_contain_text(re.compile(r"\d+%\s*\(\d+% to \d+%\)"))
    reason = fold(bench, "of the best with")
    expect(reason.locator("p")).to_be_hidden()
    reason.locator("summary").click()
    expect(reason.locator("p")).to_contain_text("expected to lose")
    gap = advice.locator(".tilth-gap .tilth-sourced").first
    gap.hover()
    expect(bench.root.locator(".tilth-tip")).to_contain_text(re.compile("points, 90%; the best of all with"))

    advised = advice.locator(".tilth-advice-arm strong").inner_text()
    bench.choose("Rephrase")
    lab.page.mouse.move(0, 0)
    fold(bench, "taken for granted").locator("summary").scroll_into_view_if_needed()
    lab.screenshot("advice-light")
    lab.set_theme("dark")
    lab.screenshot("advice-dark")
    lab.set_theme("light")
    advice.get_by_role("button", name=f"Use {advised}").click()
    expect(bench.root.get_by_role("radio", name=re.compile(rf"^{advised}\s*\d"))).to_be_checked()
    expect(advice.get_by_role("button", name=f"Use {advised}")).to_have_count(0)
    expect(reason.locator("p")).to_be_visible()

    bench.tab("Regimes")
    show = bench.root.get_by_role("combobox", name="show")
    show.select_option("forecast")
    chart = bench.root.locator(".tilth-chart")
    expect(chart).to_contain_text(f"{MEASURED_STRATEGIES[advised]}: ")
    expect(chart.locator("svg")).to_have_count(1)
    lab.screenshot("advice-forecast")
    chart.locator(".tilth-point").last.click()
    expect(bench.root.locator(".tilth-cell")).to_contain_text("20 seeds")
    lab.page.keyboard.press("Escape")
    show.select_option("gaps")
    expect(chart).to_contain_text("Points of accuracy against")
    expect(chart.locator("svg")).to_have_count(1)
    lab.set_theme("dark")
    lab.screenshot("advice-gap-dark")
    lab.set_theme("light")

    bench.tab("Samples")
    bench.limit(100_000)
    expect(words(bench)).to_have_text("too far ahead")


def test_advice_is_read_and_used_by_keyboard_alone(lab: Lab, bench: Bench) -> None:
    measure(bench)
    page = lab.page
    advice = advice_of(bench)
    bench.choose("Rephrase")
    bench.root.get_by_role("radio", name=re.compile("^Rephrase")).focus()
    use = advice.get_by_role("button", name=re.compile("^Use "))
    for _ in range(20):
        page.keyboard.press("Tab")
        if use.evaluate("button => button === document.activeElement"):
            break
    expect(use).to_be_focused()
    page.keyboard.press("Enter")
    expect(use).to_have_count(0)
    expect(advice).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    opened = advice.locator("details[open]")
    expect(opened).to_have_count(1)
    expect(opened.locator("p").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(0)


def test_a_run_that_decides_as_it_grows_tells_what_it_decided(lab: Lab, bench: Bench) -> None:
    bench.choose("Adaptive")
    bench.limit(800)
    expect(bench.root.locator(".tilth-expected")).to_contain_text("40")
    bench.press("Generate")
    bench.until("Finished")
    advice = advice_of(bench)
    decided = advice.locator("details", has=lab.page.locator("summary", has_text=re.compile("^after ")))
    expect(decided.last).to_contain_text("commit to")
    expect(words(bench)).to_have_text(MEASURED)
    decided.last.locator("summary").click()
    expect(decided.last.locator("p")).to_be_visible()
    lab.page.mouse.move(0, 0)
    lab.screenshot("advice-adaptive")
    bench.tab("Regimes")
    assert bench.root.get_by_label("Adaptive").count() == 0
    bench.root.get_by_role("combobox", name="show").select_option("spending")
    expect(bench.root.locator(".tilth-chart svg")).to_have_count(1)
    bench.root.locator("summary", has_text="Points").click()
    expect(bench.root.locator(".tilth-decisions tbody tr").last).to_contain_text("commit")
    lab.screenshot("advice-spending")


def test_advice_on_a_narrow_page(lab: Lab, bench: Bench) -> None:
    measure(bench)
    bench.choose("Rephrase")
    try:
        lab.page.set_viewport_size({"width": 760, "height": 1300})
        advice = advice_of(bench)
        advice.scroll_into_view_if_needed()
        expect(advice.get_by_role("button", name=re.compile("^Use "))).to_be_visible()
        assert advice.evaluate("box => box.scrollWidth <= box.clientWidth")
        lab.screenshot("advice-narrow")
        bench.tab("Regimes")
        for kind, told in (("forecast", "Fan of"), ("gaps", "bars: 90%")):
            bench.root.get_by_role("combobox", name="show").select_option(kind)
            chart = bench.root.locator(".tilth-chart")
            expect(chart).to_contain_text(told)
            expect(chart.locator(".tilth-legend li")).to_have_count(4)
            expect(chart.locator("svg")).to_have_count(1)
            chart.scroll_into_view_if_needed()
            lab.screenshot(f"advice-narrow-{kind}")
    finally:
        lab.page.set_viewport_size({"width": 1400, "height": 900})
