"""The Quality tab in a real browser: what a run's checks found, as `run.quality` says it."""

from __future__ import annotations

import json
import re

import pytest
from lab import Lab
from playwright.sync_api import expect
from workbench import open_bench, told

SHOWN = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(30), tilth.demo.teacher(), strategy='new-question', budget=240,
                    checks=[tilth.checks.Agreement()])
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
    agreement = found["agreement"]
    assert agreement["questions"] > 20
    rows = bench.root.get_by_role("region", name="Rows")
    expect(rows).to_contain_text(re.compile(rf"accepted.*{found['accepted']}"))
    votes = bench.root.get_by_role("region", name="Agreement")
    for share, n in agreement["by_share"].items():
        expect(votes).to_contain_text(re.compile(rf"{share}.*{n}"))
    expect(votes).to_contain_text(f"mean share {agreement['mean_share']:.0%}")
    for absent in ("The judge's scores", "Asked once more"):
        expect(bench.root.get_by_role("region", name=absent)).to_have_count(0)
    price = bench.root.get_by_role("region", name="What a row costs")
    shown = price.get_by_role("row", name=re.compile("^accepted ")).first
    expect(shown).to_contain_text(f"{found['queries_per_accepted']:.1f}".removesuffix(".0"))
    shown.locator(".tilth-figure").first.focus()
    spent = sum(found["queries"].values()) + found["in_doubt"]
    expect(bench.root.locator(".tilth-tip")).to_contain_text(f"measured: {spent} queries spent")
    lab.screenshot("workbench-quality")
    panel = bench.root.locator("div.tilth-quality")
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    lab.set_theme("dark")
    lab.screenshot("workbench-quality-dark")
