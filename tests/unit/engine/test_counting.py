"""What counts: a 200 is a query however bad, other failures are attempts, and a lost reply is in doubt."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.openai_server import Fault, FaultKind, Plan, Server, serve
from tests.unit.engine.growing import BAD_REQUEST, REFUSED, RESET, TIMEOUT, Model, Votes, seeds, until

import tilth
from tilth import Budget
from tilth.engine.run import Run
from tilth.errors import BudgetError, ConfirmationNeeded, EndpointUnavailable, Overspent, TeacherError
from tilth.teacher import CallError

SEEDS = seeds(6)
PRICE = tilth.Price(prompt=Decimal("0.40"), completion=Decimal("1.60"), source="test", date="2026-01-01")


def teacher_at(server: Server, **options: object) -> tilth.Teacher:
    return tilth.Teacher("test-model", **{"base_url": server.base_url, "concurrency": 4, **options})


def served(
    plan: Plan,
    budget: Budget | int,
    strategy: str = "answer-augmentation",
    *,
    confirm: bool = False,
    **options: object,
) -> tuple[Run, dict[str, Any]]:
    """A run against a server with this plan, and the server's books."""
    with serve(plan=plan) as server:
        teacher = teacher_at(server, **options)
        run = tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher, confirm=confirm)
        return run, server.books()


def rows_and_rowless_are_spent(run: Run) -> None:
    """Rows + rowless + units cut short by the budget + in doubt = spent, in the file."""
    with closing(sqlite3.connect(f"file:{run.path}?mode=ro", uri=True)) as file:
        [units] = file.execute("SELECT total(queries) FROM units").fetchone()
        [rowless] = file.execute("SELECT total(queries) FROM units WHERE outcome <> 'grown'").fetchone()
    assert run.rows["queries"].sum() + rowless == units
    unfinished = run.spending().get("units that are not finished", 0)
    assert units + unfinished + run.progress.in_doubt == run.progress.queries
    assert run.progress.reserved == 0


@pytest.mark.parametrize(
    ("kind", "reason", "cause"),
    [
        ("null-content", "empty reply", "empty"),
        ("refusal", "refused by the model", "refused"),
        ("content-filter", "stopped by a content filter", "filtered"),
        ("length", "cut off at the reply limit, after", "cut-off"),
        ("no-choices", "malformed reply", "malformed"),
    ],
)
def test_a_reply_of_200_is_one_query_however_bad(kind: FaultKind, reason: str, cause: str) -> None:
    run, books = served(Plan(faults=(Fault(kind, every=3),)), 12)
    assert run.progress.queries == books["billed"] == 12
    assert run.progress.rows == 12
    bad = run.rows.filter(pl.col("reason").str.starts_with(reason), cause=cause)
    assert bad.height == 4
    assert set(bad["verdict"]) == {"rejected"}
    rows_and_rowless_are_spent(run)


def test_a_question_that_cannot_be_read_costs_its_query_and_gives_no_row() -> None:
    run, books = served(Plan(faults=(Fault("null-content", every=3),)), 13, "new-question", concurrency=1)
    assert run.progress.queries == books["billed"]
    assert run.progress.rowless > 0
    assert set(run.quality.rowless_by) == {"empty"}
    rows_and_rowless_are_spent(run)


@pytest.mark.parametrize("kind", ["429", "500", "503", "told-429", "html"])
def test_a_call_that_is_turned_away_is_an_attempt(kind: FaultKind) -> None:
    run, books = served(Plan(faults=(Fault(kind, every=4, seconds=0.01),)), 12)
    assert run.progress.queries == 12 == books["billed"]
    assert run.progress.in_doubt == 0
    assert run.progress.attempts == books["received"] > 12
    rows_and_rowless_are_spent(run)


def test_a_connection_that_is_refused_is_an_attempt() -> None:
    model = Model(fault=lambda key, attempt, number: REFUSED if attempt == 0 else None)
    run = tilth.generate_sync(SEEDS, "answer-augmentation", 5, teacher=tilth.Teacher(model))
    assert (run.progress.queries, run.progress.in_doubt, run.progress.rows) == (5, 0, 5)
    assert run.progress.attempts == model.calls == 2 * 5


def test_a_dead_host_is_told_before_anything_is_spent() -> None:
    teacher = tilth.Teacher("test-model", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(TeacherError, match="nothing answers"):
        tilth.generate_sync(SEEDS, "answer-augmentation", 5, teacher=teacher)


@pytest.mark.parametrize("kind", ["reset", "reset-early", "invalid-json", "told-502", "other-api"])
def test_a_reply_that_breaks_off_is_in_doubt_and_asked_again(kind: FaultKind) -> None:
    run, _ = served(Plan(faults=(Fault(kind, calls=(3, 7)),)), 14)
    assert run.progress.in_doubt == 2
    assert run.progress.queries == 14
    assert run.progress.rows == 12
    assert list(run.rows["unit"]) == list(range(12)), "what was in doubt was asked again"
    rows_and_rowless_are_spent(run)


def test_a_call_in_doubt_counts_at_its_worst_case_against_every_limit() -> None:
    model = Model(fault=lambda key, attempt, number: TIMEOUT if number == 2 else None)
    plain = Model()
    budget = Budget(queries=100, tokens=4_000)
    doubtful = tilth.generate_sync(
        SEEDS, Votes(), budget, teacher=tilth.Teacher(model, max_tokens=300, concurrency=1), path="a.tilth"
    )
    clean = tilth.generate_sync(
        SEEDS, Votes(), budget, teacher=tilth.Teacher(plain, max_tokens=300, concurrency=1), path="b.tilth"
    )
    assert doubtful.progress.in_doubt == 1
    assert doubtful.progress.tokens - model.tokens > 300, "prompt and whole reply limit"
    assert doubtful.progress.tokens <= 4_000
    assert doubtful.progress.rows < clean.progress.rows
    assert clean.progress.tokens == plain.tokens


def test_missing_usage_settles_at_the_reservation_and_says_estimated(tmp_path: Path) -> None:
    run, books = served(Plan(faults=(Fault("no-usage", calls=(2,)),)), 4, max_tokens=500)
    with closing(sqlite3.connect(run.path)) as file:
        entries = file.execute(
            "SELECT worst_tokens, prompt_tokens + completion_tokens, estimated FROM ledger"
        ).fetchall()
    assert sorted(estimated for *_, estimated in entries) == [0, 0, 0, 1]
    for worst, tokens, estimated in entries:
        assert (tokens == worst) == bool(estimated)
    assert run.progress.tokens > books["prompt_tokens"] + books["completion_tokens"]


def test_usage_above_the_reservation_stops_the_run_and_says_by_how_much() -> None:
    with serve(plan=Plan(faults=(Fault("usage-above", calls=(5,)),))) as server:
        run = tilth.start(
            SEEDS, "answer-augmentation", 40, teacher=teacher_at(server, max_tokens=400, concurrency=1)
        )
        with pytest.raises(Overspent, match=r"reported [\d,]+ tokens .*Raise max_tokens"):
            run.wait()
        assert run.status == "failed"
        assert run.progress.queries == server.books()["billed"] == 5
        assert run.progress.tokens > 10 * 400, "what was reported is booked, not what was reserved"
        assert run.progress.rows == 4
        again = tilth.generate_sync(
            SEEDS, "answer-augmentation", 40, teacher=teacher_at(server), path=run.path
        )
        assert again.progress.rows == 40, "the reply was kept: it is paid for"
        assert server.books()["billed"] == 40


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_token_limit_is_never_passed(concurrency: int) -> None:
    model = Model()
    budget = Budget(tokens=3_000)
    teacher = tilth.Teacher(model, max_tokens=200, concurrency=concurrency)
    run = tilth.generate_sync(SEEDS, "question-rephrase", budget, teacher=teacher)
    assert run.status == "finished"
    assert "tokens" in (run.progress.reason or "")
    assert run.progress.tokens == model.tokens <= 3_000
    assert run.progress.rows > 0


@pytest.mark.parametrize(
    ("budget", "most"),
    [
        (Budget(usd=0.0001), r"dollars .*up to \$0\.\d{6}"),
        (Budget(tokens=100), r"tokens .*up to [\d,]+ tokens"),
    ],
)
def test_a_budget_that_holds_no_unit_says_what_one_may_cost(budget: Budget, most: str) -> None:
    teacher = tilth.Teacher(Model(), max_tokens=200, price=PRICE)
    run = tilth.generate_sync(SEEDS, "answer-augmentation", budget, teacher=teacher, confirm=True)
    assert (run.status, run.progress.queries) == ("finished", 0)
    assert re.search(f"the budget of {most}; raise it, or lower max_tokens", run.progress.reason or "")
    again = tilth.generate_sync(SEEDS, "answer-augmentation", Budget(usd=1), teacher=teacher, path=run.path)
    assert again.progress.queries > 0


@pytest.mark.parametrize("patience", [float("nan"), -1, "5", None, []])
def test_a_patience_that_is_no_number_of_seconds_is_refused(tmp_path: Path, patience: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="patience"):
        tilth.start(SEEDS, "answer-augmentation", 4, teacher=tilth.Teacher(Model()), patience=patience)
    assert not list(tmp_path.glob("*.tilth"))


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_dollar_limit_is_never_passed(concurrency: int) -> None:
    model = Model()
    teacher = tilth.Teacher(model, max_tokens=200, concurrency=concurrency, price=PRICE)
    run = tilth.generate_sync(SEEDS, "answer-augmentation", Budget(usd=0.002), teacher=teacher)
    assert "dollars" in (run.progress.reason or "")
    assert run.progress.usd == pytest.approx(run.rows["usd"].sum())
    assert 0.001 < run.progress.usd <= 0.002


def test_an_unknown_price_refuses_a_dollar_limit_before_any_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="price of Model is unknown"):
        tilth.start(SEEDS, "answer-augmentation", Budget(usd=1.0), teacher=tilth.Teacher(Model()))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_price_is_unknown_not_zero() -> None:
    run = tilth.generate_sync(SEEDS, "answer-augmentation", 3, teacher=tilth.Teacher(Model()))
    assert run.progress.usd is None
    assert run.rows["usd"].null_count() == 3


def test_real_dollars_without_a_limit_need_a_word() -> None:
    model = Model()
    teacher = tilth.Teacher(model, price=PRICE)
    with pytest.raises(ConfirmationNeeded, match=r"about \$0\.\d\d by the plan.*usd="):
        tilth.start(SEEDS, "answer-augmentation", 3, teacher=teacher)
    assert model.calls == 0
    assert tilth.generate_sync(SEEDS, "answer-augmentation", 3, teacher=teacher, confirm=True).status == (
        "finished"
    )


def test_the_ledger_equals_the_servers_books() -> None:
    faults = (Fault("429", every=5, seconds=0.01), Fault("500", every=7), Fault("refusal", every=11))
    plan = Plan(latency=(0.0, 0.01), faults=faults)
    run, books = served(plan, 60, "answers-then-new", confirm=True, price=PRICE, max_tokens=500)
    assert 59 <= run.progress.queries == books["billed"] == books["completed"] <= 60, (
        "a unit of two may not fit"
    )
    assert run.progress.tokens == books["prompt_tokens"] + books["completion_tokens"]
    nano = PRICE.nano_dollars(books["prompt_tokens"], books["completion_tokens"])
    assert run.progress.usd == pytest.approx(nano / 1e9, abs=60e-9)
    assert run.progress.attempts == books["received"]
    assert books["most_in_flight"] <= 4
    rows_and_rowless_are_spent(run)


def test_an_abort_puts_only_calls_that_were_out_in_doubt() -> None:
    """Eight units are at work; the first call goes alone, so seven calls never left."""
    gate = threading.Event()
    model = Model(gate=gate)
    run = tilth.start(SEEDS, "answer-augmentation", 30, teacher=tilth.Teacher(model, concurrency=8))
    until(lambda: model.calls == 1 and run.progress.reserved == 8)
    assert run.progress.in_flight == 1
    run.abort()
    run.wait()
    assert (run.status, run.progress.in_doubt, run.progress.queries) == ("aborted", 1, 1)
    opened = tilth.open_run(run.path)
    assert (opened.progress.in_doubt, opened.progress.queries) == (1, 1), "the file says the same"


def test_all_who_add_up_a_file_say_the_same_of_a_run_that_was_killed() -> None:
    """A killed process leaves its calls reserved: they are in doubt for whoever reads the file."""
    model = Model(fault=lambda key, attempt, number: RESET if number in (2, 5) else None)
    run = tilth.generate_sync(SEEDS, "new-question", 12, teacher=tilth.Teacher(model, concurrency=2))
    with closing(sqlite3.connect(run.path)) as file:
        file.execute("UPDATE ledger SET state = 'reserved' WHERE state = 'in doubt'")
        file.commit()
    opened = tilth.open_run(run.path)
    progress, quality, spending = opened.progress, opened.quality, opened.spending()
    assert (progress.queries, progress.in_doubt) == (run.progress.queries, 2)
    assert (sum(quality.queries.values()) + quality.in_doubt, quality.in_doubt) == (progress.queries, 2)
    assert (sum(spending.values()), spending["in doubt"]) == (progress.queries, 2)
    again = tilth.generate_sync(SEEDS, "new-question", 12, teacher=tilth.Teacher(model), path=run.path)
    assert (again.progress.queries, again.progress.in_doubt, again.progress.tokens) == (
        *(progress.queries, 2),
        progress.tokens,
    )


def test_asks_that_a_strategy_leaves_behind_are_paid_and_booked() -> None:
    """One of several gathered replies is in doubt and others fail: nothing stays reserved or unbooked."""
    model = Model(
        latency=lambda n: 0.002 * (n % 4),
        fault=lambda key, attempt, number: (
            RESET if number % 5 == 0 else BAD_REQUEST if number % 7 == 0 else None
        ),
    )
    run = tilth.generate_sync(SEEDS, Votes(), 60, teacher=tilth.Teacher(model, concurrency=3))
    assert run.status == "finished"
    assert model.completed == run.progress.queries - run.progress.in_doubt
    rows_and_rowless_are_spent(run)


def test_nothing_but_failures_ends_the_run_when_its_patience_does() -> None:
    model = Model(fault=lambda key, attempt, number: CallError("down", kind="server", status=502))
    run = tilth.start(
        SEEDS, "answer-augmentation", 5, teacher=tilth.Teacher(model, concurrency=2), patience=0.1
    )
    with pytest.raises(EndpointUnavailable, match=r"down.*run again"):
        run.wait()
    assert (run.status, run.progress.queries, run.progress.reserved) == ("failed", 0, 0)


def test_a_wrong_key_ends_the_run_with_nothing_spent_and_no_key_told() -> None:
    with serve(plan=Plan(key="right-key", models=None)) as server:
        run = tilth.start(
            SEEDS, "answer-augmentation", 5, teacher=teacher_at(server, api_key="sk-wrong-key-1")
        )
        with pytest.raises(TeacherError) as told:
            run.wait()
    assert "sk-wrong-key-1" not in str(told.value)
    assert run.progress.queries == 0
    assert b"sk-wrong-key-1" not in run.path.read_bytes()
