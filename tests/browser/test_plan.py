"""What is started is what stands in the plan: each workbench by its own controls, once it is right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import expect
from tests.support.openai_server import Server, serve
from workbench import Bench, bench_of, endpoint, open_bench, told

TWO = "w{0} = tilth.Workbench(tilth.demo.seeds(20), tilth.demo.teacher(), path='{0}.tilth')\nw{0}"
CHOSEN = "print([(w.strategy, w.budget_queries, w.budget_usd) for w in (w1, w2)])"
WORKBENCH = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(20), {teacher}, strategy='answer-augmentation', budget=6_000)
w"""
COMPARING = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(40), {teacher}, test=tilth.demo.questions().head(20), budget=200)
w"""
REFERENCES = """root => {
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index && id.startsWith("tilth"));
  const astray = ["for", "aria-controls", "aria-describedby", "aria-labelledby"].flatMap(name =>
    [...root.querySelectorAll(`[${name}]`)].flatMap(node => node.getAttribute(name).split(" "))
  ).filter(id => !root.contains(document.getElementById(id)));
  return [...twice, ...astray];
}"""

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with serve({}) as server:
        yield server


@pytest.fixture
def teaching(running: Server) -> Server:
    running.start_over()
    return running


def fields(bench: Bench) -> list:
    return bench.root.get_by_role("textbox", name="at most").all()


def test_two_workbenches_and_two_views_leave_each_other_alone(lab: Lab) -> None:
    first = open_bench(lab, "import tilth\n" + TWO.format(1), TWO.format(2), CHOSEN, "w1")
    lab.run_cell(1)
    second = bench_of(lab, 1)
    lab.run_cell(3)
    view = bench_of(lab, 3)
    for bench in (first, second, view):
        assert bench.root.evaluate(REFERENCES) == []
        expect(bench.root.locator("fieldset input[type=radio]:checked").first).to_have_value("new-question")

    first.root.get_by_role("radio").last.focus()
    lab.page.keyboard.press("ArrowDown")
    assert first.root.evaluate("root => root.contains(document.activeElement)")
    first.choose("Rephrase")
    expect(view.root.locator("input[value=question-rephrase]")).to_be_checked()
    expect(second.root.locator("input[value=new-question]")).to_be_checked()
    second.root.get_by_text("at most").first.click()
    expect(fields(second)[0]).to_be_focused()
    second.limit(77)
    for bench, suffix in ((first, "csv"), (second, "chat")):
        bench.tab("Export")
        bench.root.locator(f"input[value={suffix}]").check()
    expect(first.root.locator("input[value=csv]")).to_be_checked()
    expect(view.root.get_by_role("tab", name="Samples")).to_have_attribute("aria-selected", "true")
    assert told(lab, 2) == "[('question-rephrase', 300, 0.0), ('new-question', 77, 0.0)]"


def test_a_budget_in_error_starts_nothing_and_says_why_beside_the_button(lab: Lab, teaching: Server) -> None:
    bench = open_bench(lab, WORKBENCH.format(teacher=endpoint(teaching.base_url)), "print(w.run)")
    queries, dollars = fields(bench)
    queries.fill("3O0")
    dollars.fill("1,5,0")
    bench.button("Generate").click(force=True)  # entering the fields shuts it, and it is pressed all the same
    expect(bench.button("Generate")).to_have_attribute("aria-disabled", "true")
    beside = bench.root.locator("footer.tilth-bar")
    for wrong in ("3O0", "1,5,0"):
        expect(beside).to_contain_text(wrong)
    lab.screenshot("plan-in-error")
    lab.set_theme("dark")
    lab.screenshot("plan-in-error-dark")
    lab.set_theme("light")
    dollars.press("Escape")
    expect(dollars).to_have_value("")
    expect(beside).not_to_contain_text("1,5,0")
    queries.press("Escape")
    expect(queries).to_have_value("6,000")
    expect(bench.button("Generate")).to_have_attribute("aria-disabled", "false")
    for typed, taken in (("20$", "20.00"), ("$7", "7.00"), ("1,50", "1.50")):
        dollars.fill(typed)
        dollars.press("Enter")
        expect(dollars).to_have_value(taken)
    assert told(lab, 1) == "None"
    assert teaching.books()["received"] == 0


def test_an_unknown_price_is_asked_about_once_for_a_plan(lab: Lab, teaching: Server) -> None:
    bench = open_bench(lab, WORKBENCH.format(teacher=endpoint(teaching.base_url)))
    bench.limit(40)
    bench.press("Generate")
    host = teaching.base_url.split("/")[2]
    expect(bench.dialog).to_contain_text(f"at most 40 queries to test-model at {host}")
    expect(bench.dialog).to_contain_text("price is unknown")
    lab.screenshot("plan-unknown-price")
    lab.page.keyboard.press("Escape")
    assert teaching.books()["received"] == 0
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    bench.press("Generate")
    expect(bench.dialog).to_have_count(0)
    assert teaching.books()["billed"] == 40


def test_a_study_of_a_real_teacher_fits_the_budget_and_is_asked_about(lab: Lab, teaching: Server) -> None:
    bench = open_bench(lab, COMPARING.format(teacher=endpoint(teaching.base_url)), "print(w.study)")
    bench.tab("Regimes")
    run = bench.root.get_by_role("button", name="Run study")
    ratios = bench.root.get_by_role("textbox", name="ratios")
    kept = ratios.input_value()
    ratios.fill("1, two")
    run.click(force=True)
    expect(run).to_have_attribute("aria-disabled", "true")
    expect(bench.root.locator("footer.tilth-bar")).to_contain_text("1, two")
    ratios.press("Escape")
    expect(ratios).to_have_value(kept)
    run.click()
    expect(bench.dialog).to_contain_text("queries to test-model at")
    most = int(bench.dialog.inner_text().split("at most ")[1].split()[0].replace(",", ""))
    assert 0 < most <= 200
    lab.screenshot("plan-study-asked")
    bench.dialog.get_by_role("button", name="Do not start").click()
    assert told(lab, 1) == "None"
    assert teaching.books()["received"] == 0
