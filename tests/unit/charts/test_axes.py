"""Where the names beside the ends of lines stand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.charts.axes import spaced


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.3))
def test_labels_never_overlap_nor_change_order(wanted: list[float], gap: float) -> None:
    placed = spaced(wanted, gap, 0.0, 1.0)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    room = min(gap, 1 / max(len(wanted) - 1, 1))
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in placed)
    for below, above in pairwise(order):
        assert placed[above] - placed[below] >= room - 1e-9
    if all(abs(a - b) >= gap for i, a in enumerate(wanted) for b in wanted[:i]):
        assert placed == pytest.approx(wanted)
