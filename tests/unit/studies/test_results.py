"""Results of models trained elsewhere: graded as a study's own, and taken back by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tilth

TEST = pl.DataFrame(
    {"question": ["2 + 3?", "2 + 4?", "2 + 5?", "2 + 6?"], "reference": ["5", "6", "7", "#### 8"]}
)
REPLIES = ["2 + 3 = 5. The answer is 5.", "It is 7.", None, "2 + 6 makes **8**"]
TOLD: dict[str, Any] = {"strategy": "new-question", "seeds": 10, "ratio": 4, "teacher": "a-model"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    return tilth.generate_sync(
        tilth.demo.seeds(10),
        "new-question",
        41,  # of which a unit takes two
        teacher=tilth.demo.teacher(),
        path=tmp_path_factory.mktemp("run") / "r.tilth",
    )


def test_replies_are_read_and_graded_by_the_task() -> None:
    frame, outcomes = tilth.results(REPLIES, test=TEST, student="my 7B", **TOLD)
    assert frame.select("student", "strategy", "seeds", "ratio", "n_test", "correct").rows() == [
        ("my 7B", "new-question", 10, 4.0, 4, 2)
    ]
    assert outcomes.select("question_id", "answer", "correct").rows() == [
        ("test-0000", "5", True),
        ("test-0001", "7", False),
        ("test-0002", None, False),
        ("test-0003", "8", True),
    ]


def test_a_run_tells_what_its_rows_are(run: tilth.Run) -> None:
    for told in (run, tilth.open_run(run.path)):
        frame, _ = tilth.results(REPLIES, test=TEST, run=told, student="mine")
        [row] = frame.to_dicts()
        assert (row["strategy"], row["seeds"], row["ratio"]) == ("new-question", 10, 4.1)
        assert (row["run_id"], row["teacher"], row["simulated"]) == (run.id, run.teacher_name, True)
        assert row["rows"] == run.progress.accepted + run.progress.unverified
        assert (row["check"], row["queries"]) == ("filter", 40)


def test_words_go_before_what_the_run_says(run: tilth.Run) -> None:
    frame, _ = tilth.results(REPLIES, test=TEST, run=run, student="mine", ratio=2, rows=9, check="label")
    [row] = frame.to_dicts()
    assert (row["ratio"], row["rows"], row["check"], row["queries"]) == (2.0, 9, "label", None)
    with pytest.raises(ValueError, match="but the run's is 'new-question'"):
        tilth.results(REPLIES, test=TEST, run=run, student="mine", strategy="question-rephrase")


def test_a_study_takes_them_beside_its_own_and_draws_them(tmp_path: Path) -> None:
    tests = {name: tilth.demo.questions(name, "test").head(20) for name in ("same", "held-out")}
    study = tilth.study_sync(
        tilth.demo.seeds(10),
        test=tests,
        strategies=["answer-augmentation"],
        ratios=[1, 2],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "s.tilth",
    )
    [grown] = study.runs
    answers = {name: [f"It is {right}." for right in frame["reference"]] for name, frame in tests.items()}
    frame, outcomes = tilth.results(answers, test=tests, run=grown.open(), student="mine")
    own = study.frame.height
    study.add(frame, outcomes)
    added = study.frame.filter(pl.col("student") == "mine")
    assert study.frame.height == own + 2
    assert added.select("test", "accuracy", "ratio").rows() == [("same", 1.0, 2.0), ("held-out", 1.0, 2.0)]
    assert study.outcomes.filter(pl.col("cell_id") == added["cell_id"][0]).height == 40
    assert "mine" in tilth.chart(study, test="held-out").data["student"].to_list()
    worse = {**answers, "same": ["I do not know."] * len(tests["same"])}
    study.add(*tilth.results(worse, test=tests, run=grown.open(), student="mine"))  # the cell ran again
    added = study.frame.filter(pl.col("student") == "mine")
    assert added.select("test", "accuracy").rows() == [("same", 0.0), ("held-out", 1.0)]
    assert study.outcomes.filter(pl.col("cell_id") == added["cell_id"][0]).height == 40
    assert "mine" in tilth.chart(study, test="same").data["student"].to_list()


@pytest.mark.parametrize(
    ("answers", "changes", "message"),
    [
        (REPLIES[:3], {}, "3 to the 4 questions of test set 'test'"),
        ("5678", {}, "answers is a str"),
        ([1, 2, 3, 4], {}, "answers holds an int"),
        (REPLIES, {"test": {"a": TEST, "b": TEST}}, "by its name, which are 'a', 'b'"),
        ({"b": REPLIES}, {"test": {"a": TEST}}, "by its name, which are 'a'"),
        (REPLIES, {"seeds": None, "teacher": None}, "pass run=, or seeds, teacher"),
        (REPLIES, {"student": 7}, "student is an int"),
        (REPLIES, {"student": " "}, "printable characters"),
        (REPLIES, {"student": "mine\n\x1b[31m"}, "printable characters"),
        (REPLIES, {"run": "r.tilth"}, "run is a str"),
        (REPLIES, {"task": "open-ended"}, "'open-ended' can tell of no answer whether it is right"),
    ],
)
def test_what_cannot_be_graded_is_told(answers: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        tilth.results(answers, **{"test": TEST, "student": "mine", **TOLD, **changes})
