"""Runs that decide as they grow: what they measure, when they commit, and that a resume changes nothing."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.processes import until

import tilth
from tilth.errors import BudgetError, IdentityMismatch, JournalError

SEEDS = tilth.demo.seeds(20)
VALIDATION = tilth.demo.questions("same", "validation").head(200)
BUDGET = 640
"""Ratio 32: a third of it holds pools up to ratio 4."""


def grown(path: str, budget: Any = BUDGET, **options: Any) -> tilth.Run:
    strategy = tilth.Adaptive(**({"validation": VALIDATION} | options))
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=tilth.demo.teacher(), path=path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    return grown(str(tmp_path_factory.mktemp("adaptive") / "run.tilth"))


def part(name: str) -> pl.Expr:
    return pl.col("extra").str.json_path_match("$.part") == name


def test_it_measures_in_rounds_within_a_third_and_spends_the_rest_on_one_arm(run: tilth.Run) -> None:
    assert run.status == "finished"
    assert BUDGET - 1 <= run.progress.queries <= BUDGET, "a unit of two queries may not fit"
    made = tilth.decisions(run)
    *measured, last = made.iter_rows(named=True)
    assert [one["then"] for one in measured] == ["measure"] * len(measured)
    assert [one["ratio"] for one in measured] == [0.5, 1.0, 2.0, 3.0, 4.0][: len(measured)]
    assert len(measured) > 2
    assert (last["then"], last["ratio"]) == ("commit", None)
    assert 0 < last["queries"] <= BUDGET / 3
    assert made["queries"].is_sorted()
    assert "is expected to lose" in last["reason"] or "more than a third" in last["reason"]
    after = run.rows.filter(pl.col("round") == last["round"])
    parts = set(after["extra"].str.json_path_match("$.part"))
    assert parts == {
        {"question-rephrase": "rephrases", "answer-augmentation": "answers"}.get(last["arm"], "new questions")
    }
    assert after["queries"].sum() > BUDGET / 2


def test_its_cells_are_students_trained_on_what_an_arm_has_of_the_pools(run: tilth.Run) -> None:
    cells = tilth.advise(SEEDS, BUDGET, evidence=run).evidence
    assert cells is not None
    rows = run.rows.filter(pl.col("verdict") != "rejected").with_columns(
        place=pl.col("unit") // (3 * 20) * 20 + pl.col("unit") % 20
    )
    wanted = {
        ("new-question", 2.0): part("new questions") & (pl.col("place") < 20),
        ("answers-then-new", 2.0): (part("answers") | part("new questions") & (pl.col("place") < 10)),
        ("question-rephrase", 1.0): part("rephrases") & (pl.col("place") < 10),
        ("answer-augmentation", 0.5): part("answers") & (pl.col("place") < 10),
    }
    for (arm, ratio), which in wanted.items():
        [cell] = cells.filter((pl.col("strategy") == arm) & (pl.col("ratio") == ratio)).to_dicts()
        learnt = rows.filter(which)
        model = tilth.train(learnt, "parser")
        given = zip(model.answer(VALIDATION["question"].to_list()), VALIDATION["reference"], strict=True)
        right = sum(
            one is not None and tilth.check(one, wanted, task="numeric").accepted for one, wanted in given
        )
        assert (cell["correct"], cell["n_test"], cell["rows"]) == (right, 200, learnt.height), (arm, ratio)


def test_pools_grow_the_seeds_in_the_order_of_every_strategy(run: tilth.Run, tmp_path: Path) -> None:
    pure = tilth.generate_sync(
        SEEDS, "answer-augmentation", 20, teacher=tilth.demo.teacher(), path=tmp_path / "a.tilth"
    )
    mine = run.rows.filter(part("answers")).head(20)
    assert mine["seed_id"].to_list() == pure.rows["seed_id"].to_list()


def test_a_pilot_is_gone_on_with_and_ends_as_a_run_that_was_never_stopped(
    run: tilth.Run, tmp_path: Path
) -> None:
    path = str(tmp_path / "pilot.tilth")
    pilot = grown(path, commits=False)
    assert pilot.progress.reason == "the strategy has no more units"
    assert_frame_equal(tilth.decisions(pilot), tilth.decisions(run))
    assert pilot.progress.queries == tilth.decisions(run)["queries"][-1]
    whole = grown(path)
    same = ["row_id", "question", "response", "verdict", "extra"]
    assert_frame_equal(whole.rows.select(same), run.rows.select(same))


def test_advice_from_a_pilot_says_what_it_took(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"validation": VALIDATION, "teacher": tilth.demo.teacher()}
    advice = tilth.advise(SEEDS, BUDGET, evidence="pilot", path=tmp_path / "pilot.tilth", **asked)
    assert advice.words in ("clear", "leaning", "too close to call")
    assert set(advice.table["arm"]) == {
        "answer-augmentation",
        "question-rephrase",
        "new-question",
        "answers-then-new",
    }
    again = tilth.advise(SEEDS, BUDGET, evidence=tilth.open_run(tmp_path / "pilot.tilth"))
    assert_frame_equal(again.table, advice.table)
    took = tilth.open_run(tmp_path / "pilot.tilth").progress.queries
    assert any(one.startswith(f"the pilot took {took:,} queries") for one in advice.reasons)
    assert not any("not expected to pay" in one for one in advice.reasons)
    small = tilth.advise(SEEDS, 160, evidence="pilot", path=tmp_path / "small.tilth", **asked)
    assert any("below ratio 16 (here 8) a pilot is not expected to pay" in one for one in small.reasons)
    nothing = tilth.advise(SEEDS, 0, evidence="pilot", path=tmp_path / "none.tilth", **asked)
    assert any(one.startswith("no pilot was grown") for one in nothing.reasons)
    none = tilth.advise(SEEDS, 60, evidence="pilot", path=tmp_path / "none.tilth", **asked)
    assert (none.words, none.arm) == ("not measured", "answers-then-new")
    assert any(
        one.startswith("no pilot was grown: pools up to ratio 0.5 would take 67%") for one in none.reasons
    )
    assert not (tmp_path / "none.tilth").exists(), "a larger budget may still measure"


def test_a_file_is_verified_and_replayed_without_the_questions_but_not_decided_on(
    run: tilth.Run, tmp_path: Path
) -> None:
    assert tilth.verify(run.path).findings == ()
    path = tilth.copy(run.path, tmp_path / "copy.tilth")
    stored = tilth.open_run(path).strategy
    assert isinstance(stored, tilth.Adaptive)
    replayed = tilth.generate_sync(SEEDS, stored, BUDGET, path=path)
    assert_frame_equal(replayed.rows, run.rows)
    with pytest.raises(tilth.StrategyError, match="knows its validation questions by their digest only"):
        tilth.generate_sync(SEEDS, stored, BUDGET, teacher=tilth.demo.teacher(), path=tmp_path / "new.tilth")


def test_other_questions_or_another_student_are_another_run(run: tilth.Run, tmp_path: Path) -> None:
    path = str(tilth.copy(run.path, tmp_path / "copy.tilth"))
    for other in ({"validation": VALIDATION.head(150)}, {"student": "neighbour"}):
        with pytest.raises(IdentityMismatch):
            grown(path, **other)
    assert grown(path, student=None).rows.height == run.rows.height


def waits(started: Path, rows: pl.DataFrame) -> Any:
    """Trains for ever the first time, and not at all later."""
    if not started.exists():
        started.touch()
        while started.exists():
            time.sleep(0.05)
    return lambda questions: ["1"] * len(questions)


def test_stopped_in_a_training_it_goes_on_from_there(tmp_path: Path) -> None:
    started, path = tmp_path / "started", str(tmp_path / "run.tilth")
    student = partial(waits, started)
    strategy = tilth.Adaptive(VALIDATION, student)
    run = tilth.start(SEEDS, strategy, BUDGET, teacher=tilth.demo.teacher(), path=path)
    assert until(started.exists)
    assert run.status == "running"
    run.stop()
    assert run.wait().status == "stopped"
    assert tilth.decisions(run).height == 1
    again = tilth.generate_sync(SEEDS, strategy, BUDGET, teacher=tilth.demo.teacher(), path=path)
    assert again.status == "finished"
    assert again.progress.queries >= BUDGET - 1
    assert tilth.verify(path).findings == ()


def test_checks_that_ask_are_paid_for_and_decided_with(tmp_path: Path) -> None:
    from tilth.checks import Agreement

    run = tilth.generate_sync(
        SEEDS,
        tilth.Adaptive(VALIDATION),
        BUDGET,
        teacher=tilth.demo.teacher(),
        checks=[Agreement()],
        path=tmp_path / "run.tilth",
    )
    assert run.progress.queries <= BUDGET
    last = tilth.decisions(run).row(-1, named=True)
    assert last["then"] == "commit"
    assert 0 < last["queries"] <= BUDGET / 3, "what checks take is counted in what a stage will take"


def test_it_can_be_a_line_of_a_study(tmp_path: Path) -> None:
    study = tilth.study_sync(
        SEEDS,
        test=tilth.demo.questions("same", "test").head(50),
        strategies=["answers-then-new", tilth.Adaptive(VALIDATION)],
        ratios=[8],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    assert study.status == "finished"
    assert dict(study.frame.select("strategy", "queries").rows()) == {
        "answers-then-new": 160,
        "adaptive": 160,
    }


def test_a_single_seed_is_measured_though_a_stage_adds_nothing_to_its_pools(tmp_path: Path) -> None:
    run = tilth.generate_sync(
        tilth.demo.seeds(1),
        tilth.Adaptive(VALIDATION),
        64,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "run.tilth",
    )
    made = tilth.decisions(run)
    assert made["then"].to_list()[-1] == "commit"
    assert made["ratio"].drop_nulls().to_list()[:2] == [0.5, 2.0]
    assert run.progress.queries >= 63


def test_a_pilot_that_a_goal_ends_says_so(tmp_path: Path) -> None:
    advice = tilth.advise(
        SEEDS,
        tilth.Budget(queries=BUDGET, rows=50),
        evidence="pilot",
        validation=VALIDATION,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "run.tilth",
    )
    assert any(one == "it ended because the goal of 50 kept rows is met" for one in advice.reasons)


def test_validation_questions_of_another_task_are_told_before_anything_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "run.tilth"
    with pytest.raises(tilth.StrategyError, match="200 of 200 validation questions are none of the task sql"):
        tilth.generate_sync(
            tilth.demo.seeds(20, task="sql"),
            tilth.Adaptive(VALIDATION),
            BUDGET,
            teacher=tilth.demo.teacher(),
            path=path,
        )
    assert tilth.open_run(path).progress.queries == 0


_MEASURE = '"then": "measure", "have": {"answers": 0, "rephrases": 0, "new questions": 0}, "want": '


@pytest.mark.parametrize(
    "decision",
    [
        '"then": "commit", "have": 3',
        _MEASURE + '{"answers": 1e400}',
        _MEASURE + '{"answers": 1, "rephrases": 1, "new questions": "9"}',
        _MEASURE + '{"answers": 999999999, "rephrases": 0, "new questions": 0}',
    ],
)
def test_what_was_changed_in_a_decision_ends_no_verification(
    run: tilth.Run, tmp_path: Path, decision: str
) -> None:
    path = changed(run, tmp_path, '{"value": {"cells": [], ' + decision + '}, "asked": []}')
    assert not tilth.verify(path).ok
    rest = tilth.advise(SEEDS, BUDGET, evidence=tilth.open_run(path)).evidence
    assert rest is not None
    assert rest.height < 16, "the cells of that round are gone"


@pytest.mark.parametrize(
    "value",
    [
        "no JSON",
        '{"value": [], "asked": []}',
        '{"value": {"cells": [{}], "about": {}}, "asked": []}',
        '{"value": {"cells": [{"arm": "answer-augmentation", "right": "01"}]}, "asked": []}',
    ],
)
def test_a_decision_that_cannot_be_read_is_told(run: tilth.Run, tmp_path: Path, value: str) -> None:
    path = changed(run, tmp_path, value)
    assert not tilth.verify(path).ok
    with pytest.raises(JournalError, match="was changed in the file"):
        tilth.advise(SEEDS, BUDGET, evidence=tilth.open_run(path))


def changed(run: tilth.Run, folder: Path, value: str) -> Path:
    """A copy of a run's file in which the second decision is this."""
    path = tilth.copy(run.path, folder / "copy.tilth")
    with sqlite3.connect(path) as file:
        file.execute("UPDATE decisions SET value = ? WHERE key = 'round 1'", (value,))
    return path


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"validation": None}, ValueError, r"pass tilth.Adaptive\(validation=questions\)"),
        ({"validation": VALIDATION.head(99)}, ValueError, "99 validation questions tell nothing"),
        ({"validation": VALIDATION.drop("reference")}, ValueError, "'reference' is missing"),
        ({"validation": [1]}, TypeError, "test set 'validation' is a list"),
        ({"validation": "questions.jsonl"}, TypeError, "test set 'validation' is a str"),
        (
            {"validation": VALIDATION.with_columns(reference=pl.lit(" "))},
            ValueError,
            "200 rows have no reference",
        ),
        ({"commits": "no"}, TypeError, "commits is a str; pass True or False"),
        ({"student": "nobody"}, tilth.StudentError, "'nobody' is unknown"),
        ({"student": "sketch"}, tilth.StudentError, "suits the task 'sql'"),
        ({"student": tilth.students.InContext(tilth.demo.teacher())}, tilth.StudentError, "asked elsewhere"),
        ({"budget": tilth.Budget(tokens=9_000)}, BudgetError, r"give Budget\(queries=…\)"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_asked(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    path = tmp_path / "run.tilth"
    with pytest.raises(error, match=says):
        grown(str(path), **options)
    assert not path.exists() or tilth.open_run(path).progress.queries == 0


def test_validation_questions_among_the_seeds_are_refused(tmp_path: Path) -> None:
    shared = pl.concat(
        [
            VALIDATION.select("question", "reference"),
            SEEDS.frame.select("question", reference="reference").head(1),
        ]
    )
    with pytest.raises(
        tilth.StrategyError, match="adaptive: test set 'validation' shares a question with the seeds"
    ):
        grown(str(tmp_path / "run.tilth"), validation=shared)


def test_it_is_planned_but_not_probed() -> None:
    given: dict[str, Any] = {"teacher": tilth.demo.teacher()}
    assert tilth.plan(SEEDS, tilth.Adaptive(VALIDATION), BUDGET, **given).queries == BUDGET
    with pytest.raises(ValueError, match=r"adaptive is not nested: .* leave out probe="):
        tilth.plan(SEEDS, tilth.Adaptive(VALIDATION), BUDGET, probe=40, **given)


def test_only_adaptive_runs_have_decisions(tmp_path: Path) -> None:
    run = tilth.generate_sync(
        SEEDS, "new-question", 10, teacher=tilth.demo.teacher(), path=tmp_path / "n.tilth"
    )
    with pytest.raises(ValueError, match="strategy is new-question, which decides nothing"):
        tilth.decisions(run)
    with pytest.raises(ValueError, match='only a pilot takes it; pass evidence="pilot"'):
        tilth.advise(SEEDS, 100, validation=VALIDATION)


def fails(rows: pl.DataFrame) -> Any:
    """Cannot learn."""
    raise OverflowError("too much")


def test_a_student_that_fails_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    with pytest.raises(tilth.StudentError, match="student 'fails': OverflowError: too much"):
        grown(str(tmp_path / "run.tilth"), student=fails)
    assert tilth.open_run(tmp_path / "run.tilth").rows.height > 20


def test_a_teacher_that_says_nothing_is_told_of(tmp_path: Path) -> None:
    async def mute(messages: Any, **settings: Any) -> str:
        return ""

    run = tilth.generate_sync(
        SEEDS, tilth.Adaptive(VALIDATION), BUDGET, teacher=tilth.Teacher(mute), path=tmp_path / "run.tilth"
    )
    assert "no row was there to be learnt" in tilth.decisions(run)["reason"][1]
