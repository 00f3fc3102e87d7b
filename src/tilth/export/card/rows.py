"""What a frame tells of itself for its card: verdicts, models, and what curation found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.printable import without_folders

if TYPE_CHECKING:
    import polars as pl

_MOST = 20
"""Values that are counted apart, the most frequent."""

_MOST_REASONS = 5
_STEP = re.compile(r"([a-z][a-z0-9_-]{0,39}): ", re.ASCII)
_NUMBERS = re.compile(r"\d[\d.,]*")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|«[^»]*»|`[^`]*`")
_IDS = re.compile(r"\b[0-9a-f]{16}:\d+:\d+\b")
_DECONTAMINATED, _SELF = "contamination", "_score"
_SIMULATION = "tilth-demo-simulation"
"""What the name of the demo's rule-based teacher begins with."""


@dataclass(frozen=True)
class RowFacts:
    """What the rows that were given to `save` tell.

    Attributes:
        given: How many there are.
        columns: Their columns.
        counts: By column, such as verdict, strategy, task, teacher and writer, how many rows have each value.
        causes: By verdict, its rows by cause.
        steps: By curation step, in the order of its columns, how many rows it refused, and of what sort.
        reused: Rows whose replies came from another run's file.
        simulated: Rows of a rule-based teacher, by its name.
    """

    given: int
    columns: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    causes: Mapping[str, Mapping[str, int]]
    steps: Mapping[str, Mapping[str, Any]]
    reused: int = 0
    simulated: int = 0

    @classmethod
    def of(cls, rows: pl.DataFrame) -> RowFacts:
        """The facts of a frame."""
        import polars as pl

        told = [name for name in ("verdict", "strategy", "task", "teacher", "writer") if name in rows.columns]
        causes: dict[str, Mapping[str, int]] = {}
        if {"verdict", "cause"} <= set(rows.columns):
            for verdict in ("rejected", "unverified"):
                found = _counts(rows.filter(pl.col("verdict") == verdict)["cause"])
                if found:
                    causes[verdict] = found
        reused = int(rows["reused"].sum()) if rows.schema.get("reused") == pl.Boolean else 0
        made_up = (
            int(rows["teacher"].cast(pl.String).str.starts_with(_SIMULATION).sum())
            if "teacher" in rows.columns
            else 0
        )
        return cls(
            rows.height,
            tuple(rows.columns),
            {name: _counts(rows[name]) for name in told},
            causes,
            _steps(rows),
            reused,
            made_up,
        )

    @property
    def decontaminated(self) -> bool:
        """Whether the rows were compared with a test set."""
        return _DECONTAMINATED in self.steps


def _counts(values: pl.Series) -> dict[str, int]:
    import polars as pl

    found = values.cast(pl.String).drop_nulls().value_counts(sort=True, name="rows")
    counts = Counter[str]()
    for name, count in found.head(_MOST).iter_rows():
        counts[without_folders(str(name))] += count
    return dict(counts)


def _steps(rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """What each curation step left in the frame: `<step>_score`, and reasons that open with its name."""
    import polars as pl

    if rows.schema.get("keep") != pl.Boolean:
        return {}
    steps: dict[str, dict[str, Any]] = {
        name.removesuffix(_SELF): {"refused": 0, "reasons": {}}
        for name in rows.columns
        if name.endswith(_SELF) and name != "judge_score"
    }
    refused = rows.filter(~pl.col("keep").fill_null(value=True))
    reasons: dict[str, Counter[str]] = {}
    texts = refused["reason"].cast(pl.String).to_list() if "reason" in refused.columns else []
    for text in texts:
        found = _STEP.match(text or "")
        step = found[1] if found else "other"
        steps.setdefault(step, {"refused": 0, "reasons": {}})["refused"] += 1
        reasons.setdefault(step, Counter())[_sort_of((text or "")[found.end() if found else 0 :])] += 1
    for step, counts in reasons.items():
        steps[step]["reasons"] = dict(counts.most_common(_MOST_REASONS))
    return steps


def _sort_of(reason: str) -> str:
    """A reason without what tells one row's from another's: ids, numbers, quoted texts."""
    plain = reason[:400]
    for pattern, sign in ((_IDS, "…"), (_QUOTED, "…"), (_NUMBERS, "n")):
        plain = pattern.sub(sign, plain)
    return plain[:120] or "no reason"
