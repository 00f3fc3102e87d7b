"""What the engine's tests stand on: a folder of their own, no keys, and short waits."""

from __future__ import annotations

from pathlib import Path

import pytest

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default paths land in the test's folder, and nothing of the machine's settings reaches a test."""
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def short_waits() -> None:
    """Failures are frequent here; how long is waited after one belongs to the teacher's tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tilth.teacher.pacing.gate.FIRST_DELAY", 0.002)
        patch.setattr("tilth.teacher.pacing.gate.LONGEST_DELAY", 0.02)
        patch.setattr("tilth.engine.growing.asks.claims.QUIET_SECONDS", 0.5)
        yield
