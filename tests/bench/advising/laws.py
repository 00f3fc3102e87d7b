"""Laws of single learning curves from the literature: errors, or losses, that fall with the amount of data.

    power       y = E + B x^-c
    rectified   y = E + B / (D + x^c)              Lin et al. 2024, arXiv 2402.02314
    M4          (y - E) / (e - y)^a = B x^-c       Alabdulmohsin et al. 2022, arXiv 2209.06640

Where curves are losses without sampling error they are fitted by bounded least squares from several starts.
Where they are shares of a few hundred questions, on three to five points, a best fit says nothing of how far
it may be off; there a law is averaged over its parameters by the likelihood, which is also kinder to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]
Parameters = Sequence[float] | Floats

_HALVINGS = 40


def power(parameters: Parameters, data: Floats) -> Floats:
    """E, B, c."""
    floor, scale, exponent = parameters
    return floor + scale * data**-exponent


def rectified(parameters: Parameters, data: Floats) -> Floats:
    """E, B, log D, c."""
    floor, scale, known, exponent = parameters
    return floor + scale / (np.exp(known) + data**exponent)


def m4(parameters: Parameters, data: Floats) -> Floats:
    """E, B, c, a, e: the value at which both sides are equal, by bisection."""
    floor, scale, exponent, bend, top = parameters
    right = scale * data**-exponent
    low, high = np.broadcast_to(floor, right.shape) + 0.0, np.broadcast_to(top, right.shape) + 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = middle - floor > right * np.maximum(top - middle, 0) ** bend
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    return (low + high) / 2


def last_point(data: Floats, losses: Floats, at: Floats) -> Floats:
    """No change."""
    return np.full(len(at), losses[-1])


def log_line(data: Floats, losses: Floats, at: Floats) -> Floats:
    """A straight line through all points in log-log."""
    return np.exp(np.polyval(np.polyfit(np.log(data), np.log(losses), 1), np.log(at)))


def last_two(data: Floats, losses: Floats, at: Floats) -> Floats:
    """The straight line through the last two points in log-log; flat where they rise."""
    slope = np.log(losses[-1] / losses[-2]) / np.log(data[-1] / data[-2])
    return losses[-1] * (at / data[-1]) ** min(slope, 0.0)


def _fitted(
    law: Callable[[Parameters, Floats], Floats],
    starts: Callable[[Floats], Sequence[Parameters]],
    bounds: Callable[[Floats], tuple[Parameters, Parameters]],
) -> Callable[[Floats, Floats, Floats], Floats]:
    def predicted(data: Floats, losses: Floats, at: Floats) -> Floats:
        unit = np.exp(np.log(data).mean())
        low, high = (np.array(one, dtype=float) for one in bounds(losses))

        def misses(parameters: Floats) -> Floats:
            return np.log(law(parameters, data / unit) / losses)

        fits = [
            least_squares(misses, np.clip(start, low + 1e-9, high - 1e-9), bounds=(low, high), max_nfev=120)
            for start in starts(losses)
        ]
        return law(min(fits, key=lambda fit: fit.cost).x, at / unit)

    return predicted


FITTED: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "last point": last_point,
    "line in log-log": log_line,
    "last two points": last_two,
    "power law": _fitted(
        power,
        lambda y: [
            (part * y.min(), y.mean() - part * y.min(), c)
            for part, c in product((0.1, 0.6, 0.95), (0.2, 0.6, 1.5))
        ],
        lambda y: ((0, 0, 0.01), (y.max(), 50 * y.max(), 4)),
    ),
    "rectified law": _fitted(
        rectified,
        lambda y: [
            (part * y.min(), (y.mean() - part * y.min()) * (np.exp(d) + 1), d, c)
            for part, d, c in product((0.1, 0.7), (-3, 0, 2), (0.3, 1))
        ],
        lambda y: ((0, 0, -8, 0.02), (y.max(), 1e5, 8, 4)),
    ),
    "M4": _fitted(
        lambda four, data: m4((*four[:4], 1.25 * four[4]), data),
        lambda y: [(part * y.min(), 0.5, c, 0.5, y.max()) for part, c in product((0.1, 0.8), (0.2, 0.8))],
        lambda y: ((0, 0, 0.01, 0, y.max() * (1 - 1e-6)), (y.min(), 1e3, 4, 3, y.max() * (1 + 1e-6))),
    ),
}
"""What each forecasts at some amounts of data, from those that were measured and their losses."""


@dataclass
class Sampled:
    """A law of shares of errors, as many sets of its parameters drawn once from a wide prior.

    Attributes:
        law: Takes parameters, each (sets, 1), and ratios (1, points) to errors.
        prior: Draws so many sets: (parameters, sets).
    """

    law: Callable[[Parameters, Floats], Floats]
    prior: Callable[[np.random.Generator, int], Sequence[Floats]]
    sets: int = 20_000
    _values: dict[float, Floats] = field(default_factory=dict)

    def drawn(
        self,
        ratios: Floats,
        errors: Floats,
        variance: Floats,
        at: float,
        draws: int,
        rng: np.random.Generator,
    ) -> Floats:
        """Errors at a ratio, (draws,), by the likelihood of what was measured."""
        fits = np.stack([self._at(ratio) for ratio in ratios])
        surprise = ((fits - errors[:, None]) ** 2 / variance[:, None]).sum(axis=0)
        weights = np.exp((surprise.min() - surprise) / 2)
        chosen = rng.choice(len(weights), draws, p=weights / weights.sum())
        return np.clip(self._at(at)[chosen], 0, 1)

    def _at(self, ratio: float) -> Floats:
        if ratio not in self._values:
            drawn = self.prior(np.random.default_rng(0), self.sets)
            self._values[ratio] = self.law(drawn, np.full(self.sets, float(ratio)))
        return self._values[ratio]


def _power_prior(rng: np.random.Generator, sets: int) -> Sequence[Floats]:
    floor = rng.uniform(0, 0.97, sets)
    return floor, rng.uniform(0, 1, sets) * (1 - floor), np.exp(rng.normal(np.log(0.6), 0.6, sets))


def _rectified_prior(rng: np.random.Generator, sets: int) -> Sequence[Floats]:
    """Half of what is learnt is learnt at a ratio about 6."""
    floor, exponent = rng.uniform(0, 0.97, sets), np.exp(rng.normal(0.0, 0.4, sets))
    known = exponent * rng.normal(np.log(6), 1.3, sets)
    return floor, rng.uniform(0, 1, sets) * (1 - floor) * np.exp(known), known, exponent


def _m4_prior(rng: np.random.Generator, sets: int) -> Sequence[Floats]:
    """Up to an error of 1, from which it bends down."""
    floor, scale = rng.uniform(0, 0.97, sets), np.exp(rng.normal(0.0, 1.0, sets))
    exponent, bend = np.exp(rng.normal(np.log(0.6), 0.6, sets)), rng.uniform(0, 2, sets)
    return floor, scale, exponent, bend, np.ones(sets)


SAMPLED = {
    "power": Sampled(power, _power_prior),
    "rectified": Sampled(rectified, _rectified_prior),
    "M4": Sampled(m4, _m4_prior),
}
