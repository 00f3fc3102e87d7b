"""Students that ask a model: an account of their own, replies that are paid for once, limits never passed."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.support.openai_server import Fault, Plan, serve
from tests.unit.engine.growing import BAD_REQUEST, RESET, SEEDS, SERVER, Model, Wordy, until
from tests.unit.studies.grids import PRICE, comparable, constant, grid, measured

import tilth
from tilth.engine.budget import Amount
from tilth.errors import BudgetError, ConfirmationNeeded, EndpointUnavailable, TeacherError
from tilth.students import InContext

CELLS, ASKED = 11, 88
"""Cells of the grid and its base lines, and questions that all of them put."""


def asking(model: Model, *, shots: int = 2, **settings: Any) -> InContext:
    given = {"max_tokens": 40, "price": PRICE, **settings}
    return InContext(tilth.Teacher(model, **given), shots=shots)


def study(model: Model, path: Path, **changes: Any) -> tilth.Study:
    """The grid's study, whose teacher is another model than its student."""
    given = {"student": asking(model), "student_budget": 10 * ASKED, **changes}
    return measured(Model(), path, **given)


def books(path: Path) -> Amount:
    """What the account "student" of a file has spent, calls in doubt at their worst."""
    with closing(sqlite3.connect(path)) as file:
        [amounts] = file.execute(
            "SELECT total(iif(state = 'settled', queries, worst_queries)),"
            " total(iif(state = 'settled', prompt_tokens + completion_tokens, worst_tokens)),"
            " total(iif(state = 'settled', nano, worst_nano)) FROM ledger"
            " WHERE state IN ('settled', 'in doubt', 'reserved') AND account = 'student'"
        )
    return Amount(*map(int, amounts))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[tilth.Study, Model]:
    model = Model()
    return study(model, tmp_path_factory.mktemp("whole") / "s.tilth"), model


def test_its_account_is_its_own_and_a_reply_is_paid_once(whole: tuple[tilth.Study, Model]) -> None:
    measured_study, model = whole
    p = measured_study.progress
    assert (measured_study.status, p.cells, p.queries) == ("finished", CELLS, 40)
    assert p.student is not None
    spent = books(measured_study.path)
    assert (p.student.queries, p.student.tokens) == spent[:2]
    assert p.student.usd == pytest.approx(spent.nano / 1e9)
    assert model.calls == model.completed == spent.queries == len(model.seen) <= ASKED
    assert p.student.most_queries == ASKED
    lines = measured_study.base_lines
    assert lines["strategy"].value_counts().sort("strategy").rows() == [("seeds-only", 2), ("zero-shot", 1)]
    report = tilth.verify(measured_study.path)
    assert report.ok, report.findings
    assert sum(run.open().progress.queries for run in measured_study.runs) == p.queries
    opened = tilth.open_study(measured_study.path)
    assert opened.progress.student == p.student


def test_what_is_journalled_is_not_asked_again(whole: tuple[tilth.Study, Model], tmp_path: Path) -> None:
    copied, again = tilth.copy(whole[0].path, tmp_path / "copy.tilth"), Model()
    with closing(sqlite3.connect(copied)) as file, file:
        file.execute("DELETE FROM cells")
        file.execute("DELETE FROM outcomes")
    resumed = study(again, copied, student_budget=ASKED)
    assert not again.calls
    assert_frame_equal(comparable(resumed.frame), comparable(whole[0].frame))
    assert_frame_equal(resumed.outcomes, whole[0].outcomes)


@pytest.mark.parametrize(("name", "share"), [("queries", 0.5), ("tokens", 0.7), ("usd", 0.7)])
def test_its_limit_is_never_passed_and_a_higher_one_goes_on(
    whole: tuple[tilth.Study, Model], tmp_path: Path, name: str, share: float
) -> None:
    all_of_it = books(whole[0].path)
    dollars = all_of_it.nano / 1e9
    most = {"queries": all_of_it.queries, "tokens": all_of_it.tokens, "usd": dollars}[name] * share
    budget = tilth.Budget(**{name: most if name == "usd" else int(most)})
    path = tmp_path / "s.tilth"
    short = study(Model(), path, student_budget=budget)
    p = short.progress
    told = {"usd": "dollars"}.get(name, name)
    assert p.reason == f"student_budget of {told} is used up: {p.cells} of 11 cells are measured whole"
    assert budget.exceeded_by(books(path)) is None
    assert 0 < p.cells < CELLS
    assert p.student is not None
    assert p.student.limit == short.student_budget == budget
    model, before = Model(), books(path).queries
    raised = study(model, path)
    assert model.calls == all_of_it.queries - before
    assert_frame_equal(comparable(raised.frame), comparable(whole[0].frame))


def test_other_students_are_measured_whatever_it_may_spend(tmp_path: Path) -> None:
    both = study(Model(), tmp_path / "s.tilth", student=[asking(Model()), constant], student_budget=32)
    counts = dict(both.frame.group_by("student").len().rows())
    # behind three base lines; the second cell shows what the first showed, and costs nothing
    assert counts == {"constant": 8, "in-context": 2}
    assert both.progress.runs == both.progress.all_runs


def test_the_teachers_budget_does_not_count_what_students_are_asked(tmp_path: Path) -> None:
    limited = study(Model(), tmp_path / "s.tilth", budget=40)
    assert (limited.progress.cells, limited.progress.reason) == (CELLS, "every cell is measured")


@pytest.mark.parametrize("settings", [{}, {"price": None}])
def test_without_a_budget_it_refuses_with_its_price(tmp_path: Path, settings: dict[str, Any]) -> None:
    model, path = Model(), tmp_path / "s.tilth"
    with pytest.raises(ConfirmationNeeded, match=r"at most 88 queries, about \S+ tokens") as refused:
        study(model, path, student=asking(model, **settings), student_budget=None)
    assert ("price unknown" in str(refused.value)) == ("price" in settings)
    assert not model.calls
    assert not path.exists()


def test_a_limit_that_cannot_be_kept_or_was_not_agreed_to_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    with pytest.raises(BudgetError, match="price unknown; give in-context a model with price="):
        study(Model(), path, student=asking(Model(), price=None), student_budget=tilth.Budget(usd=1))
    with pytest.raises(ConfirmationNeeded, match=r"pass student_budget="):
        study(Model(), path, confirm=False, budget=tilth.Budget(usd=1))


def test_a_model_that_costs_nothing_needs_no_budget(tmp_path: Path) -> None:
    free = study(
        Model(), tmp_path / "s.tilth", student=asking(Model(), price=tilth.Price(0, 0)), student_budget=None
    )
    assert free.progress.student is not None
    assert free.progress.student.limit == tilth.Budget(queries=2 * ASKED)
    assert free.progress.cells == CELLS


def test_lost_replies_count_at_their_worst_and_are_asked_again(tmp_path: Path) -> None:
    shaky = Model(fault=lambda key, attempt, number: RESET if attempt == 0 and number % 5 == 0 else None)
    path = tmp_path / "s.tilth"
    done = study(shaky, path)
    student = done.progress.student
    assert student is not None
    assert student.in_doubt == shaky.calls - shaky.completed > 0
    assert student.queries == books(path).queries == shaky.calls
    assert done.progress.cells == CELLS
    assert tilth.verify(path).ok
    tight = study(
        Model(fault=lambda key, attempt, number: RESET if attempt == 0 else None),
        tmp_path / "t.tilth",
        student_budget=12,
    )
    assert books(tight.path).queries <= 12
    assert "student_budget of queries is used up" in str(tight.progress.reason)


def test_failures_are_tried_again_and_a_refused_question_has_no_answer(tmp_path: Path) -> None:
    calls: dict[str, int] = {}

    def fault(key: str, attempt: int, number: int) -> Any:
        calls[key] = calls.get(key, len(calls))
        return BAD_REQUEST if calls[key] == 3 else SERVER if attempt == 0 and number == 2 else None

    done = study(Model(fault=fault), tmp_path / "s.tilth")
    answers = done.outcomes["answer"]
    assert 0 < answers.null_count() < len(answers)
    assert not done.outcomes.filter(pl.col("answer").is_null())["correct"].any()
    assert done.progress.cells == CELLS


def test_a_cell_with_a_question_that_has_no_reply_is_left_for_later(
    whole: tuple[tilth.Study, Model], tmp_path: Path
) -> None:
    def fault(key: str, attempt: int, number: int) -> Any:
        return SERVER if key == first[0] else None

    first = [next(iter(whole[1].seen))]
    path = tmp_path / "s.tilth"
    left = study(Model(fault=fault), path, patience=2)
    assert left.status == "finished"
    assert 0 < left.progress.cells < CELLS
    assert "without a reply" in str(left.progress.reason) or "nothing but failures" in str(
        left.progress.reason
    )
    again = study(Model(), path)
    assert_frame_equal(comparable(again.frame), comparable(whole[0].frame))


def test_an_answer_that_was_cut_off_is_asked_again_with_more_room(tmp_path: Path) -> None:
    path, first = tmp_path / "s.tilth", Wordy()
    short = study(first, path, student=asking(first, max_tokens=60))
    assert short.outcomes["answer"].str.len_chars().min() == 8
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM cells")
        file.execute("DELETE FROM outcomes")
    more = Wordy()
    longer = study(more, path, student=asking(more, max_tokens=200))
    assert 0 < more.calls < first.calls
    assert longer.outcomes["answer"].str.len_chars().min() > 8
    assert tilth.verify(path).ok


def test_an_abort_leaves_what_is_out_in_doubt_and_goes_on(
    whole: tuple[tilth.Study, Model], tmp_path: Path
) -> None:
    path, held = tmp_path / "s.tilth", Model(gate=threading.Event(), free=19)
    begun = tilth.start_study(
        SEEDS, **grid(Model(), path, student=asking(held), student_budget=999, confirm=True)
    )
    until(lambda: held.completed == 19 and held.out)
    begun.abort()
    begun.wait()
    assert begun.status == "aborted"
    student = tilth.open_study(path).progress.student
    assert student is not None
    assert student.in_doubt == held.calls - 19
    rest = Model()
    resumed = study(rest, path)
    assert rest.calls == whole[1].calls - 19
    assert_frame_equal(comparable(resumed.frame), comparable(whole[0].frame))


def test_a_stop_finishes_the_cell_that_is_asked(tmp_path: Path) -> None:
    gate, path = threading.Event(), tmp_path / "s.tilth"
    held = Model(gate=gate, free=0)
    begun = tilth.start_study(
        SEEDS, **grid(Model(), path, student=asking(held), student_budget=999, confirm=True)
    )
    until(lambda: held.out)
    begun.stop()
    gate.set()
    begun.wait()
    assert (begun.status, begun.progress.cells, held.completed) == ("stopped", 1, 8)


def test_an_endpoint_that_is_gone_fails_the_study_and_says_so(tmp_path: Path) -> None:
    broken = Model(fault=lambda key, attempt, number: SERVER)
    with pytest.raises(EndpointUnavailable, match="nothing but failures"):
        study(broken, tmp_path / "s.tilth", patience=0.2)
    assert tilth.open_study(tmp_path / "s.tilth").status == "failed"


def test_over_http_no_key_reaches_the_file_or_an_error(tmp_path: Path) -> None:
    path, key = tmp_path / "s.tilth", "sk-nobody-may-see-this"
    with serve(plan=Plan(key=key, faults=(Fault("429", every=7, seconds=0.01),))) as server:
        model = tilth.Teacher("test-model", base_url=server.base_url, api_key=key, max_tokens=40)
        done = study(Model(), path, student=InContext(model, shots=1))
        assert done.progress.student is not None
        assert done.progress.student.queries == server.books()["billed"]
        wrong = tilth.Teacher("test-model", base_url=server.base_url, api_key=key[:-1], max_tokens=40)
        with pytest.raises(TeacherError, match="401") as refused:
            study(Model(), tmp_path / "t.tilth", student=InContext(wrong, shots=1))
    assert key[:-1] not in str(refused.value)
    for file in (path, tmp_path / "t.tilth"):
        assert key[:-1].encode() not in file.read_bytes()


def test_verify_finds_a_reply_that_was_changed_and_an_account_that_was(
    whole: tuple[tilth.Study, Model], tmp_path: Path
) -> None:
    copied = tilth.copy(whole[0].path, tmp_path / "copy.tilth")
    with closing(sqlite3.connect(copied)) as file, file:
        file.execute("UPDATE replies SET text = 'The answer is 1.' WHERE role = 'student' AND unit = 3")
        file.execute("UPDATE ledger SET account = 'generation' WHERE role = 'student' AND unit = 2")
    findings = tilth.verify(copied).findings
    assert any("the student's reply 0 of unit 3 was changed" in one for one in findings)
    assert any("stands on the account 'generation'" in one for one in findings)
