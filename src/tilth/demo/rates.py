"""The simulated teacher's injected mistakes: all the rates that are not its reader's own misreading."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RATES: Mapping[str, float] = MappingProxyType(
    {
        "systematic_slip": 0.012,
        "random_slip": 0.03,
        "arithmetic_slip": 0.012,
        "arithmetic_slip_offset": 0.2,
        "wrong_operation": 0.5,
        "last_step_forgotten": 0.3,
        "quantities_swapped": 0.2,
        "unfaithful_rephrase": 0.02,
        "unfaithful_rephrase_heat": 0.04,
        "unchecked_rephrase": 0.05,
        "uneven_numbers": 0.1,
        "sql_systematic_slip": 0.015,
        "sql_random_slip": 0.04,
        "sql_wrong_column": 0.3,
        "sql_comparison_turned": 0.25,
        "sql_part_forgotten": 0.25,
        "sql_wrong_function": 0.1,
        "sql_unknown_column": 0.1,
    }
)
"""Chances, each between 0 and 1, chosen and not measured: they say nothing of any language model.

Let d be a question's difficulty (operations in its equation, a division or a percentage counting 1.5),
T the temperature and s the `skill` knob. A chance is capped at 0.9.

- an equation is wrong, and wrong in the same way each time that question is asked: systematic_slip x d / s
- an equation is wrong by chance: random_slip x d x T / s
- of wrong equations: wrong_operation, last_step_forgotten and quantities_swapped are the shares
- the arithmetic is wrong in the last result only: arithmetic_slip x d x (T + arithmetic_slip_offset) / s
- a rephrasing changes a number or loses a sentence:
  (unfaithful_rephrase + unfaithful_rephrase_heat x T) / s
- a rephrasing is sent without being read again: unchecked_rephrase
- an own story whose answer is no whole number is sent all the same: uneven_numbers

Over the sample database d is 1, and 1 more for each joined table, grouping, sorting, restriction of groups,
exclusion and further condition. There is no arithmetic; the other chances hold alike.

- a query is wrong, and wrong in the same way each time that question is asked: sql_systematic_slip x d / s
- a query is wrong by chance: sql_random_slip x d x T / s
- of wrong queries: sql_wrong_column, sql_comparison_turned (an order's direction too), sql_part_forgotten (a
  condition, a limit), sql_wrong_function and sql_unknown_column (one that there is not) are the shares; where
  the kind drawn has nothing to change, the next does
"""


def difficulty(operations: int, divisions: int) -> float:
    """How hard an equation is for the simulation: its operations, a division counting one and a half."""
    return operations + 0.5 * divisions


def chance(rate: float, skill: float) -> float:
    """A published rate, scaled by the `skill` knob and capped at 0.9."""
    return min(0.9, rate / skill)
