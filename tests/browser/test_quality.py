"""The Quality tab in a real browser: what a run's checks found, as `run.quality` says it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import expect
from workbench import open_bench, told

SHOWN = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(30), tilth.demo.teacher(), strategy='new-question', budget=240,
                    checks=[tilth.checks.Agreement()])
w"""
SITE = Path(__file__).parents[1] / "support" / "site"
OF_OTHERS = f"""\
import sys
sys.path.insert(0, {str(SITE)!r})  # as pip would install a package with a check
import tilth
from importlib.metadata import entry_points

async def answers(messages):
    if 'say please' in messages[-1]['content']:
        return '2'
    return 'Please: the answer is 7, please.'

[polite] = entry_points(group='tilth.checks', name='polite')
w = tilth.Workbench(tilth.demo.seeds(5), tilth.Teacher(answers), strategy='answer-augmentation',
                    budget=10, checks=[polite.load()()])
w"""
TOLD = "import json; print(json.dumps(w.run.quality.to_json()))"

pytestmark = pytest.mark.usefixtures("quiet")


def test_the_tab_shows_what_the_run_says(lab: Lab) -> None:
    bench = open_bench(lab, SHOWN, TOLD)
    expect(bench.root.get_by_role("tab")).to_have_text(["Samples", "Quality", "Export"])
    bench.tab("Quality")
    expect(bench.root.get_by_text("What the rows are worth is shown here")).to_be_visible()
    bench.press("Generate")
    bench.until("Finished")
    found = json.loads(told(lab, 1))
    [agreement] = found["checks"]["agreement"]
    ended = {row["name"]: row["values"] for row in agreement["rows"]}
    assert ended["all questions"][0] > 20
    rows = bench.root.get_by_role("region", name="Rows")
    expect(rows).to_contain_text(re.compile(rf"accepted.*{found['accepted']}"))
    votes = bench.root.get_by_role("region", name="Agreement")
    for name, (questions, share) in ended.items():
        expect(votes).to_contain_text(re.compile(rf"{name}.*{questions}.*{share:.0%}"))
    for absent in ("The judge's scores", "Solve again"):
        expect(bench.root.get_by_role("region", name=absent)).to_have_count(0)
    price = bench.root.get_by_role("region", name="What a row costs")
    shown = price.get_by_role("row", name=re.compile("^accepted ")).first
    expect(shown).to_contain_text(f"{found['queries_per_accepted']:.1f}".removesuffix(".0"))
    shown.locator(".tilth-sourced").first.focus()
    spent = sum(found["queries"].values()) + found["in_doubt"]
    expect(bench.root.locator(".tilth-tip")).to_contain_text(f"measured: {spent} queries spent")
    lab.screenshot("workbench-quality")
    panel = bench.root.locator("div.tilth-quality")
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    lab.set_theme("dark")
    lab.screenshot("workbench-quality-dark")


def test_a_check_of_another_package_shows_its_own_table(lab: Lab) -> None:
    bench = open_bench(lab, OF_OTHERS, TOLD)
    bench.tab("Quality")
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    [table] = json.loads(told(lab, 1))["checks"]["polite"]
    assert table["rows"] == [{"name": "said 2 times", "values": [5, 1.0]}]
    part = bench.root.get_by_role("region", name=table["title"])
    expect(part.get_by_role("columnheader")).to_have_text(["How polite", "rows", "of all"])
    row = part.get_by_role("row", name="said 2 times")
    expect(row.get_by_role("cell")).to_have_text([re.compile("5"), re.compile("100%")])
    row.locator(".tilth-sourced").first.focus()
    expect(bench.root.locator(".tilth-tip")).to_contain_text("rows that were asked about")
