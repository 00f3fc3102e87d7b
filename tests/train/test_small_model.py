"""The small model that can be installed, of 135 million parameters, learns SQL it could not write before."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tilth.students import TrainingSetting

pytest.importorskip("torch", reason="no torch; install tilth[train]")
pytest.importorskip("transformers", reason="no transformers; install tilth[train]")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _small_model() -> None:
    from tilth.teacher.local.models import gguf_file

    try:
        gguf_file(None)
    except tilth.ModelMissing as missing:
        pytest.skip(str(missing))


def test_it_learns_in_a_study_and_writes_queries_that_are_right(tmp_path: Path) -> None:
    questions = tilth.demo.questions("same", "test", task="sql").head(40)
    study = tilth.study_sync(
        tilth.demo.seeds(50, task="sql"),
        test={"same": questions},
        strategies=["new-question"],
        ratios=[4],
        replicates=1,
        student="lora(steps=60, max_new_tokens=48)",
        teacher=tilth.demo.teacher(),
        path=tmp_path / "s.tilth",
    )
    [learnt] = study.frame.rows(named=True)
    base = {row["strategy"]: row for row in study.base_lines.rows(named=True)}
    assert learnt["accuracy"] > 0.15  # seen: 0.25 to 0.4
    assert base["zero-shot"]["accuracy"] == 0.0
    assert base["zero-shot"]["cut_off"] > learnt["cut_off"]
    assert "SmolLM2" in learnt["student_options"]


def test_it_ends_its_answers_and_names_itself_without_a_path() -> None:
    student = tilth.students.get("lora(target=response, max_new_tokens=200)")
    [answer] = student.untrained(TrainingSetting()).answers(["What is the capital of France?"])
    assert "Paris" in answer.text
    assert not answer.cut_off
    assert "/" not in student.options()["model"]
