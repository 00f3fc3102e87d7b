"""The tutorials, executed once for all tests of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.notebooks import executing


@pytest.fixture(scope="session")
def execute(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], executing.Executed]:
    """Executes a tutorial of the checkout in an empty folder; a cell that fails fails the test."""

    def run(name: str) -> executing.Executed:
        return executing.execute(checkout / "notebooks" / name, tmp_path_factory.mktemp("notebook"))

    return run
