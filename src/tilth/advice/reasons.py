"""Advice in sentences: what speaks for it, and what it takes for granted."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from tilth.advice.decide import Decision
from tilth.advice.evidence import Evidence
from tilth.advice.weighing import FARTHEST, Weighing

if TYPE_CHECKING:
    import polars as pl


def reasons(
    weighing: Weighing, found: Decision, table: pl.DataFrame, default: int | None, wanted: str | None
) -> tuple[str, ...]:
    """What speaks for a choice, the figures first.

    Args:
        weighing: What the choice was made by.
        found: The choice.
        table: The arms' figures.
        default: The place of the arm that others must beat; None: there is none.
        wanted: The strategy that was to be beaten, for which the arm may stand in.
    """
    known = weighing.evidence
    rows = {row["arm"]: row for row in table.iter_rows(named=True)}
    names = [info.arm.name for info in known.arms]
    chosen = rows[names[found.arm]]
    largest = max(info.largest for info in known.arms)
    reached = (
        f"{chosen['mean']:.0%} ({chosen['low']:.0%} to {chosen['high']:.0%}, 90 %) at {chosen['queries']:,} "
        f"queries, forecast from {known.cells.height} cells up to ratio {largest:g} on {known.questions} "
        "validation questions"
    )
    others = [row for row in table.iter_rows(named=True) if row["arm"] != chosen["arm"]]
    told = [reached, *(f"{row['arm']}: {_gap(row)} against it" for row in others[:1])]
    if len(names) == 1:
        return (*told, "one arm is measured: there is nothing to compare it with")
    if weighing.is_far:
        ahead = log2(float(weighing.ratios.max()) / largest)
        return (
            *told,
            f"the budget lies {ahead:.1f} doublings past what was measured; odds are told up to {FARTHEST}",
        )
    told.append(
        f"within 2 points of the best with {found.within:.0%}; expected to lose "
        f"{100 * found.expected_loss:.1f} points to it"
    )
    if found.by_prior:
        told.append("clear only by what is believed before anything is measured, hence leaning")
    if default is not None and known.arms[default].strategy != wanted:
        told.append(f"the default, {wanted}, was not measured: {names[default]} stands in for it")
    if default == found.arm:
        told.append("it is the default, which no other arm beats by enough")
    elif default is not None:
        told.append(f"it beats the default: {names[default]} {_gap(rows[names[default]])} against it")
    close = [names[one] for one in found.close if one != found.arm]
    if close:
        told.append(f"expected within a point of it: {', '.join(close)}")
    if largest <= 1 and any(info.arm.answers_only for info in known.arms):
        told.append("no cell lies past ratio 1: whether a second answer to a question helps is not seen")
    return tuple(told)


def assumptions(known: Evidence) -> tuple[str, ...]:
    """What the advice takes for granted."""
    told = [
        f"the same student ({known.student}), models, prompts and kind of questions as measured",
        "no jump past the last measured point",
    ]
    if known.cells.select("study_id", "replicate").n_unique() == 1:
        told.append("one replicate: how much another draw of seeds would differ is not in the intervals")
    return tuple(told)


def _gap(row: dict[str, float]) -> str:
    """How far an arm lies from the advised one, in points, with its interval."""
    points = [f"{100 * row[name]:+.1f}".replace("-", "−") for name in ("gap", "gap_low", "gap_high")]
    return f"{points[0]} points ({points[1]} to {points[2]})"
