"""Limits on a whole study: never passed, whatever is in doubt, resumed or taken over; what a plan says."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import RESET, SEEDS, Model, until
from tests.unit.studies.grids import PRICE, comparable, grid, ledger, measured

import tilth
from tilth.checks import Resolve
from tilth.engine.budget import Amount

ALL = 40
"""Queries of the whole grid."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tilth.Study:
    """The study without limits."""
    return measured(Model(), tmp_path_factory.mktemp("whole") / "s.tilth")


@pytest.mark.parametrize(
    ("name", "share"),
    [("queries", 0.3), ("queries", 0.55), ("tokens", 0.5), ("usd", 0.5)],
)
def test_a_limit_over_all_runs_is_never_passed_and_a_higher_one_goes_on(
    whole: tilth.Study, tmp_path: Path, name: str, share: float
) -> None:
    queries, tokens, nano = ledger(whole.path)
    assert queries == whole.progress.queries == ALL
    most = {"queries": round(share * ALL), "tokens": round(share * tokens), "usd": share * nano / 1e9}[name]
    budget = tilth.Budget(**{name: most})
    path = tmp_path / "s.tilth"
    study = measured(Model(), path, budget=budget)
    spent = ledger(path)
    assert budget.exceeded_by(Amount(*spent)) is None
    p = study.progress
    assert (p.queries, p.tokens, p.limit) == (*spent[:2], budget)
    assert p.usd == pytest.approx(spent[2] / 1e9)
    with closing(sqlite3.connect(whole.path)) as file:
        [worst] = file.execute("SELECT max(worst_queries), max(worst_tokens), max(worst_nano) FROM units")
    assert budget.exceeded_by(Amount(*spent) + Amount(*worst)) == {"usd": "dollars"}.get(name, name)
    assert study.status == "finished"
    told = {"usd": "dollars"}.get(name, name)
    assert p.reason == f"the study's budget of {told} is used up: {p.cells} of 8 cells are measured whole"
    assert 0 < p.cells < 8
    assert study.frame["complete"].all()
    assert_frame_equal(
        comparable(study.frame),
        comparable(whole.frame).filter(pl.col("cell_id").is_in(study.frame["cell_id"].to_list())),
    )
    opened = tilth.open_study(path)
    assert (opened.status, opened.progress.reason, opened.budget) == ("finished", p.reason, budget)

    again = Model()
    raised = measured(again, path, budget=None)
    assert raised.progress.reason == "every cell is measured"
    assert_frame_equal(comparable(raised.frame), comparable(whole.frame))
    assert again.calls == ALL - spent[0]


def test_what_earlier_sittings_spent_counts(tmp_path: Path) -> None:
    path, models = tmp_path / "s.tilth", [Model() for _ in range(4)]
    for model, most in zip(models, (3, 3, 14, 23), strict=True):
        measured(model, path, budget=most)
        assert ledger(path)[0] <= most
    assert sum(model.completed for model in models) == ledger(path)[0] > 20
    assert models[1].calls == 0


def test_calls_in_doubt_count_in_every_sitting(tmp_path: Path) -> None:
    """Each of these calls may have been billed."""
    path, most = tmp_path / "s.tilth", 24
    lossy = Model(fault=lambda key, attempt, number: RESET if number in (2, 9) else None)
    gate = Model(fault=lambda key, attempt, number: RESET if number == 1 else None)
    first = measured(lossy, path, budget=12, settings={"concurrency": 1})
    assert first.progress.in_doubt == 2
    assert ledger(path)[0] == first.progress.queries == lossy.calls <= 12
    second = measured(gate, path, budget=most, settings={"concurrency": 1})
    assert second.progress.in_doubt == 3
    assert ledger(path)[0] == lossy.calls + gate.calls <= most
    assert second.progress.reason.startswith("the study's budget of queries is used up")
    last = measured(Model(), path, budget=ALL + 3)
    assert last.progress.reason == "every cell is measured"
    assert ledger(path)[0] == ALL + 3


def test_an_abort_with_calls_out_leaves_them_in_doubt_and_counted(tmp_path: Path) -> None:
    held = Model(gate=threading.Event(), free=5)
    study = tilth.start_study(
        SEEDS, budget=20, confirm=True, **grid(held, tmp_path / "s.tilth", settings={"concurrency": 3})
    )
    until(lambda: held.out == 3)
    study.abort()
    study.wait()
    p = study.progress
    assert (study.status, p.in_doubt, p.queries) == ("aborted", 3, held.completed + 3)
    rest = Model()
    measured(rest, tmp_path / "s.tilth", budget=20)
    assert rest.completed + p.queries == ledger(tmp_path / "s.tilth")[0] <= 20


def test_a_limit_that_no_unit_fits_under_measures_nothing(tmp_path: Path) -> None:
    model = Model()
    study = measured(model, tmp_path / "s.tilth", budget=tilth.Budget(tokens=20))
    assert (model.calls, study.status, study.frame.height) == (0, "finished", 0)
    assert study.progress.reason == "the study's budget of tokens is used up: 0 of 8 cells are measured whole"


def test_real_dollars_need_a_limit_in_dollars_or_a_word(tmp_path: Path) -> None:
    path, model = tmp_path / "s.tilth", Model()
    with pytest.raises(
        tilth.ConfirmationNeeded, match=r"about \$0\.0\d by the plan, with no limit in dollars"
    ):
        tilth.start_study(SEEDS, **grid(model, path))
    with pytest.raises(tilth.ConfirmationNeeded):
        tilth.start_study(SEEDS, budget=10, **grid(model, path))
    unknown = {"teacher": tilth.Teacher(model)}
    with pytest.raises(tilth.BudgetError, match=r"price of .* is unknown"):
        tilth.start_study(SEEDS, budget=tilth.Budget(usd=1), **{**grid(model, path), **unknown})
    with pytest.raises(tilth.BudgetError, match="no goal in rows"):
        tilth.start_study(SEEDS, budget=tilth.Budget(rows=5, usd=1), **grid(model, path))
    assert not path.exists()
    assert model.calls == 0
    assert tilth.study_sync(SEEDS, budget=tilth.Budget(usd=1), **grid(model, path)).status == "finished"


def test_the_price_of_a_check_is_part_of_the_studys(tmp_path: Path) -> None:
    free = tilth.Teacher(Model(), price=tilth.Price(0, 0), max_tokens=40)
    judge = tilth.Teacher(Model(), price=PRICE, max_tokens=40)
    options = {**grid(Model(), tmp_path / "s.tilth"), "teacher": free}
    assert tilth.plan_study(SEEDS, **options).usd == 0
    assert tilth.plan_study(SEEDS, **options, checks=[tilth.checks.Judge(judge)]).usd > 0
    with pytest.raises(tilth.ConfirmationNeeded):
        tilth.start_study(SEEDS, **options, checks=[tilth.checks.Judge(judge)])


def test_a_plan_takes_what_a_study_takes_and_says_whether_the_limit_suffices(tmp_path: Path) -> None:
    options = grid(Model(), tmp_path / "s.tilth")

    def told(budget: tilth.Budget | int | None) -> tuple[str, str | None]:
        plan = tilth.plan_study(SEEDS, budget=budget, confirm=True, reuse=["old.tilth"], **options)
        return plan.suffices, plan.short_of

    plan = tilth.plan_study(SEEDS, **options)
    assert (plan.runs, plan.cells, plan.queries) == (4, 8, ALL)
    assert plan.usd is not None
    assert plan.usd_range.low < plan.usd < plan.usd_range.high
    assert told(None) == told(ALL) == ("yes", None)
    assert told(ALL - 10) == ("no", "queries")
    assert told(tilth.Budget(usd=plan.usd_range.high * 1.01)) == ("yes", None)
    assert told(tilth.Budget(usd=plan.usd)) == ("perhaps", "dollars")
    assert told(tilth.Budget(tokens=plan.tokens_range.low - 1)) == ("no", "tokens")
    assert not (tmp_path / "s.tilth").exists()


def test_replies_of_other_files_are_taken_over_once_and_cost_nothing(tmp_path: Path) -> None:
    old = measured(Model(), tmp_path / "old.tilth", replicates=1)
    model = Model()
    new = measured(model, tmp_path / "new.tilth", random_state=1, reuse=[old.path], budget=ALL // 2)
    # the first replicate takes over all it needs, and asks for nothing beyond; the second pays for itself
    assert new.progress.reason == "every cell is measured"
    assert model.calls == new.progress.queries == ALL // 2
    for run in new.runs:
        rows = run.open().rows
        assert rows["reused"].to_list() == [run.replicate == 0] * rows.height
    assert new.frame["complete"].all()
    # in a cell they count at what they cost where they were paid
    costs = new.frame.select("replicate", "strategy", "ratio", "queries").rows()
    assert {cost[1:] for cost in costs if cost[0] == 0} == {cost[1:] for cost in costs if cost[0] == 1}
    assert new.frame["usd"].min() > 0


def test_a_file_to_reuse_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(tilth.JournalError, match=r"gone\.tilth does not exist"):
        measured(Model(), tmp_path / "s.tilth", reuse=[tmp_path / "gone.tilth"])
    assert not (tmp_path / "s.tilth").exists()


def test_a_study_that_reuses_can_stop_and_go_on(tmp_path: Path) -> None:
    old = measured(Model(), tmp_path / "old.tilth", ratios=[1], replicates=1)
    path, first, second = tmp_path / "new.tilth", Model(), Model()
    options = {"random_state": 1, "reuse": [old.path], "replicates": 1}
    measured(first, path, budget=4, **options)
    assert ledger(path)[0] == first.calls <= 4
    done = measured(second, path, **options)
    assert done.progress.reason == "every cell is measured"
    assert first.calls + second.calls == ALL // 2 - old.progress.queries
    with closing(sqlite3.connect(path)) as file:
        [(taken, apart)] = file.execute("SELECT count(origin), count(DISTINCT origin) FROM replies")
    assert taken == apart == old.progress.queries


def test_checks_that_ask_are_part_of_each_cells_queries(tmp_path: Path) -> None:
    model = Model()
    study = measured(model, tmp_path / "s.tilth", checks=[Resolve()], sizes=[2, 4], check=["label", "filter"])
    assert study.progress.reason == "every cell is measured"
    assert set(study.frame["options"]) == {'{"checks":[{"name":"re-solve","options":{}}]}'}
    top = study.frame.filter(seeds=4, ratio=2, check="label")
    assert model.calls == study.progress.queries == top["queries"].sum()
    # an answer that its reference accepts takes two queries then, another one
    cell = top.filter(strategy="answer-augmentation", replicate=0)
    rows = tilth.open_run(study.path, cell["run_id"].item()).prefix(cell["queries"].item())
    accepted = (rows["verdict"] == "accepted").sum()
    assert accepted > 0
    assert cell["rows"].item() + accepted == cell["queries"].item()
    assert tilth.verify(study.path).ok
