"""What a run grew: its rows, whole or some at a time, and what units without a row were told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.engine.background import Background
from tilth.engine.budget import Budget
from tilth.engine.file import queries
from tilth.engine.file.rowless import rowless
from tilth.engine.provenance import provenance
from tilth.engine.standing import OVER
from tilth.errors import BudgetError
from tilth.export import save
from tilth.strategies.base import Strategy

if TYPE_CHECKING:
    import polars as pl


class GrownRows(Background):
    """A run by its rows, which its file holds."""

    id: str
    path: Path
    strategy: Strategy | None
    strategy_name: str
    _settings: dict[str, Any]

    @property
    def rows(self) -> pl.DataFrame:
        """All rows so far, sorted by unit and index; with check="filter" without the rejected.

        A new frame of the whole file each time, at work or not: keep it where it is needed twice.
        """
        return self._after_check_mode(queries.rows(self.path, self.id))

    def _after_check_mode(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.filter(rows["verdict"] != "rejected") if self._settings["check"] == "filter" else rows

    def samples(
        self,
        after: int = 0,
        most: int = 500,
        verdicts: Sequence[str] | None = None,
        contains: str | None = None,
    ) -> pl.DataFrame:
        """Rows in the order they arrived, numbered in `arrival`: at most `most` of those after `after`.

        With check="filter" the rejected come only where `verdicts` names them.
        """
        if verdicts is None and self._settings["check"] == "filter":
            verdicts = ("accepted", "unverified")
        return queries.samples(self.path, self.id, after, most, verdicts, contains)

    @property
    def rowless(self) -> pl.DataFrame:
        """Units that gave no row so far: unit, round, cause, reason, and the last reply with its prompt.

        `role`, `purpose`, `prompt`, `reply` and `finish_reason` are null where no reply came.

        Example:
            >>> async def model(messages, **settings):
            ...     return "Nothing comes to mind."
            >>> seeds, teacher = tilth.demo.seeds(5), tilth.Teacher(model)
            >>> run = tilth.generate_sync(seeds, "new-question", 2, teacher=teacher)
            >>> run.rowless.select("cause", "reply").row(0)
            ('no-question', 'Nothing comes to mind.')
        """
        return rowless(self.path, self.id)

    @property
    def decisions(self) -> dict[str, Any]:
        """What the strategy decided before and between its rounds, by the key it gave that; JSON values."""
        return queries.decisions(self.path, self.id)

    def detail(self, row_id: str) -> dict[str, Any]:
        """A row with its seed and the exchanges that led to it; `KeyError` where there is no such row."""
        return queries.detail(self.path, self.id, row_id)

    def prefix(self, budget: Budget | int | None = None, *, rows: int | None = None) -> pl.DataFrame:
        """The rows a run of this smaller budget would have grown, whatever the order of arrival.

        With a goal, `rows` or the budget's own, they are the kept rows that it counts: the first so many in
        the order of admission, fewer where there are no more.
        """
        if self.strategy is not None and not self.strategy.nested:
            raise ValueError(
                f"{self.strategy_name} is not nested: a smaller budget grows other rows, not a prefix"
            )
        limit = None if budget is None else Budget.of(budget)
        if limit is not None and limit.usd is not None and not self._settings["priced"]:
            raise BudgetError("what this run cost in dollars is unknown; give a prefix in queries or tokens")
        return self._after_check_mode(queries.prefix(self.path, self.id, limit, rows))

    def save(
        self,
        path: str | Path,
        format: str | None = None,
        verdicts: Sequence[str] = ("accepted", "unverified"),
        **options: Any,
    ) -> Path:
        """Writes rows for training, as a file or as a folder that a trainer trains on; see `tilth.save`.

        `options` are those that `tilth.save` takes by name; `run` is this one.
        """
        return save(self.rows, path, format=format, verdicts=verdicts, run=self, **options)

    def provenance(self) -> dict[str, Any]:
        """Where its rows come from, as JSON and fit to be published: what a dataset card is written from.

        Seeds, strategy, checks, task with its prompts, models with settings and prices, budget and what was
        spent, and quality. Keys, addresses and paths are not in it.

        Example:
            >>> seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
            >>> run = tilth.generate_sync(seeds, "answer-augmentation", 5, teacher=teacher, path="own.tilth")
            >>> told = run.provenance()
            >>> told["file"], told["seeds"]["count"], told["spent"]["queries"]
            ('own.tilth', 5, 5)
        """
        return provenance(self.path, self.id, live=self.status not in OVER)
