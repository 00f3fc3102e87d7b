"""The options of the command line: what they say reaches the models, and what cannot be is told unpaid."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import polars as pl
import pytest
from tests.support.openai_server import Fault, Plan, serve

import tilth
from tilth.cli.wording import in_options


def test_what_python_takes_the_command_line_takes(shell, seeds, tmp_path):
    told = (
        "--max-tokens",
        64,
        "--temperature",
        0.2,
        "--system",
        "Be short.",
        "--concurrency",
        2,
        "--timeout",
        30,
    )
    with serve() as server, serve() as other:
        first = shell(
            *("generate", seeds, "--model", "test-model", "--base-url", server.base_url, "--queries", 12),
            *("--writer", "test-model", "--writer-base-url", other.base_url, "--checks", "agreement"),
            *("--out", "run.tilth", *told),
        )
        assert first.returncode == 0, first.stderr
        asked, written = server.books()["bodies"], other.books()["bodies"]
    assert asked
    assert written
    for body in (*asked, *written):
        assert (body["max_tokens"], body["temperature"]) == (64, 0.2)
        assert body["messages"][0] == {"role": "system", "content": "Be short."}
    assert all("new question" in body["messages"][-1]["content"].lower() for body in written)


def test_paid_replies_are_taken_over_and_named_verdicts_saved(shell, endpoint, seeds, tmp_path):
    grow = (
        "generate",
        seeds,
        "--strategy",
        "answer-augmentation",
        "--model",
        "four",
        "--base-url",
        endpoint.url,
    )
    first = shell(*grow, "--queries", 20, "--out", "run.tilth")
    assert first.returncode == 0, first.stderr
    served = endpoint.served
    options = (
        "--random-state",
        1,
        "--reuse",
        "run.tilth",
        "--save",
        "rows.parquet",
        "--verdicts",
        "accepted",
    )
    again = shell(*grow, "--queries", 20, "--out", "other.tilth", *options)
    assert again.returncode == 0, again.stderr
    run = tilth.open_run(tmp_path / "other.tilth")
    assert run.rows["reused"].any()
    assert endpoint.served - served == run.progress.queries
    assert pl.read_parquet(tmp_path / "rows.parquet")["verdict"].unique().to_list() == ["accepted"]


def test_adaptive_decides_by_a_file_of_questions_and_is_resumed_once_it_has(shell, endpoint, seeds, tmp_path):
    lines = ({"question": f"How much is {n} minus 100?", "answer": str(n - 100)} for n in range(200, 320))
    (tmp_path / "asked.jsonl").write_text("\n".join(map(json.dumps, lines)))
    grow = ("generate", seeds, "--strategy", "adaptive", "--validation", "asked.jsonl", "--model", "four")
    grow += ("--base-url", endpoint.url, "--out", "run.tilth")
    undecided = shell(*grow, "--queries", 40)
    assert undecided.returncode == 0, undecided.stderr
    assert tilth.decisions(tilth.open_run(tmp_path / "run.tilth"))["then"].to_list() == ["commit"]
    grown = shell(*grow, "--queries", 400, "--out", "other.tilth")
    assert grown.returncode == 0, grown.stderr
    made = tilth.decisions(tilth.open_run(tmp_path / "other.tilth"))
    assert made["then"].to_list()[0] == "measure"
    resumed = shell("resume", "other.tilth", "--base-url", endpoint.url, "--queries", 420)
    assert resumed.returncode == 0, resumed.stderr
    assert tilth.decisions(tilth.open_run(tmp_path / "other.tilth")).equals(made)
    first = tilth.start(
        tilth.demo.seeds(50),
        tilth.Adaptive(tilth.demo.questions().head(100)),
        400,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "stopped.tilth",
    )
    first.stop()
    assert first.wait().progress.queries < 400
    refused = shell("resume", "stopped.tilth")
    assert refused.returncode == 2
    assert "with --validation and --out stopped.tilth" in refused.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--save", "rows.xyz"), "--format"),
        (("--save", "there/is/none/rows.jsonl"), "no folder"),
        (("--save", ".", "--format", "csv"), "is a folder"),
        (("--save", ".", "--format", "trl"), "holds other files"),
        (("--save", "rows.jsonl", "--verdicts", "good"), "there is no verdict 'good'"),
        (("--verdicts", "accepted"), "pass --save FILE"),
        (("--checks", "agreement,luck"), "there is no check 'luck'; there are answerable"),
        (("--writer-base-url", "http://127.0.0.1:9/v1"), "pass --writer MODEL"),
        (("--judge-base-url", "http://127.0.0.1:9/v1"), "pass --judge MODEL"),
        (("--rubric", "style"), "pass --judge MODEL"),
        (("--database", "shop.db"), "pass --task sql"),
        (("--save", "seeds.jsonl"), "--save names the seeds file"),
        (("--save", "a/../seeds.jsonl"), "--save names the seeds file"),
        (("--save", "link.jsonl"), "--save names the seeds file"),
        (("--save", "shop.duckdb", "--format", "csv", "--database", "shop.duckdb"), "names the database"),
        (("--out", "rows.jsonl", "--save", "./rows.jsonl"), "names the run's own file"),
        (("--out", "link.jsonl"), "--out names the seeds file"),
        (("--validation", "seeds.jsonl"), "belong to --strategy adaptive"),
        (("--strategy", "adaptive"), "pass --validation FILE"),
        (("--price", "4"), "no price"),
        (("--temperature", "warm"), "no number"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_paid(shell, endpoint, seeds, tmp_path, options, says):
    (tmp_path / "a").mkdir()
    (tmp_path / "link.jsonl").symlink_to(seeds)
    before = seeds.read_bytes()
    ended = shell(
        *(
            "generate",
            seeds,
            "--model",
            "four",
            "--base-url",
            endpoint.url,
            "--queries",
            5,
            "--out",
            "r.tilth",
        ),
        *options,
    )
    assert ended.returncode == 2, ended.stdout
    assert says in ended.stderr
    assert endpoint.served == 0
    assert seeds.read_bytes() == before


def test_rows_are_saved_over_nothing_that_a_resumed_run_reads(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 5, "--out", "run.tilth"),
    )
    assert first.returncode == 0, first.stderr
    (tmp_path / "rows.jsonl").hardlink_to(tmp_path / "run.tilth")
    for option in ((), ("--database", "rows.csv")):
        saved = "rows.csv" if option else "rows.jsonl"
        refused = shell("resume", "run.tilth", "--queries", 9, "--save", saved, *option)
        assert refused.returncode == 2
        assert f"--save names {'the database' if option else 'the run'}" in refused.stderr
    stray = shell("resume", "run.tilth", "--queries", 9, "--database", "shop.db")
    assert stray.returncode == 2
    assert "the run's task is numeric" in stray.stderr
    assert endpoint.served == 5


def test_a_limit_in_dollars_is_kept_with_the_price_that_is_given(shell, seeds, tmp_path):
    with serve() as server:
        grow = ("generate", seeds, "--strategy", "answer-augmentation", "--model", "test-model")
        where = ("--base-url", server.base_url, "--usd", "0.02", "--out", "run.tilth")
        unknown = shell(*grow, *where)
        assert unknown.returncode == 1
        assert "pass --price P,C" in unknown.stderr
        priced = shell(*grow, *where, "--price", "1,2", "--max-tokens", 50)
        run = tilth.open_run(tmp_path / "run.tilth")
        assert priced.returncode == 0, priced.stderr
        spent, prices = run.progress.usd, run.prices
        assert 0 < spent <= 0.02
        more = shell("resume", "run.tilth", "--usd", "0.03", "--max-tokens", 50)
        assert more.returncode == 0, more.stderr
        assert spent < run.progress.usd <= 0.03
        assert tilth.open_run(run.path).prices == prices
        saved = shell("resume", "run.tilth", "--save", "rows.csv", "--verdicts", "rejected")
        tuning = ("--save", "tuning", "--format", "llama-factory")
        handed = shell("resume", "run.tilth", *tuning, "--verdicts", "rejected")
    assert saved.returncode == 0, saved.stderr
    assert pl.read_csv(tmp_path / "rows.csv").height == run.progress.rows
    assert handed.returncode == 0, handed.stderr
    assert pl.read_ndjson(tmp_path / "tuning/data/train.jsonl").height == run.progress.rows


def test_a_writer_has_its_price_again(shell, seeds, tmp_path):
    with serve(plan=Plan(models=("test-model", "writing"))) as server:
        first = shell(
            *("generate", seeds, "--model", "test-model", "--writer", "writing", "--price", "1,2"),
            *("--base-url", server.base_url, "--usd", "0.01", "--max-tokens", 50, "--out", "run.tilth"),
        )
        assert first.returncode == 0, first.stderr
        run = tilth.open_run(tmp_path / "run.tilth")
        told = {"prompt": "1", "completion": "2", "source": "user", "date": ""}
        assert (run.writer_name, run.prices) == ("writing", {"teacher": told, "writer": told})
        spent = run.progress.usd
        more = shell("resume", "run.tilth", "--usd", "0.02", "--max-tokens", 50)
    assert more.returncode == 0, more.stderr
    assert spent < run.progress.usd <= 0.02


def test_a_limit_in_tokens_is_kept_and_raised(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--tokens", 1_000, "--max-tokens", 50, "--out", "run.tilth"),
    )
    assert first.returncode == 0, first.stderr
    run = tilth.open_run(tmp_path / "run.tilth")
    assert run.budget == tilth.Budget(tokens=1_000)
    spent = run.progress.tokens
    assert 0 < spent <= 1_000
    assert shell("resume", "run.tilth", "--max-tokens", 50).returncode == 0
    assert run.progress.tokens == spent
    assert shell("resume", "run.tilth", "--tokens", 2_000, "--max-tokens", 50).returncode == 0
    assert spent < run.progress.tokens <= 2_000


def test_a_run_is_as_patient_as_it_is_told(shell, seeds):
    with serve(plan=Plan(faults=(Fault("500"),))) as server:
        grow = ("generate", seeds, "--strategy", "answer-augmentation", "--model", "test-model")
        where = ("--base-url", server.base_url, "--queries", 5, "--out", "run.tilth")
        for began in (*grow, *where), ("resume", "run.tilth"):
            failed = shell(*began, "--patience", 1)
            assert failed.returncode == 1, failed.stdout
            assert "nothing but failures for 1 s" in failed.stderr


def test_a_run_goes_on_where_it_was(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 5, "--out", "run.tilth"),
    )
    assert first.returncode == 0, first.stderr
    more = shell("resume", "run.tilth", "--queries", 9)
    assert more.returncode == 0, more.stderr
    assert endpoint.served == 9


@pytest.mark.parametrize(
    "address", ["https://models.example.invalid/v1", "http://127.0.0.1.example.invalid/v1", 7]
)
def test_a_file_sends_no_key_to_a_strange_host(shell, endpoint, seeds, tmp_path, address):
    path = tmp_path / "run.tilth"
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 5, "--out", path),
    )
    assert first.returncode == 0, first.stderr
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        settings = json.loads(file.execute("SELECT settings FROM runs").fetchone()[0])
        settings["addresses"] = dict.fromkeys(settings["addresses"], address)
        file.execute("UPDATE runs SET settings = ?", (json.dumps(settings),))
    more = shell("resume", path, "--queries", 9)
    assert more.returncode == 2
    assert "--base-url" in more.stderr
    assert tilth.open_run(path).status == "finished"
    told = shell("resume", path, "--queries", 9, "--base-url", endpoint.url)
    assert told.returncode == 0, told.stderr


def test_a_log_is_told_how_far_a_run_is(shell, endpoint, seeds):
    ended = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 6, "--out", "run.tilth"),
    )
    lines = ended.stderr.splitlines()
    assert lines[0].startswith("answer-augmentation: ")
    assert "6/6 queries" in lines[-1]


def test_shows_why_rows_are_rejected(shell, endpoint, tmp_path):
    (tmp_path / "seeds.jsonl").write_text('{"question": "What is 9 - 6?", "answer": "3"}')
    grown = shell(
        *("generate", "seeds.jsonl", "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 2, "--out", "run.tilth"),
    )
    assert grown.returncode == 0, grown.stderr
    shown = " ".join(shell("show", "run.tilth").stdout.split())
    assert "rejected wrong-answer 4 is not 3 2" in shown


def test_nothing_of_a_file_moves_the_terminal_or_is_taken_for_markup(shell, tmp_path):
    teacher = tilth.demo.teacher()
    run = tilth.generate_sync(
        tilth.demo.seeds(4), "answer-augmentation", 4, teacher=teacher, path=tmp_path / "run.tilth"
    )
    bad = "\x1b]0;owned\x07\x9b31m\u202e[/] [bold]\r"
    with closing(sqlite3.connect(run.path, isolation_level=None)) as file:
        identity, settings = map(json.loads, file.execute("SELECT identity, settings FROM runs").fetchone())
        settings |= {"seeds": bad, "teacher": bad, "writer": bad}
        settings["prices"] = {"teacher": {"source": bad, "date": bad}}
        identity["strategy"]["name"] = bad
        file.execute(
            "UPDATE runs SET reason = ?, settings = ?, identity = ?",
            (bad, json.dumps(settings), json.dumps(identity)),
        )
        file.execute("UPDATE rows SET reason = ?, cause = ?, answer = ?, question = ?", (bad, bad, bad, bad))
        file.execute("UPDATE rows SET verdict = 'rejected'")
    shown = shell("show", "run.tilth")
    assert shown.returncode == 0, shown.stderr
    assert "[/] [bold]" in shown.stdout
    opened = tilth.open_run(run.path)
    for text in (shown.stdout, shell("verify", "run.tilth").stdout, repr(opened), repr(opened.seeds)):
        assert not [one for one in text.replace("\n", "") if not one.isprintable()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "there is no column 'q'; name it with question=\"...\"",
            "there is no column 'q'; name it with --question ...",
        ),
        ("pass answer=None to grow without references", "pass --no-answer to grow without references"),
        ("name the verdicts to save with verdicts=", "name the verdicts to save with --verdicts"),
        ("raise timeout= if the model is slow", "raise --timeout if the model is slow"),
        ('with reuse=["run.tilth"] it takes over', "with --reuse run.tilth it takes over"),
        (
            "That is longer than patience=600 seconds; then run again.",
            "That is longer than --patience, 600 seconds; then run again.",
        ),
        ("is too small; raise it, or lower max_tokens", "is too small; raise it, or lower --max-tokens"),
        ("raise context_tokens=, or lower max_tokens=", "raise --context-tokens, or lower --max-tokens"),
        ("nothing answers; is base_url right?", "nothing answers; is --base-url right?"),
        ('its max_tokens is 7, its base_url "x"', 'its max_tokens is 7, its base_url "x"'),
        ("the reply said path=7 and x.rows=3", "the reply said path=7 and x.rows=3"),
        ('extra_body is {"usd": 3}', 'extra_body is {"usd": 3}'),
    ],
)
def test_advice_is_given_in_options(text, told):
    assert in_options(text) == told


def test_seeds_are_read_as_python_reads_them(shell, endpoint, tmp_path):
    table = "question;answer;evidence\nWas kostet 9 - 5 in Köln?;4;Preise von 2020\n?;;\n".encode("cp1252")
    (tmp_path / "seeds.csv").write_bytes(table)
    grow = ("generate", "seeds.csv", "--strategy", "answer-augmentation", "--model", "four")
    where = ("--base-url", endpoint.url, "--queries", 1, "--out", "run.tilth")
    refused = shell(*grow, *where)
    assert refused.returncode == 1
    assert "--skip-faults" in refused.stderr
    assert endpoint.served == 0
    grown = shell(*grow, *where, "--skip-faults", "--encoding", "cp1252")
    assert grown.returncode == 0, grown.stderr
    assert "note: " in grown.stderr
    assert "left out" in grown.stderr
    asked = tilth.open_run(tmp_path / "run.tilth").rows["question"][0]
    assert "Köln" in asked
    assert "Evidence: Preise von 2020" in asked


def test_an_address_that_does_not_answer_takes_no_others_place(shell, endpoint, seeds, tmp_path):
    first = shell(
        *("generate", seeds, "--strategy", "answer-augmentation", "--model", "four"),
        *("--base-url", endpoint.url, "--queries", 5, "--out", "run.tilth"),
    )
    assert first.returncode == 0, first.stderr
    for _ in range(2):  # the second goes on with a run that has failed, not with a finished one
        assert (
            shell("resume", "run.tilth", "--queries", 9, "--base-url", "http://127.0.0.1:9/v1").returncode
            == 1
        )
    with closing(sqlite3.connect(tmp_path / "run.tilth", isolation_level=None)) as file:
        file.execute("UPDATE runs SET status = 'stopped'")
    assert shell("resume", "run.tilth", "--queries", 9, "--base-url", "http://127.0.0.1:9/v1").returncode == 1
    more = shell("resume", "run.tilth", "--queries", 9)
    assert more.returncode == 0, more.stderr
    assert endpoint.served == 9
