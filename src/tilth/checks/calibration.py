"""Calibration: how often a judge sees a known error, and how often it rejects what is good."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind
from tilth.checks.injected_errors import Good, inject
from tilth.checks.judge import Judge
from tilth.checks.trials import REPLY_FORMAT, RESPONSE, AboutEach, Rate, asked_about, drawn_rows
from tilth.seeds import Seed
from tilth.strategies.base import Ask, Candidate, Role, Unit, UnitCost
from tilth.strategies.check import EVIDENCE, note
from tilth.tasks.base import Prompt, Task

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Calibration:
    """What a judge made of responses taken for good, and of the same with a known error in each.

    Attributes:
        judge: Its model and rubric.
        accept: The mean score from which it accepts.
        hit: Share of spoilt responses that it rejected.
        false_alarm: Share of good responses that it rejected.
        by_error: `hit` by kind of error.
        frame: One record a judgement: seed_id, error (null for the good one), mean (1 to 5, null where the
            reply was malformed, which rejects nothing), rejected, reason.
        path: The file of its run, with every exchange.

    Example:
        >>> import json
        >>> async def model(messages, response_format, **settings):  # a stand-in that finds all well
        ...     fields = response_format["json_schema"]["schema"]["properties"]
        ...     well = {"string": "Well.", "integer": 5, "boolean": True, "array": ["Well."]}
        ...     return json.dumps({name: well[field["type"]] for name, field in fields.items()})
        >>> judge = tilth.checks.Judge(tilth.Teacher(model))
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 10, teacher=teacher)
        >>> calibration = tilth.checks.calibrate(judge, run.rows, n=5)
        >>> calibration.hit.rate  # it says of every error that all is well
        0.0
    """

    judge: str
    accept: float
    hit: Rate
    false_alarm: Rate
    by_error: Mapping[str, Rate]
    frame: pl.DataFrame
    path: Path

    def __repr__(self) -> str:
        return (
            f"<Calibration of {self.judge} at {self.accept:g}: sees {self.hit} of the errors, "
            f"rejects {self.false_alarm} of what is good>"
        )

    def at(self, accept: float) -> Calibration:
        """The same judgements with another threshold; nothing is asked."""
        import polars as pl

        rejected = (pl.col("mean") < accept).fill_null(value=False)
        return _calibration(self.judge, accept, self.frame.with_columns(rejected=rejected), self.path)

    def to_json(self) -> dict[str, Any]:
        """Its numbers, as a page shows them."""
        return {
            "judge": self.judge,
            "rows": self.false_alarm.n,
            "hit": self.hit.to_json(),
            "false_alarm": self.false_alarm.to_json(),
            "by_error": [{"error": error, **rate.to_json()} for error, rate in self.by_error.items()],
        }


def calibrate(
    judge: Judge,
    rows: pl.DataFrame,
    *,
    n: int = 40,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
) -> Calibration:
    """Has a judge score good responses, and the same with an error put into each; blocks until it has.

    Two queries a response, and one in all to find out how the judge gives structured replies. It is a run
    as others are: within its budget, journalled, and resumed by the same call.

    Args:
        judge: The judge, with the rubric and the threshold to be calibrated.
        rows: Responses that are known to be good, in columns question, response and reference (or null),
            such as `run.rows` that a reference accepted. Rejected rows are left out.
        n: How many of them to take, at most.
        path: The run's file; made from its identity where not given.
        random_state: What the rows and the errors are drawn from.
        confirm: True lets it spend real dollars.

    Raises:
        ValueError: No row can be used.
        ConfirmationNeeded: Real dollars without `confirm=True`.

    Source: error injection as in FARE; the rates with Wilson intervals of 95 %.

    Example:
        >>> import json
        >>> async def model(messages, response_format, **settings):  # a stand-in that finds all well
        ...     fields = response_format["json_schema"]["schema"]["properties"]
        ...     well = {"string": "Well.", "integer": 5, "boolean": True, "array": ["Well."]}
        ...     return json.dumps({name: well[field["type"]] for name, field in fields.items()})
        >>> judge = tilth.checks.Judge(tilth.Teacher(model))
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 10, teacher=teacher)
        >>> calibration = tilth.checks.calibrate(judge, run.rows, n=5)
        >>> calibration.false_alarm.n  # good responses that it was shown
        5
    """
    of_kind(judge, Judge, "judge", "a tilth.checks.Judge")
    seeds = drawn_rows(rows, n, random_state)
    strategy = _Calibrating(judge, tuple(seed.extra[RESPONSE] for seed in seeds))
    run = asked_about(seeds, strategy, path=path, random_state=random_state, confirm=confirm)
    name = f"{judge.model.name}, {judge.rubric_name}"
    return _calibration(name, judge.accept, _frame(run.rows, judge), run.path)


class _Calibrating(AboutEach):
    """Judges each response, and the same with an error."""

    name = "calibrating"
    title = "Calibration"

    def __init__(self, judge: Judge, responses: tuple[str, ...]) -> None:
        super().__init__(judge.model)
        self.judge, self.responses = judge, responses
        self.checks = (judge,)

    def identity(self) -> dict[str, Any]:
        """The judge; the responses are the seeds'."""
        return {"name": self.name, "version": self.version, "options": {}, "checks": [self.judge.identity()]}

    def cost(self, task: Task) -> UnitCost:
        """The response as it is, and with an error."""
        return UnitCost(rows=2).plus(self.judge.cost(task), 2)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """What the judge is shown, with the longest response there is."""
        content = self.judge.content(seed.question, max(self.responses, key=len) * 2, seed.reference)
        yield "judge", self.judge.form.prompt(content, self.judge.name, "schema")

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """The judged response, and the judged response with an error."""
        seed, reply_format = unit.seed, unit.data[REPLY_FORMAT]
        good = seed.extra[RESPONSE]
        spoilt = inject(Good(good, self.responses, unit.rng))
        for error, response in ((None, good), *([spoilt] if spoilt else [])):
            found = await self.judge.score(ask, seed.question, response, seed.reference, reply_format)
            yield note(Candidate(seed.question, response, extra={"error": error}), self.judge, found)


def _frame(rows: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    import polars as pl

    extra = [json.loads(text) for text in rows["extra"]]
    means = [judge.mean(one[EVIDENCE][judge.name]) for one in extra]
    return pl.DataFrame(
        {
            "seed_id": rows["seed_id"],
            "error": pl.Series([one["error"] for one in extra], dtype=pl.String),
            "mean": pl.Series(means, dtype=pl.Float64),
            "rejected": rows["verdict"] == "rejected",
            "reason": pl.Series([one[EVIDENCE][judge.name].get("reason") for one in extra], dtype=pl.String),
        }
    )


def _calibration(judge: str, accept: float, frame: pl.DataFrame, path: Path) -> Calibration:
    import polars as pl

    good, spoilt = frame.filter(pl.col("error").is_null()), frame.filter(pl.col("error").is_not_null())
    by_error = {
        str(error): _rejected(part)
        for (error,), part in spoilt.sort("error").group_by("error", maintain_order=True)
    }
    return Calibration(judge, accept, _rejected(spoilt), _rejected(good), by_error, frame, path)


def _rejected(frame: pl.DataFrame) -> Rate:
    return Rate.of(int(frame["rejected"].sum()), frame.height)
