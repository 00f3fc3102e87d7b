"""Curves of several arms as one Gaussian process: a damped trend in the number of doublings.

Let u = log2(ratio), and let f_a(u) be the link of arm a's accuracy. Its slope for each doubling is

    s_a(u) = D(u) (m g_a + c_a + z_a(u)),    D(u) = exp(-max(u, 0) / damping),

with m the mean slope, g_a the arm's gain, c_a what the arm has of its own, and z_a an Ornstein-Uhlenbeck
process with cov(z_a(u), z_b(v)) = L_ab roughness^2 exp(-|u - v| / memory), L the arms' likeness. The curve is
where it begins and the integral of its slope. A logistic curve in the log of data is a straight line here, a
power law is one at both ends, and the damping is that of Gardner and McKenzie's damped trend (1985,
doi:10.1287/mnsc.31.10.1237). What is not known grows with the doublings ahead by construction.

Answers alone bring no new question after ratio 1: their slope breaks there. An arm that begins as another one
branches off its curve there. All of it is linear and Gaussian, so that the posterior of all arms at all
ratios is exact for each setting of the prior; settings are averaged by the marginal likelihood of what was
measured, which is how well each would have foretold the later points from the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.curves.arms import Arm, directions
from tilth.advice.curves.prior import Prior
from tilth.advice.curves.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEP = 0.125
"""Doublings: the width of the cells on which a slope is constant."""

_MOST_CELLS = 160
"""Of a curve over very many doublings, whose cells are wider."""

_LEAST_WEIGHT = 1e-4
"""Settings of the prior with less than this of the heaviest one's weight are left out."""

_JITTER = 1e-9


@dataclass(frozen=True)
class Points:
    """Places on curves: which arm, and where on its curve, in log2(ratio). Both of shape (points,)."""

    arms: NDArray[np.intp]
    at: Floats

    def __len__(self) -> int:
        return len(self.arms)

    def and_then(self, others: Points) -> Points:
        """These, and others behind them."""
        return Points(np.concatenate([self.arms, others.arms]), np.concatenate([self.at, others.at]))


@dataclass(frozen=True)
class Observations:
    """What was measured.

    Attributes:
        points: Where.
        values: On the link's scale, (points,).
        noise: The covariance of their sampling errors, (points, points).
        replicates: Which replicate each belongs to, (points,).
    """

    points: Points
    values: Floats
    noise: Floats
    replicates: NDArray[np.intp]


@dataclass(frozen=True)
class Posterior:
    """What is known of the link at some points: a mixture of Gaussians, one for each setting of the prior.

    Attributes:
        weights: (settings,).
        means: (settings, points).
        covariances: (settings, points, points).
    """

    weights: Floats
    means: Floats
    covariances: Floats

    @property
    def mean(self) -> Floats:
        """The mixture's mean, (points,)."""
        mean: Floats = self.weights @ self.means
        return mean

    @property
    def covariance(self) -> Floats:
        """The mixture's covariance, (points, points)."""
        apart = self.means - self.mean
        within = np.einsum("k,kij->ij", self.weights, self.covariances)
        between = np.einsum("k,ki,kj->ij", self.weights, apart, apart)
        covariance: Floats = within + between
        return covariance

    @one_thread()
    def draw(self, count: int, random_state: int) -> Floats:
        """`count` joint draws, (draws, points); the same for the same `random_state`."""
        rng = np.random.default_rng(random_state % 2**64)
        each = rng.multinomial(count, self.weights / self.weights.sum())
        parts = []
        for share, mean, covariance in zip(each, self.means, self.covariances, strict=True):
            if share:
                # of all roots the symmetric one alone hardly moves where rounding differs
                values, vectors = np.linalg.eigh(covariance)
                root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
                parts.append(mean + rng.standard_normal((share, len(mean))) @ root)
        return np.concatenate(parts)


@dataclass(frozen=True)
class Trend:
    """The process of some arms under a prior."""

    arms: Sequence[Arm]
    prior: Prior

    @one_thread()
    def posterior(self, observed: Observations, wanted: Points) -> Posterior:
        """What is known at the wanted points.

        The noise of a training is in it: it tells what a student that is trained there would truly score.
        """
        prior, count = self.prior, len(observed.values)
        points = observed.points.and_then(wanted)
        edges = self._edges(points.at)
        middles = (edges[:-1] + edges[1:]) / 2
        gains = np.array(
            [sum(share * prior.gains[one] for one, share in arm.ingredients.items()) for arm in self.arms]
        )
        shares = np.sqrt(prior.likeness) * directions(self.arms)
        own = 1 - prior.likeness
        alike = shares @ shares.T + own * np.eye(len(self.arms))
        begins = prior.level_sd**2 + prior.arm_sd**2 * np.eye(len(self.arms))
        centre = observed.values.mean()
        apart = observed.values - centre
        measured = observed.noise + _JITTER * np.eye(count)
        if len(set(observed.replicates.tolist())) > 1:
            together = observed.replicates[:, None] == observed.replicates[None, :]
            measured = measured + prior.replicate_sd**2 * together
        breaks = prior.after_answers if any(arm.answers_only for arm in self.arms) else (1.0,)
        found: list[tuple[float, Floats, Floats]] = []
        for left, damping in product(breaks, prior.damping):
            start, travelled = self._operators(points, edges, np.exp(-np.maximum(middles, 0) / damping), left)
            doublings = travelled.sum(axis=2)
            rising = doublings @ gains
            fixed = start @ begins @ start.T + prior.slope_sd**2 * doublings @ alike @ doublings.T
            for memory in prior.memory:
                remembered = np.exp(-np.abs(middles[:, None] - middles[None, :]) / memory)
                changing = _between(travelled, remembered, shares, own)
                for roughness, training in product(prior.roughness, prior.training_sd):
                    known = fixed + roughness**2 * changing + training**2 * np.eye(len(points))
                    root = np.linalg.cholesky(known[:count, :count] + measured)
                    solved = np.linalg.solve(
                        root, np.column_stack([known[:count, count:], apart, rising[:count]])
                    )
                    seen, level, slopes = solved[:, :-2], solved[:, -2], solved[:, -1]
                    covariance = known[count:, count:] - seen.T @ seen
                    for slope in prior.slopes:
                        mean = centre + slope * rising
                        surprise = level - slope * slopes
                        likelihood = -0.5 * surprise @ surprise - np.log(np.diag(root)).sum()
                        found.append((float(likelihood), mean[count:] + seen.T @ surprise, covariance))
        return _averaged(found)

    def _edges(self, at: Floats) -> Floats:
        """The edges of the cells on which slopes are constant; ratio 1, where they break, is one of them."""
        low, high = at.min(), at.max()
        if any(arm.begins_as for arm in self.arms):
            low = min(low, 0.0)
        step = max(_STEP, (high - low) / _MOST_CELLS)
        parts = [low, *([0.0] if low < 0 < high else []), max(high, low + step)]
        spans = [
            np.linspace(start, end, 1 + max(1, int(np.ceil((end - start) / step))))
            for start, end in pairwise(parts)
        ]
        return np.unique(np.concatenate(spans))

    def _operators(self, points: Points, edges: Floats, decay: Floats, left: float) -> tuple[Floats, Floats]:
        """How a value comes of where arms begin (points, arms), and of slopes (points, arms, cells)."""
        count, width = len(self.arms), len(edges) - 1
        start = np.zeros((len(points), count))
        travelled = np.zeros((len(points), count, width))
        places = {arm.name: place for place, arm in enumerate(self.arms)}
        first = edges[0]
        for row, (own, at) in enumerate(zip(points.arms, points.at, strict=True)):
            parent = places.get(self.arms[own].begins_as or "")
            segments = [(own, first, at)] if parent is None else [(parent, first, min(at, 0.0))]
            if parent is not None and at > 0:
                segments.append((own, 0.0, at))
            start[row, segments[0][0]] = 1.0
            for place, low, high in segments:
                crossed = _overlap(edges, low, high)
                if self.arms[place].answers_only:
                    crossed = crossed - (1 - left) * _overlap(edges, max(low, 0.0), high)
                travelled[row, place] = crossed * decay
        return start, travelled


def _overlap(edges: Floats, low: float, high: float) -> Floats:
    """How much of each cell lies between `low` and `high`."""
    crossed: Floats = np.maximum(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0)
    return crossed


def _between(travelled: Floats, remembered: Floats, shares: Floats, own: float) -> Floats:
    """The covariance (points, points) of the changing parts, of unit roughness, gathered along the way.

    Arms share them by what they are made of, `shares` (arms, ingredients), and have `own` to themselves.
    Taken apart so, it takes time by the arms; from the likeness of each to each it would by their square.
    """
    covariance = np.zeros((len(travelled), len(travelled)))
    for mixed in np.einsum("iac,ak->kic", travelled, shares, optimize=True):
        covariance += mixed @ remembered @ mixed.T
    for arm in travelled.transpose(1, 0, 2):
        rows = np.flatnonzero(arm.any(axis=1))
        covariance[np.ix_(rows, rows)] += own * (arm[rows] @ remembered @ arm[rows].T)
    return covariance


def _averaged(found: Sequence[tuple[float, Floats, Floats]]) -> Posterior:
    likelihoods = np.array([likelihood for likelihood, _, _ in found])
    weights = np.exp(likelihoods - likelihoods.max())
    kept = np.flatnonzero(weights > _LEAST_WEIGHT).tolist()
    return Posterior(
        weights[kept] / weights[kept].sum(),
        np.array([found[place][1] for place in kept]),
        np.array([found[place][2] for place in kept]),
    )
