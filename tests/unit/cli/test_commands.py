"""The command line, as a shell sees it: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import polars as pl
import pytest
from tests.support.openai_server import Fault, Plan, serve
from tests.unit.cli.shell import KEY, command, until
from tests.unit.tasks.sql import plants

import tilth
from tilth.strategies import registry


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "required: COMMAND"),
        (("sow",), "invalid choice"),
        (("generate", "seeds.jsonl"), "--model"),
        (("generate", "seeds.jsonl", "--model", "four"), "a budget is missing"),
        (("generate", "seeds.jsonl", "--model", "four", "--rows", "9"), "a limit is missing beside --rows"),
        (("generate", "seeds.jsonl", "--model", "four", "--queries", "many"), "no whole number"),
        (("generate", "seeds.jsonl", "--model", "four", "--usd", "-1"), "no amount of dollars"),
        (("generate", "seeds.jsonl", "--model", "four", "--tokens", "1.5"), "no whole number"),
        (("resume", "gone.tilth"), "no file gone.tilth"),
        (("demo", "--task", "chess"), "choose from"),
    ],
)
def test_a_wrong_command_line_ends_with_2(shell, arguments, says):
    ended = shell(*arguments)
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments", [("show", "gone.tilth"), ("generate", "gone.jsonl", "--model", "four", "--queries", "5")]
)
def test_a_failure_is_one_plain_line_and_ends_with_1(shell, arguments):
    ended = shell(*arguments)
    assert ended.returncode == 1
    assert ended.stderr.startswith("tilth: ")
    assert ended.stderr.count("\n") == 1
    assert "gone" in ended.stderr


def test_debug_shows_the_traceback(shell):
    assert "Traceback" in shell("show", "--debug", "gone.tilth").stderr


def test_says_its_version(shell):
    assert shell("--version").stdout == f"tilth {tilth.__version__}\n"


def test_demo_grows_with_three_strategies(shell, tmp_path):
    ended = shell("demo", "--out", "out")
    assert ended.returncode == 0, ended.stderr
    assert "rule-based simulation, no language model" in ended.stdout
    figures = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines() if line.strip()}
    rows = pl.read_parquet(tmp_path / "out" / "rows.parquet")
    for name, cost in (("answer-augmentation", 1), ("question-rephrase", 2), ("new-question", 2)):
        run = tilth.open_run(tmp_path / "out" / f"{name}.tilth")
        p = run.progress
        assert figures[name][:5] == [
            str(n) for n in (p.queries, p.rows, p.accepted, p.unverified, p.rejected)
        ]
        assert p.queries == 300
        assert cost * p.rows + p.rowless == 300, "a copy of its seed is not answered"
        assert rows.filter(pl.col("strategy") == name).height == p.rows
    chat = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert len(chat) == rows.filter(pl.col("verdict") != "rejected").height
    assert [m["role"] for m in chat[0]["messages"]] == ["user", "assistant"]
    study = tilth.open_study(tmp_path / "out" / "study.tilth")
    assert study.status == "finished"
    assert (tmp_path / "out" / "study.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "out" / "study.svg").read_text()
    assert "says nothing about your model" in drawn
    assert all(registry.available()[name].title in drawn for name in set(study.frame["strategy"]))


def test_a_run_of_the_sql_demo_is_taken_up_again(shell, tmp_path):
    seeds, path = tilth.demo.seeds(10, task="sql"), tmp_path / "run.tilth"
    tilth.generate_sync(seeds, "answer-augmentation", 10, teacher=tilth.demo.teacher(), path=path)
    resumed = shell("resume", "run.tilth", "--queries", 20)
    assert resumed.returncode == 0, resumed.stderr
    assert tilth.open_run(path).rows.height == 20
    assert tilth.verify(path, using=[seeds.task]).rebuilt == 20
    verified = shell("verify", "run.tilth")
    assert verified.returncode == 0, verified.stderr
    assert "20 of them rebuilt" in verified.stdout
    assert "note" not in verified.stdout


def test_rows_over_a_database_of_ones_own_are_rebuilt_where_it_is_given(shell, tmp_path):
    for name in ("plants.sqlite", "state.sqlite"):
        plants.sqlite(tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE books (title TEXT)")

    async def teacher(messages, **settings):
        return "```sql\nSELECT name FROM plants\n```"

    task = tilth.tasks.Sql(database=[tmp_path / "plants.sqlite", tmp_path / "state.sqlite"])
    seeds = tilth.read_seeds([{"question": "Which?", "answer": "SELECT name FROM plants"}], task=task)
    tilth.generate_sync(
        seeds, "answer-augmentation", 3, teacher=tilth.Teacher(teacher), path=tmp_path / "run.tilth"
    )
    given = shell("verify", "run.tilth", "--database", "plants.sqlite", "--database", "state.sqlite")
    assert given.returncode == 0, given.stderr
    assert "3 of them rebuilt" in given.stdout
    assert "note" not in given.stdout
    for options, note in (
        ((), "task sql needs a database; pass --database FILE"),
        (("--database", "other.sqlite"), "the task 'sql', version 1, was not found here with its database"),
    ):
        ended = shell("verify", "run.tilth", *options)
        assert ended.returncode == 0, ended.stderr
        assert "0 of them rebuilt" in ended.stdout
        assert f"note: {note}" in ended.stdout


@pytest.mark.usefixtures("confined")
def test_the_code_of_a_file_runs_only_where_that_is_asked_for(shell, endpoint, tmp_path):
    async def teacher(messages, **settings):
        return "```python\ndef add(a, b):\n    return a + b\n```"

    seeds = tilth.read_seeds(
        [{"question": "Write add(a, b).", "answer": "assert add(1, 2) == 3"}],
        task=tilth.tasks.Code(run=True, prompts={"answer": "Do: {question}"}),
    )
    path = tmp_path / "run.tilth"
    tilth.generate_sync(seeds, "answer-augmentation", 2, teacher=tilth.Teacher(teacher), path=path)
    read = shell("verify", "run.tilth")
    assert read.returncode == 0, read.stderr
    assert "note: not re-run: code; 2 verdicts were taken as they stand" in read.stdout
    ran = shell("verify", "run.tilth", "--run")
    assert ran.returncode == 0, ran.stderr
    assert "note" not in ran.stdout
    resumed = shell("resume", "run.tilth", "--base-url", endpoint.url)
    assert resumed.returncode == 2
    assert "pass --run to run it here too" in resumed.stderr
    assert set(tilth.open_run(path).rows["verdict"]) == {"accepted"}


def test_generates_then_raises_the_limit_then_shows(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 20, "--out", "run.tilth", "--save", "train.jsonl"),
    )
    assert first.returncode == 0, first.stderr
    assert endpoint.served == 20
    assert len((tmp_path / "train.jsonl").read_text().splitlines()) == 20
    more = shell("resume", "run.tilth", "--base-url", endpoint.url, "--queries", 35)
    assert more.returncode == 0, more.stderr
    assert endpoint.served == 35
    shown = shell("show", "run.tilth", "--rows", 2)
    assert shown.returncode == 0
    assert "budget 35 queries" in shown.stdout
    assert shown.stdout.count("What is") == 2
    assert endpoint.keys == {f"Bearer {KEY}"}
    for written in (first.stdout, first.stderr, more.stdout, shown.stdout):
        assert KEY not in written
    assert KEY.encode() not in (tmp_path / "run.tilth").read_bytes()


def test_generates_up_to_a_goal_then_goes_on_to_a_higher_one(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 300, "--rows", 12, "--out", "run.tilth"),
    )
    assert first.returncode == 0, first.stderr
    assert "finished (the goal of 12 kept rows is met)" in first.stdout
    assert tilth.open_run(tmp_path / "run.tilth").progress.kept == 12
    served = endpoint.served
    again = shell("resume", "run.tilth", "--base-url", endpoint.url)
    assert again.returncode == 0, again.stderr
    assert endpoint.served == served
    more = shell("resume", "run.tilth", "--base-url", endpoint.url, "--rows", 15)
    assert more.returncode == 0, more.stderr
    assert tilth.open_run(tmp_path / "run.tilth").progress.kept == 15
    assert "budget 300 queries and 15 rows" in shell("show", "run.tilth").stdout


def test_says_that_it_waits_for_an_endpoint_that_only_fails_and_goes_on(shell, seeds):
    with serve(plan=Plan(latency=0.1, faults=(Fault("500", calls=tuple(range(2, 12))),))) as server:
        ended = shell(
            *("generate", seeds, "--strategy", "answer-augmentation", "--model", "test-model"),
            *("--base-url", server.base_url, "--queries", 50, "--out", "run.tilth"),
        )
    assert ended.returncode == 0, ended.stderr
    told = " ".join(ended.stderr.split())
    assert "Waiting: test-model gives nothing but failures, so one call at a time is tried" in told
    assert "planned failure 500" in told
    assert "planned failure 500 Going on." in told
    assert told.endswith("50/50 queries 0 ✓ 50 ✗ 0 · 0.0/s")


def test_shows_what_was_planned_and_where_queries_went(shell, tmp_path):
    teacher = tilth.demo.teacher()
    run = tilth.generate_sync(
        tilth.demo.seeds(20), "new-question", 60, teacher=teacher, path=tmp_path / "run.tilth"
    )
    shown = shell("show", "run.tilth", "--rows", 0).stdout
    lines = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert lines["queries"] == ["60", "59", "–", "60", "60"]
    low, high = run.plan["ranges"]["rows"]
    assert lines["rows"] == [str(run.plan["rows"]), str(low), "–", str(high), str(run.progress.rows)]
    assert lines["tokens"][-1] == f"{run.progress.tokens:,}"
    assert float(lines["seconds"][-1]) > 0
    lost = {why: queries for why, queries in run.spending().items() if why != "rows"}
    assert ("spent without a row" in shown) == bool(lost)
    for why, queries in lost.items():
        assert f"{why} " in shown
        assert str(queries) in shown


def test_verifies_and_copies(shell, tmp_path):
    run = tilth.generate_sync(
        tilth.demo.seeds(10),
        "question-rephrase",
        20,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "run.tilth",
    )
    whole = shell("verify", "run.tilth")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert f"run.tilth is whole: {run.progress.queries} replies, {run.progress.rows} rows" in whole.stdout
    assert shell("copy", "run.tilth", "copy.tilth").returncode == 0
    again = shell("copy", "run.tilth", "copy.tilth")
    assert again.returncode == 1
    assert "is there already" in again.stderr
    with closing(sqlite3.connect(tmp_path / "copy.tilth", isolation_level=None)) as file:
        file.execute("UPDATE rows SET response = 'The answer is 7.' || char(27) || '[31m' WHERE arrival = 2")
    wrong = shell("verify", "copy.tilth")
    assert wrong.returncode == 1
    assert "response is" in wrong.stdout
    assert "\x1b" not in wrong.stdout
    assert shell("verify", "run.tilth").returncode == 0
    (tmp_path / "torn.tilth").write_bytes((tmp_path / "run.tilth").read_bytes()[:9000])
    torn = shell("verify", "torn.tilth")
    assert torn.returncode == 1
    assert "cut short" in torn.stdout + torn.stderr


def test_proves_an_export_from_its_run(shell, tmp_path):
    seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
    path = tmp_path / "run.tilth"
    run = tilth.generate_sync(seeds, "answer-augmentation", 5, teacher=teacher, path=path)
    run.save(tmp_path / "rows", format="datasets")
    path.rename(tmp_path / "moved.tilth")
    lost = shell("verify", "rows")
    assert lost.returncode == 1
    assert "run.tilth is not beside the export" in lost.stdout
    assert "name it with --run-file" in lost.stdout
    proven = shell("verify", "rows", "--run-file", "moved.tilth")
    assert (proven.returncode, proven.stderr) == (0, "")
    assert "5 of its 5 rows were compared with those of its run" in proven.stdout


def test_real_dollars_without_a_limit_need_a_yes(shell, seeds):
    ended = shell("generate", seeds, "--model", "gpt-4.1-mini", "--queries", 100_000)
    assert ended.returncode == 2
    assert "$" in ended.stderr
    assert "--usd" in ended.stderr


def test_the_doctor_names_this_python(shell):
    ended = shell("doctor")
    assert sys.prefix in ended.stdout
    assert ended.returncode == int("problem " in ended.stdout)


def test_shows_who_is_at_work_on_a_file(shell, seeds, endpoint, tmp_path):
    endpoint.open.clear()
    grow = ("generate", seeds, "--strategy", "answer-augmentation", "--model", "four")
    with subprocess.Popen(
        command(*grow, "--base-url", endpoint.url, "--queries", 50, "--out", "run.tilth"),
        cwd=tmp_path,
        env={**os.environ, "OPENAI_API_KEY": KEY},
        stderr=subprocess.DEVNULL,
    ) as process:
        until(lambda: endpoint.served > 3)
        shown = shell("show", "run.tilth")
        endpoint.open.set()
        assert process.wait(120) == 0
    assert shown.returncode == 0, shown.stderr
    assert f"running in process {process.pid} on " in shown.stdout
    assert "calls in flight" in shown.stdout
    assert "finished (" in shell("show", "run.tilth").stdout


def test_shows_what_a_study_asked_its_students_apart(shell, tmp_path):
    study = tilth.study_sync(
        tilth.demo.seeds(5),
        test=tilth.demo.questions().head(4),
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        student=tilth.students.InContext(tilth.demo.teacher(), shots=1),
        student_budget=100,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    asked = study.progress.student
    shown = " ".join(shell("show", "study.tilth").stdout.split())
    assert f"apart from that: {asked.queries} of at most {asked.most_queries} queries" in shown
    assert "budget 100 queries" in shown
    assert f"{study.progress.queries} of at most 5 queries" in shown


def test_shows_a_study_and_each_of_its_runs(shell, tmp_path):
    study = tilth.study_sync(
        tilth.demo.seeds(20),
        test=tilth.demo.questions().head(20),
        strategies=["answer-augmentation", "new-question"],
        ratios=[1, 2],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    shown = shell("show", "study.tilth")
    assert shown.returncode == 0, shown.stderr
    assert "a study, 4 of 4 cells measured, 80 of at most 80 queries\nfinished (" in shown.stdout
    reached = study.frame.filter(strategy="new-question").sort("ratio")["accuracy"]
    [line] = [line for line in shown.stdout.splitlines() if line.startswith(" new-question")]
    assert line.split()[-2:] == [f"{accuracy:.1%}" for accuracy in reached]
    for run in study.runs:
        assert run.run_id in shown.stdout
        one = shell("show", "study.tilth", "--run", run.run_id, "--rows", 0)
        assert f"\n{run.strategy} " in one.stdout
    for gone in ("gone", ""):
        refused = shell("show", "study.tilth", "--run", gone)
        assert refused.returncode == 1
        assert f"holds no run {gone!r}" in refused.stderr
        assert all(run.run_id in refused.stderr for run in study.runs)


def test_a_study_is_not_resumed_as_a_run(shell, tmp_path):
    tilth.study_sync(
        tilth.demo.seeds(10),
        test=tilth.demo.questions().head(5),
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    ended = shell("resume", "study.tilth", "--queries", 50)
    assert ended.returncode == 2
    assert "holds a study; go on with it in Python" in ended.stderr
