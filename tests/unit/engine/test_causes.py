"""Causes in a run: of replies, rows and units, of what others bring, in the frame and in what is saved."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.openai_server import Fault, Plan, serve
from tests.unit.checks.scripted import OnePass, Scripted, asked_number, grow, seeds
from tests.unit.engine.growing import BAD_REQUEST, Model, grown

import tilth
from tilth.errors import Unreadable
from tilth.strategies.check import Check, CheckContext, note
from tilth.tasks import CAUSES


def right(prompt: str, before: int) -> str:
    return f"The answer is {asked_number(prompt)}."


def grown_by(grow: Any, **options: Any) -> tilth.Run:
    """A run of one pass in which each unit grows as the function says."""

    class Given(OnePass):
        name = "test-given"

        async def grow(self, unit: Any, ask: Any, task: Any) -> AsyncIterator[Any]:
            async for candidate in grow(unit, ask, task):
                yield candidate

    given: dict[str, Any] = {"teacher": tilth.Teacher(Scripted(right)), "path": "run.tilth", **options}
    return tilth.generate_sync(seeds(2), Given(), 8, **given)


def test_causes_are_short_words_with_a_meaning() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cause) for cause in CAUSES)
    assert all(CAUSES.values())
    assert len(set(CAUSES.values())) == len(CAUSES)


def test_the_cause_stands_between_verdict_and_reason_and_in_every_file_of_all_columns(tmp_path: Path) -> None:
    replies = {0: "The answer is 0.", 1: "The answer is 7.", 2: "who knows"}
    model = Scripted(lambda prompt, before: replies[asked_number(prompt)])
    run = grow(model, [], count=3, references=True)
    place = run.rows.columns.index("cause")
    assert run.rows.columns[place - 1 : place + 2] == ["verdict", "cause", "reason"]
    causes = [None, "wrong-answer", "no-answer"]
    assert run.rows.sort("seed_id")["cause"].to_list() == causes
    assert run.samples().sort("seed_id")["cause"].to_list() == causes
    assert run.detail(run.rows.filter(cause="no-answer")["row_id"][0])["row"]["cause"] == "no-answer"
    every = ("accepted", "rejected", "unverified")
    for name, read in ("a.parquet", pl.read_parquet), ("a.csv", pl.read_csv), ("a.jsonl", pl.read_ndjson):
        saved = read(run.save(tmp_path / name, format=name.partition(".")[2], verdicts=every))
        assert saved.sort("seed_id")["cause"].to_list() == causes, name
    assert tilth.open_run(run.path).rows["cause"].to_list() == run.rows["cause"].to_list()


def test_a_refusal_that_was_billed_is_an_error_by_its_cause() -> None:
    with serve(plan=Plan(faults=(Fault("billed-400"),))) as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url)
        run = tilth.generate_sync(seeds(2), "answer-augmentation", 2, teacher=teacher, path="run.tilth")
    assert set(run.rows.select("cause", "reason").rows()) == {
        ("error", "answered with an error: The prompt was flagged")
    }


def test_a_unit_whose_request_is_refused_says_so() -> None:
    model = Model(fault=lambda key, attempt, number: BAD_REQUEST if number == 1 else None)
    run = grown(model, 4)
    assert run.quality.rowless_by == {"refused-request": 1}
    assert tilth.verify(run.path).ok


def test_a_unit_that_yields_nothing_says_so() -> None:
    async def nothing(unit: Any, ask: Any, task: Any) -> AsyncIterator[Any]:
        await ask(task.answer(unit.seed.question))
        return
        yield

    assert grown_by(nothing).quality.rowless_by == {"no-candidate": 2}


@pytest.mark.parametrize(("given", "cause"), [((), "malformed"), (("too-rude",), "too-rude")])
def test_what_a_strategy_cannot_read_may_have_a_word_of_its_own(given: tuple[str, ...], cause: str) -> None:
    async def rude(unit: Any, ask: Any, task: Any) -> AsyncIterator[Any]:
        await ask(task.answer(unit.seed.question))
        raise Unreadable("how rude", *given)
        yield

    run = grown_by(rude)
    assert run.quality.rowless_by == {cause: 2}
    assert run.quality.latest["rowless"] == {cause: "how rude"}


@dataclass(frozen=True)
class Moody(Check):
    """Rejects what it says, with the cause it is told, if any."""

    cause: str | None = None

    name = "test-moody"
    title = "Moody"

    def cost(self, task: Any) -> Any:
        return tilth.UnitCost()

    def prompts(self, seed: Any, task: Any) -> Any:
        return ()

    async def look(self, candidate: Any, context: CheckContext) -> Any:
        return [note(candidate, self, {})]

    def verdict(self, found: Any, before: Any) -> Any:
        return replace(before, verdict="rejected", reason="not today", cause=self.cause)


@pytest.mark.parametrize(("given", "cause"), [(None, "other"), ("bad-mood", "bad-mood")])
def test_a_check_by_others_may_name_a_cause_or_none(given: str | None, cause: str) -> None:
    run = grow(Scripted(right), [Moody(given)], count=2)
    assert set(run.rows["cause"]) == {cause}
    assert run.quality.rejected_by == {cause: 2}
    assert run.quality.checks == {}, "it shows nothing"
    assert json.loads(run.rows["extra"][0])["checks"] == {"test-moody": {}}


def test_a_check_that_fails_as_it_counts_is_named() -> None:
    class Miscounting(Moody):
        name = "test-miscounting"

        def tally(self, found: Any) -> Any:
            raise ZeroDivisionError("nothing to divide by")

    run = grow(Scripted(right), [Miscounting()], count=1)
    with pytest.raises(tilth.StrategyError, match="'test-miscounting' raised ZeroDivisionError"):
        _ = run.quality
