"""Studies: nested budgets and seeds, what they cost, resuming, and what they refuse."""

from __future__ import annotations

import sqlite3
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.unit.studies.grids import comparable

import tilth
from tilth.engine.events import CellMeasured
from tilth.errors import IdentityMismatch, StudyFrameError
from tilth.studies.frame import outcomes_schema, studies_schema

SIZES, RATIOS = [10, 30], [1, 2, 4]
STRATEGIES = ["answers-then-new", "answer-augmentation"]


def small(path: Path, **changes: Any) -> dict[str, Any]:
    """A grid of 24 cells on the embedded simulation."""
    options: dict[str, Any] = {
        "test": tilth.demo.questions("same", "test").head(60),
        "validation": tilth.demo.questions("same", "validation").head(40),
        "strategies": STRATEGIES,
        "sizes": SIZES,
        "ratios": RATIOS,
        "replicates": 2,
        "teacher": tilth.demo.teacher(),
        "path": path,
    }
    return {**options, **changes}


@pytest.fixture(scope="module")
def seeds() -> tilth.Seeds:
    return tilth.demo.seeds(30)


@pytest.fixture(scope="module")
def done(seeds: tilth.Seeds, tmp_path_factory: pytest.TempPathFactory) -> tilth.Study:
    """The small study, finished."""
    return tilth.study_sync(seeds, **small(tmp_path_factory.mktemp("study") / "s.tilth"))


def test_every_cell_is_measured_on_every_set(done: tilth.Study) -> None:
    assert done.status == "finished"
    frame = done.frame
    assert dict(frame.schema) == studies_schema()
    assert frame.height == 24 * 2
    assert set(frame["test"]) == {"test", "validation"}
    assert frame["complete"].all()
    assert frame["simulated"].all()
    assert (frame["queries"] <= frame["budget_queries"]).all()


def test_outcomes_add_up_to_the_frame(done: tilth.Study) -> None:
    outcomes = done.outcomes
    assert dict(outcomes.schema) == outcomes_schema()
    counted = outcomes.group_by("cell_id", "test").agg(pl.col("correct").sum().cast(pl.Int64), n=pl.len())
    joined = done.frame.join(counted, on=["cell_id", "test"])
    assert joined.height == done.frame.height
    assert (joined["correct"] == joined["correct_right"]).all()
    assert (joined["n"] == joined["n_test"]).all()
    assert 0 < joined["correct"].sum() < joined["n_test"].sum()


def test_the_grid_spends_no_more_than_its_largest_column(done: tilth.Study) -> None:
    largest = max(SIZES) * max(RATIOS) * len(STRATEGIES) * 2
    with sqlite3.connect(done.path) as connection:
        [(settled, calls)] = connection.execute(
            "SELECT total(queries), count(*) FROM ledger WHERE state <> 'freed'"
        )
    assert settled == calls == done.progress.queries
    assert settled <= largest
    # and every one of them is a row of the largest cells
    top = done.frame.filter(pl.col("seeds") == 30, pl.col("ratio") == 4, pl.col("test") == "test")
    assert top["queries"].sum() == settled


def test_a_cell_is_the_prefix_of_its_run(done: tilth.Study) -> None:
    for record in done.frame.filter(pl.col("seeds") == 30, pl.col("test") == "test").iter_rows(named=True):
        run = tilth.open_run(done.path, record["run_id"])
        prefix = run.prefix(record["budget_queries"])
        assert prefix.height == record["rows"]
        assert prefix["queries"].sum() == record["queries"]


def test_a_frame_has_the_grids_order_however_its_cells_ended(done: tilth.Study) -> None:
    cells = done.frame.select("seeds", "strategy", "ratio", "replicate").unique(maintain_order=True)
    assert cells.rows() == list(product(SIZES, STRATEGIES, RATIOS, range(2)))


def test_fewer_seeds_are_a_part_of_more(done: tilth.Study) -> None:
    """Answers to 10 seeds at ratio 4 are four answers to each, whichever run they were cut from."""
    cells = done.frame.filter(
        pl.col("seeds") == 10, pl.col("strategy") == "answer-augmentation", pl.col("test") == "test"
    )
    assert cells.select("ratio", "rows").unique().sort("ratio").rows() == [(1.0, 10), (2.0, 20), (4.0, 40)]


def test_the_same_call_reads_the_file_and_asks_nothing(seeds: tilth.Seeds, done: tilth.Study) -> None:
    before = done.progress.queries
    again = tilth.study_sync(seeds, **small(done.path))
    assert again.progress.queries == before
    assert comparable(again.frame).equals(comparable(done.frame))
    opened = tilth.open_study(done.path)
    assert opened.status == "finished"
    assert opened.outcomes.equals(done.outcomes)


def test_a_study_stopped_in_the_middle_goes_on_to_the_same_frame(
    seeds: tilth.Seeds, done: tilth.Study, tmp_path: Path
) -> None:
    path = tmp_path / "stopped.tilth"
    study = tilth.start_study(seeds, **small(path))
    events = study.subscribe()
    while not any(isinstance(event, CellMeasured) for event in events.drain()):
        assert events.wait(60), "no cell was measured"
    study.abort()
    study.wait()
    assert study.status == tilth.open_study(path).status == "aborted"
    assert 0 < study.progress.cells < study.progress.all_cells
    resumed = tilth.study_sync(seeds, **small(path))
    assert resumed.status == "finished"
    assert comparable(resumed.frame).equals(comparable(done.frame))
    assert resumed.outcomes.equals(done.outcomes)


def test_another_grid_on_the_same_path_is_refused(seeds: tilth.Seeds, done: tilth.Study) -> None:
    with pytest.raises(IdentityMismatch, match=r"study\.replicates is 2 there and 3 here"):
        tilth.start_study(seeds, **small(done.path, replicates=3))


def test_a_runs_file_is_no_study(seeds: tilth.Seeds, tmp_path: Path) -> None:
    path = tmp_path / "run.tilth"
    tilth.generate_sync(seeds, "answer-augmentation", 5, teacher=tilth.demo.teacher(), path=path)
    with pytest.raises(Exception, match="holds no study"):
        tilth.open_study(path)


def test_the_plan_names_what_the_study_then_spends(seeds: tilth.Seeds, done: tilth.Study) -> None:
    planned = tilth.plan_study(
        seeds, teacher=tilth.demo.teacher(), strategies=STRATEGIES, sizes=SIZES, ratios=RATIOS, replicates=2
    )
    assert (planned.runs, planned.cells) == (4, 24)
    assert planned.queries >= done.progress.queries
    assert planned.queries - done.progress.queries <= planned.runs  # at most an odd query each


def test_students_checks_and_seed_rows_are_axes(seeds: tilth.Seeds, tmp_path: Path) -> None:
    study = tilth.study_sync(
        seeds,
        **small(
            tmp_path / "axes.tilth",
            strategies=["question-rephrase"],
            sizes=[30],
            ratios=[1],
            replicates=1,
            student=["parser", "neighbour", nothing_learnt],
            seed_rows=[False, True],
            check=["label", "filter"],
        ),
    )
    frame = study.frame.filter(pl.col("test") == "test")
    assert frame.height == 3 * 2 * 2
    by = {(r["student"], r["seed_rows"], r["check"]): r for r in frame.iter_rows(named=True)}
    assert by["parser", True, "label"]["accuracy"] > by["parser", False, "label"]["accuracy"]
    assert by["parser", False, "filter"]["rows"] < by["parser", False, "label"]["rows"]
    assert by["nothing_learnt", False, "label"]["correct"] == 0


def nothing_learnt(rows: pl.DataFrame) -> Any:
    """A student of the user's own, which never answers."""
    return lambda questions: [None] * len(questions)


def test_results_from_outside_stand_beside_ones_own(done: tilth.Study) -> None:
    study = tilth.open_study(done.path)
    study.add(
        pl.DataFrame(
            {
                "strategy": ["few-shot"],
                "seeds": [30],
                "ratio": [2.0],
                "correct": [30],
                "n_test": [60],
                "teacher": ["a-model"],
            }
        )
    )
    assert study.frame.height == done.frame.height + 1
    assert "few-shot" in study.frame["strategy"].to_list()
    with pytest.raises(StudyFrameError, match="column 'n_test' is missing"):
        study.add(pl.DataFrame({"strategy": ["x"], "seeds": [1], "ratio": [1.0], "correct": [1]}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": [31]}, "take 1 to 30"),
        ({"ratios": [0.01]}, "without a single query"),
        ({"replicates": 0}, "at least one"),
        ({"student": "gpt"}, "choose one of parser, neighbour"),
        ({"student": ["parser", "sketch"]}, "'sketch' suits the task 'sql', not 'numeric'"),
        ({"check": "strict"}, "check=\"strict\"|check='strict'"),
        ({"budgets": [10], "ratios": None}, "one size of seeds"),
        ({"teacher": None}, "pass teacher="),
        ({"test": {}}, "one to 3 test sets"),
        ({"test": None}, "needs a test set; pass test="),
        ({"test": pl.DataFrame({"question": ["a"]})}, "'reference' is missing"),
        ({"test": pl.DataFrame({"question": ["a", "a"], "reference": ["1", "2"]})}, "stand twice"),
    ],
)
def test_what_cannot_be_measured_is_told(
    seeds: tilth.Seeds, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(Exception, match=message):
        tilth.start_study(seeds, **small(tmp_path / "x.tilth", **changes))
    assert not (tmp_path / "x.tilth").exists()


def test_seeds_that_the_task_cannot_take_are_told_before_anything_is_asked(tmp_path: Path) -> None:
    seeds = tilth.read_seeds([{"question": "Which one?", "answer": "B"}], task="choice")
    with pytest.raises(tilth.SeedsError, match="s0001"):
        tilth.start_study(seeds, **small(tmp_path / "s.tilth", sizes=None, student="neighbour"))
    assert not (tmp_path / "s.tilth").exists()


def test_a_strategy_that_is_not_nested_has_a_run_for_each_budget(tmp_path: Path) -> None:
    class Otherwise(tilth.strategies.available()["answer-augmentation"]):  # type: ignore[misc]
        """Answers, and says that its rows depend on the budget."""

        name, title, nested = "test-otherwise", "Otherwise", False

    study = tilth.study_sync(
        tilth.demo.seeds(10),
        **small(tmp_path / "s.tilth", strategies=[Otherwise()], sizes=[10], ratios=[1, 2], replicates=1),
    )
    assert study.frame["complete"].all()
    assert len({run.run_id for run in study.runs}) == 2
    assert [run.open().rows.height for run in study.runs] == [10, 20]
    assert study.progress.queries == 30


def test_seeds_and_test_sets_are_kept_apart(seeds: tilth.Seeds, tmp_path: Path) -> None:
    shared = pl.DataFrame({"question": [seeds.frame["question"][3]], "reference": ["1"]})
    with pytest.raises(ValueError, match="shares a question with the seeds"):
        tilth.start_study(seeds, **small(tmp_path / "x.tilth", test=shared))
    same = tilth.demo.questions("same", "test").head(5)
    with pytest.raises(ValueError, match="shares a question with test set 'test'"):
        tilth.start_study(seeds, **small(tmp_path / "x.tilth", test=same, validation=same))
