"""The workbench where things go wrong: real money, refused keys, dead hosts, hostile texts, long streams."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import expect
from tests.support.openai_server import Fault, Plan, Server, serve
from workbench import bench_of, endpoint, open_bench, told

CANARY = "sk-proj-canary4Zq81LmW0aXc7Vb2Pd9"
PRICED = """\
from decimal import Decimal
import tilth
price = tilth.Price(Decimal(3), Decimal(15), source='a test', date='2026-01-01')
w = tilth.Workbench(tilth.demo.seeds(20), {teacher}, strategy='answer-augmentation', budget=40)
w"""
KEYED = """\
import tilth
key = open('key').read()
w = tilth.Workbench(tilth.demo.seeds(20), {teacher}, strategy='answer-augmentation', budget=40)
w"""
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>[a](javascript:alert(3))"
FAST = """\
import tilth
async def echo(messages, **settings):
    return 'Six plus one.\\n#### 7'
w = tilth.Workbench(tilth.demo.seeds(100), tilth.Teacher(echo, concurrency=64),
                    strategy='answer-augmentation', budget=10_000)
w"""
SHOWN = """\
import tilth
w = tilth.Workbench(tilth.demo.seeds(20), {teacher}, strategy='answer-augmentation', budget=40)
w"""
HOSTILE_SEEDS = """\
import polars as pl, tilth
from IPython.display import HTML
frame = pl.DataFrame({{"question": [f"{hostile} {{n}}" for n in range(2)], "answer": ["7", "8"]}})
seeds = tilth.read_seeds(frame, name="<b>{hostile}")
w = tilth.Workbench(seeds, {teacher}, strategy='answer-augmentation', budget=4)
w"""
STATIC = "HTML(w._repr_mimebundle_()[0]['text/html'])"
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
# A long task is what a person feels as a hitch; the browser itself reports those above 50 ms. What is drawn
# is looked at in every frame: a page that is held up draws none.
WATCH = """() => {
  window.watched = { began: performance.now(), tasks: [0], drawn: new Set() };
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) watched.tasks.push(Math.round(entry.duration));
  }).observe({ type: "longtask" });
  const look = () => {
    watched.drawn.add(document.querySelector('[role=option][aria-posinset="1"]')?.textContent);
    requestAnimationFrame(look);
  };
  look();
}"""
WATCHED = "() => [Math.max(...watched.tasks), performance.now() - watched.began, watched.drawn.size]"


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with serve({f"{HOSTILE} {number}": f"{HOSTILE}\n#### 7{HOSTILE}" for number in range(2)}) as server:
        yield server


@pytest.fixture
def teaching(running: Server) -> Server:
    running.start_over()
    return running


def test_real_dollars_are_asked_for_first(lab: Lab, teaching: Server) -> None:
    teacher = endpoint(teaching.base_url)[:-1] + ", price=price)"
    bench = open_bench(lab, PRICED.format(teacher=teacher), "print(w.run)")
    dialog = bench.dialog
    bench.press("Generate")
    expect(dialog).to_contain_text("This spends real money")
    expect(dialog).to_contain_text(re.compile(r"about \$\d.* to test-model at"))
    expect(dialog.get_by_role("button", name="Do not start")).to_be_focused()
    lab.screenshot("workbench-confirm")
    lab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(bench.button("Generate")).to_be_focused()
    bench.press("Generate")
    dialog.get_by_role("button", name="Do not start").click()
    expect(dialog).to_have_count(0)
    assert told(lab, 1) == "None"
    assert teaching.books()["received"] == 0

    bench.press("Generate")
    dialog.get_by_role("button", name="Spend and start").click()
    bench.until("Finished")
    assert teaching.books()["billed"] == bench.count("Queries") == 40
    expect(bench.root.locator(".tilth-counts")).to_contain_text("$0.")


def test_a_wrong_key_is_told_plainly_and_no_key_is_ever_seen(lab: Lab, teaching: Server) -> None:
    teaching.start_over(Plan(key="sk-another"))
    source = KEYED.format(teacher=endpoint(teaching.base_url)[:-1] + ", api_key=key)")
    notebook = lab.server.notebooks / lab.write_notebook(
        "keyed/workbench.ipynb", [source, "print(w.get_state())"]
    )
    (notebook.parent / "key").write_text(CANARY)
    # Off by default; with it a notebook holds all that its widgets hold.
    lab.command(SAVE_STATE)
    try:
        lab.open_notebook("keyed/workbench.ipynb")
        lab.run_cell(0)
        bench = bench_of(lab, 0)
        bench.press("Generate")
        bench.agree()
        bench.until("Failed")
        expect(bench.errors).to_contain_text("the key from api_key was refused by")
        expect(bench.errors).to_contain_text("set OPENAI_API_KEY or pass a key for it as api_key")
        expect(bench.root.locator(".tilth-header")).to_contain_text("not usable")
        expect(bench.state).to_have_text("Failed")
        lab.screenshot("workbench-wrong-key")
        assert bench.count("Queries") == teaching.books()["billed"] == 0

        teaching.start_over(Plan(key=CANARY))
        bench.press("Resume")
        bench.until("Finished")
        assert teaching.books()["billed"] == 40
        bench.until_rows(39)
        bench.rows.first.click()
        expect(bench.detail).to_contain_text("Exchanges")
        assert CANARY not in told(lab, 1)
        lab.save_notebook()
    finally:
        lab.command(SAVE_STATE)
    assert CANARY not in lab.page.content()
    saved = notebook.read_text("utf-8")
    assert json.loads(saved)["metadata"]["widgets"], "the notebook holds no widget state to look into"
    assert "test-model" in saved
    assert CANARY not in saved
    for run in notebook.parent.glob("*.tilth*"):
        assert CANARY.encode() not in run.read_bytes()


def test_a_dead_host_is_told_plainly(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/v1"
    bench = open_bench(lab, SHOWN.format(teacher=endpoint(url)))
    bench.press("Generate")
    bench.agree()
    bench.until("Failed")
    expect(bench.errors).to_contain_text("is the server running, and is base_url right?")
    expect(bench.errors).to_contain_text("127.0.0.1")
    assert bench.count("Queries") == 0


def test_an_endpoint_that_only_fails_is_told_and_waited_for(lab: Lab, teaching: Server) -> None:
    teaching.start_over(Plan(faults=(Fault("503", after=10, seconds=0.0),)))
    bench = open_bench(lab, SHOWN.format(teacher=endpoint(teaching.base_url)))
    notice = bench.root.locator(".tilth-notice-waiting")
    bench.press("Generate")
    bench.agree()
    bench.until("Waiting: (next try|trying)")
    expect(notice).to_contain_text("test-model gives nothing but failures")
    expect(notice).to_contain_text("answered 503")
    expect(bench.root.locator(".tilth-header")).to_contain_text("only fails")
    lab.screenshot("workbench-waiting")
    teaching.plan(Plan())
    bench.until("Finished")
    expect(notice).to_have_count(0)
    expect(bench.root.locator(".tilth-header")).to_contain_text("ready")
    assert bench.count("Queries") == teaching.books()["billed"] == 40


def test_hostile_seeds_and_replies_stay_text(lab: Lab, teaching: Server) -> None:
    bench = open_bench(
        lab, HOSTILE_SEEDS.format(teacher=endpoint(teaching.base_url), hostile=HOSTILE), STATIC
    )
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    bench.until_rows(3)
    expect(bench.rows.first).to_contain_text("<img src=x onerror=alert(1)>")
    bench.rows.first.click()
    expect(bench.detail).to_contain_text("Exchanges")
    for exchange in bench.detail.locator("summary").all():
        exchange.click()
    expect(bench.detail.locator(".tilth-turn-reply").first).to_contain_text("onerror=alert(1)")
    bench.root.get_by_label("Filter samples").fill("<script>")
    expect(bench.root.locator(".tilth-tools-count")).to_have_text("4 found")
    assert bench.root.locator("img, script, a, iframe").count() == 0
    # Without its kernel the notebook shows the static page instead, which holds the same texts.
    lab.run_cell(1)
    static = lab.output(1).first
    expect(static).to_contain_text("onerror=alert(1)")
    assert static.locator("img, script, iframe").count() == 0


def test_ten_thousand_rows_do_not_hold_up_the_page(lab: Lab) -> None:
    bench = open_bench(lab, FAST)
    lab.page.evaluate(WATCH)
    bench.press("Generate")
    bench.agree()
    bench.until("Finished")
    assert bench.until_rows(9_999) == 10_000
    longest, lasted, drawn = lab.page.evaluate(WATCHED)
    print(f"longest task {longest} ms of {lasted:.0f} ms, in which {drawn} newest rows were drawn")  # noqa: T201
    assert longest < lasted / 4
    assert drawn >= 10
    bench.list.focus()
    for key in ("End", "Home", "PageDown"):
        lab.page.keyboard.press(key)
    expect(bench.root.locator(".tilth-row-active")).to_be_visible()
    assert bench.root.locator("*").count() < 1_500
