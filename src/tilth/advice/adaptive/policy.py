"""When to measure on, and when to commit: the rule of a run that decides as it grows."""

from __future__ import annotations

from dataclasses import dataclass

SMALL_LOSS = 0.02
"""A choice that is expected to lose less than two points is made."""

MOST_MEASURED = 1 / 3
"""The share of a budget that pools for measuring may take; beyond it the choice is not worth its price."""

PAYS_FROM = 16
"""The ratio below which a pilot is not expected to pay: on the demo, the rows that an arm then lacks cost
more than a better choice brings."""

_FIRST = (0.5, 1.0, 2.0, 3.0, 4.0)


def doubt(ratio: float) -> str | None:
    """What to say of a pilot at a budget of this ratio; None where it may pay."""
    if ratio >= PAYS_FROM:
        return None
    return (
        f"below ratio {PAYS_FROM} (here {ratio:.3g}) a pilot is not expected to pay: it buys known odds, and "
        "safety against a wrong default"
    )


@dataclass(frozen=True)
class Step:
    """What comes next.

    Attributes:
        ratio: Up to where pools are grown and measured next; None: commit.
        reason: Why, in words.
    """

    ratio: float | None
    reason: str


def next_ratio(last: float | None) -> float:
    """The ratio of the stage after one: .5, 1, 2, 3, 4, and doublings from there on.

    Example:
        >>> from tilth.advice.adaptive.policy import next_ratio
        >>> next_ratio(None), next_ratio(2), next_ratio(4)
        (0.5, 3.0, 8.0)
    """
    if last is None:
        return _FIRST[0]
    return next((ratio for ratio in _FIRST if ratio > last), 2 * last)


def step(last: float | None, share: float, expected_loss: float | None) -> Step:
    """Whether to measure on.

    Args:
        last: The ratio that the last stage went to; None before the first.
        share: What all pools together will have taken of the budget after the next stage, a share.
        expected_loss: How far the choice is expected to lie below the best arm, a share; None without odds.

    Example:
        >>> from tilth.advice.adaptive.policy import step
        >>> step(None, 2 / 20, None).ratio, step(1, 5 / 20, 0.05).ratio, step(1, 5 / 20, 0.01).ratio
        (0.5, 2.0, None)
    """
    ahead = next_ratio(last)
    if last is not None and expected_loss is not None and expected_loss < SMALL_LOSS:
        return Step(None, f"the choice is expected to lose {100 * expected_loss:.1f} points, which is little")
    if share > MOST_MEASURED:
        much = f"{share:.0%} of the budget, which is more than a third" if share < 1 else "more than there is"
        return Step(None, f"pools up to ratio {ahead:g} would take {much}")
    if last is None:
        return Step(ahead, "nothing is measured yet")
    if expected_loss is None:
        return Step(ahead, "the budget lies too far past what is measured for odds")
    return Step(ahead, f"the choice is expected to lose {100 * expected_loss:.1f} points, which is much")
