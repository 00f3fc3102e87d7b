"""What was planned stands in the file beside what came, and every spent query says what became of it."""

from __future__ import annotations

import pytest
from tests.unit.engine.growing import BAD_REQUEST, RESET, SEEDS, Model

import tilth

PRICE = tilth.Price(1, 2, source="by hand", date="2026-11-01")


class Wordy(Model):
    """Cuts replies off under a small limit; some are empty."""

    def reply(self, messages, draw, max_tokens):
        if draw % 4 == 0:
            return {"text": "", "finish_reason": "stop"}
        whole = super().reply(messages, draw, max_tokens)
        if max_tokens < 100 and draw % 4 == 1:
            return {"text": whole["text"][:8], "finish_reason": "length"}
        return whole


def grown(model: Model, budget: int, max_tokens: int = 2048, **options: object) -> tilth.Run:
    teacher = tilth.Teacher(model, price=PRICE, max_tokens=max_tokens)
    return tilth.generate_sync(
        SEEDS, "question-rephrase", budget, teacher=teacher, path="run.tilth", confirm=True, **options
    )


def test_the_plan_is_kept_in_the_file_and_follows_the_budget() -> None:
    teacher = tilth.Teacher(Model(), price=PRICE)
    for budget in (10, 20):
        planned = tilth.plan(SEEDS, "question-rephrase", budget, teacher=teacher, path="run.tilth")
        run = grown(Model(), budget)
        expected = {**planned.to_json(), "budget": tilth.Budget(budget).to_json()}
        assert run.plan == tilth.open_run("run.tilth").plan == expected
    assert planned.measured == 5, "a larger budget is planned by what the file holds"
    assert run.prices["teacher"] == PRICE.to_json()
    replayed = tilth.generate_sync(SEEDS, "question-rephrase", 20, path="run.tilth")
    assert replayed.plan == expected, "who only replays plans nothing anew"


def test_a_run_that_goes_on_keeps_what_was_planned_for_its_budget() -> None:
    teacher = tilth.Teacher(Model(), price=PRICE)
    planned = tilth.plan(SEEDS, "question-rephrase", 20, teacher=teacher).to_json()
    for _ in range(2):
        kept = grown(Model(), 20).plan
        assert kept is not None
        assert {name: kept[name] for name in planned} == planned


def test_seconds_of_all_sittings_are_summed_in_the_file() -> None:
    first = grown(Model(latency=lambda number: 0.01), 10).progress.seconds
    second = grown(Model(latency=lambda number: 0.01), 20).progress.seconds
    assert first > 0.01, "ten replies, of which each took so long"
    assert tilth.open_run("run.tilth").progress.seconds == pytest.approx(first + second)


def test_every_spent_query_says_what_became_of_it() -> None:
    def fault(key: str, attempt: int, number: int):
        return BAD_REQUEST if number == 4 else RESET if number % 9 == 0 and attempt == 0 else None

    grown(Wordy(fault=fault), 40, max_tokens=50)
    run = grown(Wordy(), 80)
    spent = run.spending()
    assert sum(spent.values()) == run.progress.queries
    assert spent["in doubt"] == run.progress.in_doubt > 0
    assert spent["rows"] >= run.rows["queries"].sum() > 0
    assert spent["cut off, and asked again with more room"] > 0
    assert spent["rephrase: empty reply"] > 0
    assert tilth.verify("run.tilth").ok
