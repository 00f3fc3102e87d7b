"""Scales on which learning curves are straight, and how exact what was measured is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHRUNK = 0.98
"""By how much correlations that are estimated on the questions at hand are taken at their word."""


def logit(share: Floats) -> Floats:
    """The log of the odds."""
    odds: Floats = np.log(share / (1 - share))
    return odds


def logistic(value: Floats) -> Floats:
    """The share of which `value` is the logit."""
    share: Floats = 1 / (1 + np.exp(-value))
    return share


def observed(correct: Floats, asked: Floats, outcomes: Floats | None = None) -> tuple[Floats, Floats]:
    """Logits of shares (cells,), and the covariance of their sampling errors (cells, cells).

    Half a question is added to each side, so that none and all right have a logit. Cells that are measured on
    the same questions err alike, which cancels out of their differences; how much is read from `outcomes`.

    Args:
        correct: Questions that were answered right, (cells,).
        asked: Questions, (cells,).
        outcomes: 1 for right, 0 for wrong, NaN for not asked, (cells, questions); None where not known: then
            errors are taken as independent.
    """
    share = (correct + 0.5) / (asked + 1)
    errors = np.sqrt(1 / (asked * share * (1 - share)))
    noise: Floats = _correlation(outcomes, len(share)) * np.outer(errors, errors)
    return logit(share), noise


def _correlation(outcomes: Floats | None, cells: int) -> Floats:
    """Of the sampling errors of cells: that of right and wrong, over the questions that both were asked."""
    if outcomes is None:
        return np.eye(cells)
    there = ~np.isnan(outcomes)
    asked = there.sum(axis=1)
    filled = np.where(there, outcomes, 0.0)
    centred = np.where(there, filled - (filled.sum(axis=1) / asked)[:, None], 0.0)
    spread = np.sqrt((centred**2).sum(axis=1))
    spread[spread == 0] = 1.0
    found: Floats = _SHRUNK * (centred @ centred.T) / np.outer(spread, spread)
    np.fill_diagonal(found, 1.0)
    return found
