"""A tiny model and a real llama.cpp server for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_model

from tilth.teacher.local import server


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("xllamacpp", reason="the server is in the package xllamacpp")
    return write_tiny_model(tmp_path_factory.mktemp("models") / "Tiny-Instruct.gguf")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    server.close_all()
