"""Learning curves of several arms, forecast to amounts of data that were not measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from sys import float_info
from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.curves.arms import Arm
from tilth.advice.curves.links import logistic, observed
from tilth.advice.curves.measured import Measured, read_measured
from tilth.advice.curves.prior import ACCURACY, LOSS, Prior
from tilth.advice.curves.trend import Observations, Points, Posterior, Trend
from tilth.arguments import numbers_of, of_kind, random_state_of, whole_number_of
from tilth.strategies import registry

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from tilth.strategies.base import Strategy

    Floats = NDArray[np.float64]

LEVELS = (50, 80, 90)
"""Percent of the draws that lie between a frame's `low_…` and `high_…`."""

DRAWS = 4_000
_MOST_DRAWS, _MOST_POINTS = 100_000, 400


@dataclass(frozen=True)
class Forecast:
    """Curves at amounts of data that were not measured.

    Attributes:
        arms: Names, in the order of `draws`.
        at: Ratios, in the order of `draws`.
        draws: Joint draws of accuracy, a share, or of loss: (draws, arms, ratios).

    Example:
        >>> import polars as pl
        >>> losses = pl.DataFrame({"arm": "lora", "ratio": [1, 2, 4], "loss": [1.20, 1.12, 1.05]})
        >>> ahead = tilth.forecast(losses, at=[8])
        >>> ahead.arms, ahead.at, ahead.frame["mean"].round(1).item()
        (('lora',), (8.0,), 1.0)
    """

    arms: tuple[str, ...]
    at: tuple[float, ...]
    draws: Floats

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row for each arm and ratio: arm, ratio, mean, low_50, high_50, low_80, …, high_90."""
        import polars as pl

        columns: dict[str, object] = {
            "arm": np.repeat(self.arms, len(self.at)),
            "ratio": np.tile(self.at, len(self.arms)),
            "mean": self.draws.mean(axis=0).ravel(),
        }
        for level in LEVELS:
            ends = np.quantile(self.draws, [0.5 - level / 200, 0.5 + level / 200], axis=0)
            columns[f"low_{level}"], columns[f"high_{level}"] = ends[0].ravel(), ends[1].ravel()
        return pl.DataFrame(columns)


def forecast(
    frame: pl.DataFrame,
    at: Sequence[float],
    *,
    outcomes: pl.DataFrame | None = None,
    strategies: Mapping[str, str | Strategy] | None = None,
    gains_from_answers: bool | None = None,
    draws: int = DRAWS,
    random_state: int = 0,
) -> Forecast:
    """Forecasts what arms reach at ratios that were not measured, all of them jointly.

    A damped trend in doublings of the data, as an exact Gaussian process on the logit of accuracy, or on the
    log of loss; see `tilth.advice.curves.trend`. It takes hundredths of a second, and the same call gives the
    same figures. It knows nothing of another student, teacher or kind of question, and sees no jump beyond
    the last point. Cells that were trained on the seeds alone are no point of any arm: leave them out.

    Args:
        frame: A row for each cell that was measured: `arm`, `ratio`, and `correct` of `n` questions, or
            `loss`, where more is worse; `replicate`, where there are several. For losses `ratio` may be
            any amount of data.
        at: Ratios to forecast to.
        outcomes: Which questions were answered right: `arm`, `ratio`, `question_id`, `correct`, and
            `replicate` where the frame has it. Cells on the same questions err alike, so that their
            differences are known better with it.
        strategies: What an arm's strategy is, by the arm's name. Arms that are called as an installed
            strategy need not be told. An arm whose strategy is not known is taken as a bit of everything.
        gains_from_answers: Whether a second answer to a question teaches the student anything; None: not
            known. Students say it themselves, as `Student.gains_from_answers`.
        draws: How many joint draws.
        random_state: What they come from.

    Raises:
        StudyFrameError: The frame or the outcomes lack a column, or hold what cannot be.
        ValueError: `at` holds no ratio, an arm is not in the frame, or there is too much of something.

    Example:
        >>> import polars as pl
        >>> pilot = {"arm": ["new-question"] * 3, "ratio": [1, 2, 4], "correct": [90, 126, 153], "n": 300}
        >>> ahead = tilth.forecast(pl.DataFrame(pilot), at=[8, 16])
        >>> ahead.frame.select("ratio", pl.col("mean", "low_90", "high_90").round(2)).rows()
        [(8.0, 0.56, 0.45, 0.68), (16.0, 0.6, 0.44, 0.79)]
        >>> ahead.draws.shape
        (4000, 1, 2)
    """
    asked = numbers_of(at, "at")
    if not asked or not all(0 < one <= float_info.max for one in asked):
        raise ValueError("at: give ratios above 0, as in at=[8, 16]")
    ratios = tuple(dict.fromkeys(map(float, asked)))
    if gains_from_answers is not None:
        of_kind(gains_from_answers, bool, "gains_from_answers", "True, False or None")
    told = of_kind(strategies or {}, Mapping, "strategies", "a dict from an arm's name to its strategy")
    if not 1 <= whole_number_of(draws, "draws") <= _MOST_DRAWS:
        raise ValueError(f"draws={draws}: give 1 to {_MOST_DRAWS:,}")
    measured = read_measured(frame, outcomes, lambda names: _arms_of(names, told)).without_twins()
    if len(measured.arms) * len(ratios) > _MOST_POINTS:
        raise ValueError(
            f"{len(measured.arms):,} arms at {len(ratios):,} ratios are {len(measured.arms) * len(ratios):,} "
            f"points; {_MOST_POINTS} at most"
        )
    prior = LOSS if measured.losses is not None else ACCURACY.knowing(gains_from_answers)
    found = posterior(measured, prior, ratios).draw(draws, random_state_of(random_state))
    shaped = found.reshape(draws, len(measured.arms), len(ratios))
    places = {arm.name: place for place, arm in enumerate(measured.arms)}
    names = frame["arm"].cast(str).unique(maintain_order=True).to_list()
    shaped = shaped[:, [places[name] for name in names]]
    return Forecast(
        tuple(names),
        ratios,
        np.exp(-shaped) if measured.losses is not None else logistic(shaped),
    )


def posterior(measured: Measured, prior: Prior, ratios: Sequence[float]) -> Posterior:
    """What is known, on the link's scale, of every arm at every ratio: arm after arm."""
    arms = len(measured.arms)
    places = np.repeat(np.arange(arms), len(ratios))
    return posterior_at(measured, prior, places, np.tile(np.array(ratios), arms))


def posterior_at(measured: Measured, prior: Prior, arms: NDArray[np.intp], ratios: Floats) -> Posterior:
    """What is known, on the link's scale, of some arms, each at a ratio of its own: both (points,)."""
    if measured.losses is None:
        unit = 1.0
        values, noise = observed(measured.correct, measured.asked, measured.outcomes)
    else:
        unit = float(measured.ratios.min())  # any amount of data: curves begin at the first point
        values, noise = -np.log(measured.losses), np.zeros((len(measured), len(measured)))
    seen = Points(measured.places, np.log2(measured.ratios) - np.log2(unit))
    return Trend(measured.arms, prior).posterior(
        Observations(seen, values, noise, measured.replicates), Points(arms, np.log2(ratios) - np.log2(unit))
    )


def _arms_of(names: Sequence[str], strategies: Mapping[str, str | Strategy]) -> list[Arm]:
    """The arms of these names. One begins as the only other arm that has the strategy it begins as."""
    if unknown := [name for name in strategies if name not in names]:
        raise ValueError(f"strategies names {unknown[0]!r}, which is no arm; there are {', '.join(names)}")
    installed = registry.available()
    by_name = {name for name, kind in installed.items() if kind.by_name}
    given = {name: strategies.get(name, name if name in by_name else None) for name in names}
    known = {name: None if one is None else registry.get(one) for name, one in given.items()}
    found = []
    for name, strategy in known.items():
        first = None if strategy is None else strategy.begins_as
        firsts = [other for other, one in known.items() if one is not None and one.name == first]
        found.append(Arm.of(strategy, name, firsts[0] if len(firsts) == 1 else None))
    return found
