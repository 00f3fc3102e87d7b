"""A demo server of its own for the tests that talk HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tilth import demo


@pytest.fixture(scope="module")
def server() -> Iterator[demo.Server]:
    with demo.serve() as running:
        yield running
