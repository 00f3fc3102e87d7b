"""The selection bench runs on a tiny sample, and compares random to itself as no difference."""

from __future__ import annotations

from tests.bench.selection import compared, measured


def test_every_method_is_measured_against_random() -> None:
    found = compared(measured([0], [10], 40, 3, "parser"), draws=20)
    anchor = found.filter(method="random")
    assert found["method"].n_unique() == 7
    assert anchor["difference"].to_list() == [0.0, 0.0]
    assert found["accuracy"].is_between(0, 1).all()
