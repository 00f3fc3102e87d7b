"""What the tests of checks stand on: the same as the engine's."""

from __future__ import annotations

from tests.unit.engine.conftest import own_folder, short_waits

__all__ = ["own_folder", "short_waits"]
