"""What the teacher's tests share: a server that behaves as told, and a way to make a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from tests.support.openai_server import Plan, Server, serve

from tilth.tasks.base import Prompt
from tilth.teacher import Teacher

KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


@pytest.fixture
def ask() -> Callable[[str], Prompt]:
    """Makes the prompt that asks a question."""
    return lambda question: Prompt(({"role": "user", "content": f"Solve.\nQuestion: {question}"},), "answer")


@pytest.fixture(params=["direct", "sdk"])
def connect(request: pytest.FixtureRequest) -> Callable[..., Teacher]:
    """Makes a teacher at an address, by either of the two ways there: both keep one contract."""

    def make(url: str, model: str = "test-model", *, api_key: str | None = None, **settings: Any) -> Teacher:
        if request.param == "direct":
            return Teacher(model, base_url=url, api_key=api_key, **settings)
        return Teacher(model, client=AsyncOpenAI(base_url=url, api_key=api_key or "none"), **settings)

    return make


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a test."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def usual_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other suites shorten them for their whole session."""
    monkeypatch.setattr("tilth.teacher.pacing.gate.FIRST_DELAY", 0.5)
    monkeypatch.setattr("tilth.teacher.pacing.gate.LONGEST_DELAY", 60.0)


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that lasts."""
    with serve({"What?": "It is nine and nine.\n#### 18"}) as server:
        yield server


@pytest.fixture
def behave(running: Server) -> Callable[..., Server]:
    """Makes the server behave by a plan, with new books: `behave(latency=0.1)`."""

    def start(**plan: object) -> Server:
        running.start_over(Plan(**plan))
        return running

    return start
