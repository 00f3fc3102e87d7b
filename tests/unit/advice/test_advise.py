"""Advice from studies whose answers are known: what it says, what it rests on, what it refuses."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.support.made_study import COVERAGE, made_study

import tilth
from tilth.errors import BudgetError, StudyFrameError

SEEDS = tilth.demo.seeds(100)
PAIR = {name: COVERAGE[name] for name in ("answer-augmentation", "new-question")}


def evidence(accuracies: Any = COVERAGE, **changes: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    return made_study(accuracies, **{"tests": ["validation"], "replicates": 1, **changes})


def test_what_is_far_ahead_is_advised_clearly() -> None:
    steep = {"answer-augmentation": {100: (0.3,) * 5}, "new-question": {100: (0.3, 0.4, 0.5, 0.6, 0.7)}}
    advice = tilth.advise(SEEDS, 3_200, evidence=evidence(steep))
    assert (advice.arm, advice.strategy, advice.words) == ("new-question", "new-question", "clear")
    assert advice.within is not None
    assert advice.within > 0.95
    assert advice.split == {"new questions": 3_200}
    row = advice.table.row(0, named=True)
    assert (row["arm"], row["ratio"], row["queries"], row["gap"]) == ("new-question", 32.0, 3_200, 0.0)
    assert row["usd"] == pytest.approx(3_200 * 4e-4)
    assert 0.6 < row["low"] < row["mean"] < row["high"] < 0.95
    other = advice.table.row(1, named=True)
    assert other["gap_low"] < other["gap"] < other["gap_high"] < 0
    assert str(advice).startswith("new-question: clear\n- ")


def test_twins_are_too_close_and_the_default_is_named() -> None:
    advice = tilth.advise(SEEDS, 3_200, evidence=evidence(questions=100))
    assert advice.arm == "answers-then-new"
    assert "it is the default, which no other arm beats by enough" in advice.reasons
    assert advice.split == {"answers": 100, "new questions": 3_100}
    assert "new-question" in advice.holds_best


def test_a_default_that_was_not_measured_is_stood_in_for_by_its_twin() -> None:
    near = {
        "question-rephrase": {100: (0.30, 0.36, 0.41, 0.45, 0.48)},
        "new-question": {100: (0.29, 0.35, 0.40, 0.44, 0.47)},
    }
    by_mean = tilth.advise(SEEDS, 1_600, evidence=evidence(near), default=None)
    assert by_mean.arm == "question-rephrase"
    advice = tilth.advise(SEEDS, 1_600, evidence=evidence(near))
    assert advice.arm == "new-question", "its rows are made of what those of answers-then-new are"
    assert "the default, answers-then-new, was not measured: new-question stands in for it" in advice.reasons
    apart = {"question-rephrase": {100: (0.3, 0.4, 0.5, 0.6, 0.7)}, "new-question": {100: (0.3,) * 5}}
    assert tilth.advise(SEEDS, 1_600, evidence=evidence(apart)).arm == "question-rephrase"


def test_the_same_evidence_gives_the_same_advice_in_any_form(tmp_path: Any) -> None:
    frame, outcomes = evidence()
    first = tilth.advise(SEEDS, 3_200, evidence=(frame, outcomes))
    again = tilth.advise(SEEDS, 3_200, evidence=[(frame, outcomes)])
    assert first.table.equals(again.table)
    halves = [
        (half, outcomes.filter(pl.col("cell_id").is_in(half["cell_id"].to_list())))
        for half in (frame.filter(pl.col("ratio") <= 2), frame.filter(pl.col("ratio") > 2))
    ]
    joined = tilth.advise(SEEDS, 3_200, evidence=halves)
    assert joined.table["arm"].to_list() == first.table["arm"].to_list()
    assert joined.evidence is not None
    assert joined.evidence.height == first.evidence.height  # type: ignore[union-attr]


def test_the_order_of_rows_is_of_no_account_whatever_the_random_state() -> None:
    frame, outcomes = evidence()
    mixed = (
        frame.sample(fraction=1, shuffle=True, seed=1),
        outcomes.sample(fraction=1, shuffle=True, seed=2),
    )
    for state in (0, -1):
        first = tilth.advise(SEEDS, 3_200, evidence=(frame, outcomes), random_state=state)
        again = tilth.advise(SEEDS, 3_200, evidence=mixed, random_state=state)
        assert first.table.equals(again.table)
        assert str(first) == str(again)


def test_the_price_of_a_query_is_that_of_cells_that_tell_both() -> None:
    frame, outcomes = evidence(PAIR)
    some = frame.with_columns(queries=pl.when(pl.col("ratio") > 1).then("queries"))
    row = tilth.advise(SEEDS, 3_200, evidence=(some, outcomes)).table.row(0, named=True)
    assert row["usd"] == pytest.approx(3_200 * 4e-4)
    none = tilth.advise(SEEDS, 3_200, evidence=frame.with_columns(queries=0)).table
    assert none["usd"].null_count() == none.height


def test_a_strategy_without_a_whole_cell_is_told_of() -> None:
    frame, outcomes = evidence()
    half = frame.with_columns(complete=pl.col("strategy") != "question-rephrase")
    with pytest.warns(tilth.TilthWarning, match="from 100 seeds, hence left out: question-rephrase"):
        advice = tilth.advise(SEEDS, 3_200, evidence=(half, outcomes))
    assert "question-rephrase" not in advice.table["arm"].to_list()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"correct": ~pl.col("correct")}, "give an outcome for every question"),
        ({"correct": pl.lit(None, dtype=pl.Boolean)}, "'correct' is empty in"),
        ({"cell_id": pl.lit("another")}, "none is of a cell of the frame"),
        ({"question_id": pl.lit("q1")}, "it stands twice"),
    ],
)
def test_outcomes_that_are_not_of_their_frame_are_told(change: dict[str, pl.Expr], says: str) -> None:
    frame, outcomes = evidence(PAIR)
    with pytest.raises(StudyFrameError, match=says):
        tilth.advise(SEEDS, 1_000, evidence=(frame, outcomes.with_columns(**change)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"correct": pl.col("accuracy"), "accuracy": None}, '"correct" is 0.* it must be a whole number'),
        ({"correct": pl.lit(value=True)}, "'correct' is Boolean"),
        ({"usd": pl.lit(float("nan"))}, "leave it empty where it is not known"),
        ({"ratio": pl.lit(1e300)}, "more than can be counted"),
    ],
)
def test_figures_that_cannot_be_are_told(change: dict[str, Any], says: str) -> None:
    frame, _ = evidence(PAIR)
    with pytest.raises(StudyFrameError, match=says):
        tilth.advise(SEEDS, 1_000, evidence=frame.with_columns(**change))


def test_a_study_is_evidence_as_it_is(tmp_path: Any) -> None:
    seeds = tilth.demo.seeds(20)
    study = tilth.study_sync(
        seeds,
        test=tilth.demo.questions("same", "test").head(20),
        validation=tilth.demo.questions("same", "validation").head(200),
        strategies=["answer-augmentation", "new-question"],
        ratios=[1, 2],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "s.tilth",
    )
    advice = tilth.advise(seeds, 160, evidence=study)
    assert advice.evidence is not None
    assert set(advice.evidence["cell_id"]) == set(study.frame["cell_id"])
    assert set(advice.evidence["test"]) == {"validation"}
    assert (
        "the same student (parser), models, prompts and kind of questions as measured" in advice.assumptions
    )
    assert any("one replicate" in one for one in advice.assumptions)


def test_only_validation_questions_are_looked_at() -> None:
    frame, outcomes = evidence(tests=["validation", "same"])
    with_tests = tilth.advise(SEEDS, 3_200, evidence=(frame, outcomes))
    alone = tilth.advise(SEEDS, 3_200, evidence=(frame.filter(test="validation"), outcomes))
    assert with_tests.table.equals(alone.table)
    with pytest.raises(ValueError, match="advice may not look at test questions"):
        tilth.advise(SEEDS, 3_200, evidence=frame.filter(test="same"))


def test_few_questions_are_warned_of_and_very_few_refused() -> None:
    with pytest.warns(tilth.TilthWarning, match="150 validation questions is rough"):
        tilth.advise(SEEDS, 3_200, evidence=evidence(questions=150))
    with pytest.raises(ValueError, match="measured on 99 validation questions"):
        tilth.advise(SEEDS, 3_200, evidence=evidence(questions=99))


def test_no_odds_are_told_four_doublings_past_the_last_point() -> None:
    given = evidence(PAIR)
    assert tilth.advise(SEEDS, 100 * 16 * 16, evidence=given).within is not None
    far = tilth.advise(SEEDS, 100 * 16 * 17, evidence=given)
    assert (far.words, far.within, far.expected_loss, far.holds_best) == ("too far ahead", None, None, ())
    assert far.table["p_best"].null_count() == 2
    assert any("doublings past what was measured" in one for one in far.reasons)


def test_one_arm_has_no_odds() -> None:
    advice = tilth.advise(SEEDS, 3_200, evidence=evidence({"new-question": PAIR["new-question"]}))
    assert (advice.arm, advice.words, advice.within, advice.holds_best) == (
        "new-question",
        "only one arm",
        None,
        (),
    )
    assert advice.table["p_best"].null_count() == 1
    assert advice.reasons[-1] == "one arm is measured: there is nothing to compare it with"


def test_the_nearest_number_of_seeds_is_the_evidence_and_two_tell_what_seeds_are_worth() -> None:
    advice = tilth.advise(tilth.demo.seeds(90), 2_000, evidence=evidence())
    assert advice.evidence is not None
    assert set(advice.evidence["seeds"]) == {100}
    worth = advice.seeds_worth
    assert worth is not None
    assert 0 < worth.low <= worth.more <= worth.high
    assert "answer augmentation" in worth.rests_on
    assert f"- it is worth as much as {worth.more:,.0f} more real seeds (" in str(advice)
    one_size = {name: {100: curve[100]} for name, curve in COVERAGE.items()}
    assert tilth.advise(SEEDS, 3_200, evidence=evidence(one_size)).seeds_worth is None


def test_dollars_go_further_with_a_cheaper_teacher() -> None:
    frame, outcomes = evidence({"new-question": {100: (0.3, 0.37, 0.46, 0.53, 0.58)}})
    dear = frame.with_columns(
        teacher=pl.lit("large"), cell_id="large " + pl.col("cell_id"), usd=pl.col("usd") * 10
    )
    both = pl.concat([frame.with_columns(teacher=pl.lit("small")), dear])
    asked = pl.concat([outcomes, outcomes.with_columns(cell_id="large " + pl.col("cell_id"))])
    by_queries = tilth.advise(SEEDS, 1_600, evidence=(both, asked))
    assert set(by_queries.table["ratio"]) == {16.0}
    assert abs(by_queries.table["gap"][1]) < 0.01
    by_dollars = tilth.advise(SEEDS, tilth.Budget(usd=0.64), evidence=(both, asked))
    assert by_dollars.arm == "new-question, teacher small"
    ratios = dict(by_dollars.table.select("arm", "ratio").iter_rows())
    assert ratios["new-question, teacher small"] == pytest.approx(10 * ratios["new-question, teacher large"])


def test_next_cells_are_the_doublings_that_may_change_the_choice() -> None:
    close = {
        "answer-augmentation": {100: (0.3, 0.3)},
        "question-rephrase": {100: (0.3, 0.35)},
        "new-question": {100: (0.3, 0.36)},
    }
    advice = tilth.advise(SEEDS, 1_600, evidence=evidence(close, ratios=[1, 2], questions=200))
    assert advice.next.columns == ["arm", "ratio", "queries", "usd", "points"]
    first = advice.next.row(0, named=True)
    assert first["arm"] in ("new-question", "question-rephrase")
    assert (first["ratio"], first["queries"]) == (4.0, 200)
    assert first["points"] > 0.001
    assert advice.next["points"].min() >= 0
    whole = tilth.advise(SEEDS, 200, evidence=evidence(close, ratios=[1, 2], questions=200))
    assert whole.next.is_empty(), "all is measured at the budget itself"


def test_the_fan_runs_from_the_first_point_to_the_budget() -> None:
    advice = tilth.advise(SEEDS, 3_200, evidence=evidence())
    assert advice.forecast is not None
    assert (advice.forecast.at[0], advice.forecast.at[-1]) == (1.0, pytest.approx(32.0))
    ends = advice.forecast.frame.filter(pl.col("ratio") > 31.9)
    told = advice.table.select("arm", "mean").sort("arm")
    assert ends.sort("arm")["mean"].to_list() == pytest.approx(told["mean"].to_list(), abs=0.01)


def test_without_measurements_there_are_no_odds() -> None:
    advice = tilth.advise(SEEDS, 3_200)
    assert (advice.arm, advice.words, advice.within) == ("answers-then-new", "not measured", None)
    assert advice.published is not None
    assert advice.published.height > 20
    said = " ".join(advice.reasons)
    assert "past it read as queries for each seed, before it read as rows" not in said
    assert "2607.01727" in said
    between = " ".join(tilth.advise(SEEDS, 5_000).reasons)
    assert "past it read as queries for each seed, before it read as rows" in between
    assert tilth.advise(SEEDS, tilth.Budget(usd=3.0)).arm == "answers-then-new"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"budget": tilth.Budget(tokens=5)}, BudgetError, "in queries or dollars"),
        ({"budget": tilth.Budget(usd=1e-9)}, BudgetError, "not hold a single query"),
        ({"evidence": []}, ValueError, "the list is empty"),
        ({"evidence": "study.tilth"}, TypeError, "evidence is a str; pass a study"),
        ({"evidence": 3}, TypeError, "evidence is an int; pass a study"),
        ({"evidence": (evidence(PAIR)[0], "outcomes")}, TypeError, "outcomes is a str"),
        ({"default": "new-questions"}, ValueError, "no strategy is called 'new-questions'; there are"),
        ({"default": 3}, TypeError, "default is an int"),
        ({"budget": 10**30}, BudgetError, "more queries of answer-augmentation than can be counted"),
        ({"evidence": pl.DataFrame({"a": [1]})}, StudyFrameError, "'strategy' is missing"),
        ({"student": "lora"}, ValueError, "no cell is of student 'lora'; there are parser"),
        ({"random_state": True}, TypeError, "random_state is a bool"),
        ({"seeds": "seeds.jsonl"}, TypeError, "seeds is a str"),
    ],
)
def test_what_cannot_be_meant_is_told(given: dict[str, Any], error: type[Exception], says: str) -> None:
    usual = {"seeds": SEEDS, "budget": 1_000, "evidence": evidence(PAIR)}
    with pytest.raises(error, match=says):
        tilth.advise(**(usual | given))


def test_several_students_are_told_apart() -> None:
    frame, outcomes = evidence(PAIR)
    other = frame.with_columns(student=pl.lit("neighbour"), cell_id="n " + pl.col("cell_id"))
    asked = pl.concat([outcomes, outcomes.with_columns(cell_id="n " + pl.col("cell_id"))])
    both = (pl.concat([frame, other]), asked)
    with pytest.raises(ValueError, match="pass student= one of parser, neighbour"):
        tilth.advise(SEEDS, 1_000, evidence=both)
    assert tilth.advise(SEEDS, 1_000, evidence=both, student="neighbour").arm
    mixed = pl.concat([frame, other.with_columns(student=pl.lit("parser"), seed_rows=pl.lit(value=True))])
    with pytest.raises(ValueError, match="cells differ in seed_rows; filter"):
        tilth.advise(SEEDS, 1_000, evidence=mixed)
