"""A process killed at any moment loses nothing it was told is safe, and passes no limit when resumed.

`TILTH_KILLS=200 pytest tests/faults/test_kill.py` kills as often under each kind of limit.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.campaign import KILLS_A_LIFE, campaign

KILLS = int(os.environ.get("TILTH_KILLS", "3"))


def test_a_killed_run_resumes_to_the_same_rows(test_data: Path, tmp_path: Path) -> None:
    lives = list(campaign(KILLS, test_data / "gsm8k_train_1000.jsonl", tmp_path))
    for mode in ("headroom", "tight"):
        assert sum(life.kills for life in lives if life.mode == mode) >= KILLS
    assert all(life.noted > 0 for life in lives)
    assert max(life.kills for life in lives) <= KILLS_A_LIFE
