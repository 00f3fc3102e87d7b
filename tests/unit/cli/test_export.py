"""`tilth export`: a run's rows, written for training from the command line."""

from __future__ import annotations

import json

import pytest

import tilth


@pytest.fixture
def run(tmp_path):
    return tilth.generate_sync(
        tilth.demo.seeds(10),
        "answer-augmentation",
        20,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "run.tilth",
    )


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_writes_a_runs_rows_as_it_is_told(shell, run, tmp_path):
    kept = run.rows.filter(run.rows["verdict"] == "accepted")
    ended = shell(
        *("export", "run.tilth", "train.jsonl", "--format", "chat", "--verdicts", "accepted"),
        *("--answers", "only", "--system", "Answer with a number."),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "train.jsonl: rows of run.tilth\n"
    written = [line["messages"] for line in lines(tmp_path / "train.jsonl")]
    assert [turns[0]["content"] for turns in written] == ["Answer with a number."] * kept.height
    assert [turns[-1]["content"] for turns in written] == kept["answer"].to_list()
    plain = shell("export", "run.tilth", "rows.jsonl", "--format", "chat", "--no-system")
    assert plain.returncode == 0
    assert {turn["role"] for line in lines(tmp_path / "rows.jsonl") for turn in line["messages"]} == {
        "user",
        "assistant",
    }


def test_says_what_it_cannot_write(shell, run, tmp_path):
    for arguments, status, says in (
        (("run.tilth", "train.txt"), 1, "does not say its format; pass --format"),
        (("run.tilth", "run.tilth", "--format", "chat"), 1, "is the name of a run's file"),
        (("run.tilth", "a.jsonl", "--system", "x", "--no-system"), 2, "not allowed with"),
        (("gone.tilth", "a.jsonl"), 1, "gone.tilth"),
        (("run.tilth", "a.jsonl", "--metadata", "colour"), 1, "colour"),
    ):
        ended = shell("export", *arguments)
        assert ended.returncode == status
        assert says in ended.stderr
    assert [path.name for path in tmp_path.iterdir() if ".tilth" not in path.name] == []


def test_asks_which_run_of_a_study_is_meant(shell, tmp_path):
    study = tilth.study_sync(
        tilth.demo.seeds(10),
        test=tilth.demo.questions().head(5),
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    ended = shell("export", "study.tilth", "train.jsonl")
    assert ended.returncode == 2
    assert "holds a study; name one of its runs" in ended.stderr
    assert shell("export", "study.tilth", "train.jsonl", "--run", study.runs[0].run_id).returncode == 0
    grown = tilth.open_run(study.path, study.runs[0].run_id).rows
    kept = grown.filter(grown["verdict"] != "rejected")
    assert [line["row_id"] for line in lines(tmp_path / "train.jsonl")] == kept["row_id"].to_list()
