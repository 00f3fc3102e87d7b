"""What the tests of the command line share: a shell, an endpoint and seeds."""

from __future__ import annotations

import json
import threading
from functools import partial

import pytest
from tests.unit.cli.shell import Endpoint, ended_in


@pytest.fixture
def endpoint():
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.open.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def seeds(tmp_path):
    path = tmp_path / "seeds.jsonl"
    lines = ({"question": f"What is {n} - {n - 4}?", "answer": "4"} for n in range(10, 60))
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.fixture
def shell(tmp_path):
    """Runs a command to its end."""
    return partial(ended_in, tmp_path)
