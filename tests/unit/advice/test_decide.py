"""Decisions among arms whose draws are made here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tilth.advice.curves.trend import Posterior
from tilth.advice.decide import decide, worth


def drawn(means: list[float], sd: float = 0.02, count: int = 4_000) -> np.ndarray:
    return np.random.default_rng(0).normal(means, sd, size=(count, len(means)))


def test_the_largest_mean_is_chosen_without_a_default() -> None:
    found = decide(drawn([0.50, 0.56, 0.53]))
    assert found.arm == 1
    assert found.close == (1,)
    assert found.p_best.sum() == pytest.approx(1)
    assert found.p_best.argmax() == 1


@pytest.mark.parametrize(("lead", "chosen"), [(0.005, 0), (0.05, 1)])
def test_a_default_is_left_only_for_a_clear_lead(lead: float, chosen: int) -> None:
    assert decide(drawn([0.5, 0.5 + lead]), default=0).arm == chosen


@pytest.mark.parametrize(
    ("gap", "sd", "words"),
    [(0.10, 0.02, "clear"), (0.005, 0.03, "leaning"), (0.005, 0.1, "too close to call")],
)
def test_words_follow_the_odds(gap: float, sd: float, words: str) -> None:
    found = decide(drawn([0.5, 0.5 + gap], sd))
    assert found.words == words
    assert not found.by_prior


def test_what_only_the_prior_calls_clear_is_leaning() -> None:
    found = decide(drawn([0.5, 0.6]), even=drawn([0.6, 0.5]))
    assert (found.arm, found.words, found.by_prior) == (1, "leaning", True)
    assert decide(drawn([0.5, 0.6]), even=drawn([0.5, 0.6])).words == "clear"


def test_twins_are_no_loss_to_each_other() -> None:
    one = drawn([0.5])
    found = decide(np.column_stack([one, one, one - 0.2]))
    assert (found.within, found.expected_loss, found.words) == (1.0, 0.0, "clear")
    assert found.close == (0, 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.05, 0.95), min_size=1, max_size=8), st.floats(0.001, 0.3))
def test_odds_and_sets_hold_together(means: list[float], sd: float) -> None:
    draws = drawn(means, sd, 500)
    found = decide(draws)
    assert found.p_best.sum() == pytest.approx(1)
    assert 0 <= found.within <= 1
    assert found.expected_loss >= 0
    assert found.arm in found.close
    held = found.p_best[list(found.holds_best)]
    assert held.sum() >= 0.9 - 1e-9
    assert held[:-1].sum() < 0.9, "one fewer would not do"
    assert len(set(found.holds_best)) == len(found.holds_best) <= len(means)


def known(mean: list[float], covariance: np.ndarray) -> Posterior:
    return Posterior(np.ones(1), np.array([mean]), covariance[None])


def test_a_cell_is_worth_what_it_may_change() -> None:
    apart = np.diag([0.2, 0.2, 0.2, 0.2])
    tells = apart.copy()
    tells[0, 2] = tells[2, 0] = 0.19  # a cell that tells much of the first arm
    adds = worth(known([0.0, 0.05, 0.0, 0.0], tells), 2, 300)
    assert adds[1] == pytest.approx(0, abs=1e-9)
    assert adds[0] > 0.01
    far = worth(known([-3.0, 3.0, -3.0, 3.0], tells), 2, 300)
    assert far[0] < adds[0], "what is decided already is changed by nothing"


def test_the_worth_of_a_cell_is_what_a_simulation_gives() -> None:
    covariance = np.array([[0.10, 0.02, 0.08], [0.02, 0.12, 0.03], [0.08, 0.03, 0.11]])
    mean = [0.1, 0.2, 0.1]
    noise = 1 / (300 * 0.25)
    step = covariance[:2, 2] / np.sqrt(0.11 + noise)
    normal = np.random.default_rng(0).standard_normal(400_000)
    slopes = np.array([0.25, 0.25])
    accuracy = 1 / (1 + np.exp(-np.array(mean[:2])))
    moved = accuracy[:, None] + (slopes * step)[:, None] * normal
    expected = moved.max(axis=0).mean() - accuracy.max()
    assert worth(known(mean, covariance), 2, 300)[0] == pytest.approx(expected, rel=0.03)


def test_odds_among_arms_without_twins_are_told_less_cautiously() -> None:
    draws = drawn([0.50, 0.53], 0.02)
    among, without = decide(draws, twins=True).p_best, decide(draws, twins=False).p_best
    assert 0.5 < among[1] < without[1] < (draws.argmax(axis=1) == 1).mean()
