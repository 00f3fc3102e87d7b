"""What every suite shares: the checkout's folder and the data that tests may read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parent.parent

# An example's milliseconds tell how busy the machine is; what hangs is ended by the test's own timeout.
settings.register_profile("tilth", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Ten times as many examples: `pytest --hypothesis-profile=thorough --timeout=0 -n 2 tests/unit`.
settings.register_profile("thorough", settings.get_profile("tilth"), max_examples=1_000)
settings.load_profile("tilth")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of public data sets that some tests read; skips the test where there is none."""
    named = os.environ.get("TILTH_TEST_DATA")
    folders = [Path(named)] if named else [CHECKOUT / "shared" / "data", CHECKOUT.parent / "shared" / "data"]
    for folder in folders:
        if folder.is_dir():
            return folder
    pytest.skip(f"no test data in {' or '.join(map(str, folders))}; set TILTH_TEST_DATA")


@pytest.fixture(scope="session")
def confined() -> None:
    """Skips the test where the system cannot confine code; `test_sandbox.py` then checks the refusal."""
    from tilth.tasks.code import sandbox

    try:
        sandbox.require()
    except sandbox.CannotConfine as error:
        pytest.skip(f"nothing is run, and that is refused: {error}")
