"""A process killed at any moment loses nothing it was told is safe, and passes no limit when resumed.

`TILTH_KILLS=200 pytest tests/faults/test_kill.py` kills more often than the few times of an ordinary run.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.campaign import KILLS_A_LIFE, campaign

KILLS = int(os.environ.get("TILTH_KILLS", "6"))


def test_a_killed_run_resumes_to_the_same_rows(test_data: Path, tmp_path: Path) -> None:
    lives = list(campaign(KILLS, test_data / "gsm8k_train_1000.jsonl", tmp_path))
    assert sum(life.kills for life in lives) >= KILLS
    assert all(life.noted > 0 for life in lives)
    if len(lives) > 2:
        assert {life.mode for life in lives} == {"headroom", "tight"}
    assert max(life.kills for life in lives) <= KILLS_A_LIFE
