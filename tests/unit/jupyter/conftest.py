"""A page on the other end of the comm: keeps every message, and waits for the one a test is about."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import comm
import polars as pl
import pytest
from comm.base_comm import BaseComm

import tilth
from tilth.jupyter.widgets import base

PATIENCE = 120.0


@dataclass(frozen=True)
class Sent:
    """A message from the kernel."""

    at: float
    thread: str
    kind: str
    data: Mapping[str, Any]
    buffers: tuple[bytes, ...] = field(repr=False)

    @property
    def custom(self) -> Mapping[str, Any]:
        return self.data.get("content", {}) if self.data.get("method") == "custom" else {}

    @property
    def update(self) -> Mapping[str, Any]:
        return self.data.get("state", {}) if self.data.get("method") == "update" else {}

    @property
    def frame(self) -> pl.DataFrame:
        return pl.read_ipc_stream(io.BytesIO(self.buffers[0]))


@dataclass
class Page:
    """What a browser would be to a widget."""

    sent: list[Sent] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    ids: Iterator[int] = field(default_factory=itertools.count)

    def until(self, found: Callable[[Sent], object], since: int = 0) -> Sent:
        deadline = time.monotonic() + PATIENCE
        with self.news:
            while True:
                for message in self.sent[since:]:
                    if found(message):
                        return message
                left = deadline - time.monotonic()
                assert left > 0, f"it never came; the last of {len(self.sent)}: {self.sent[-3:]}"
                self.news.wait(left)

    def deliver(self, widget: Any, data: Mapping[str, Any]) -> None:
        widget.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def ask(self, widget: Any, kind: str, /, **fields: Any) -> Sent:
        """Sends a request and waits for its reply."""
        number = next(self.ids)
        self.deliver(widget, {"method": "custom", "content": {"v": 1, "id": number, "type": kind, **fields}})
        return self.until(lambda m: m.custom.get("id") == number)

    def choose(self, widget: Any, **state: Any) -> None:
        """What the page does when the user sets a control."""
        self.deliver(widget, {"method": "update", "state": state, "buffer_paths": []})

    def pushes(self, kind: str) -> list[Sent]:
        return [m for m in self.sent if "seq" in m.custom and m.custom["type"] == kind]

    def until_planned(self, trait: str = "plan", since: int = 0) -> Mapping[str, Any]:
        """Waits for the first plan of the run, or of the study ("regimes")."""

        def plan(message: Sent) -> Mapping[str, Any]:
            told = message.update.get(trait, {})
            return told.get("plan", {}) if trait == "regimes" else told

        return self.until(lambda m: plan(m).get("sources"), since).update[trait]

    def until_state(self, state: str, since: int = 0) -> Sent:
        return self.until(lambda m: m.update.get("status", {}).get("state") == state, since)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Page:
    """The page, with a bundle of its own, in a working folder of its own."""
    page = Page()

    class Wire(BaseComm):
        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any
        ) -> None:
            message = Sent(
                time.monotonic(),
                threading.current_thread().name,
                msg_type,
                data or {},
                tuple(buffers or ()),
            )
            with page.news:
                page.sent.append(message)
                page.news.notify_all()

    monkeypatch.setattr(comm, "create_comm", Wire)
    static = tmp_path / "static"
    static.mkdir()
    (static / "widget.js").write_text("export default {}")
    (static / "widget.css").write_text("")
    monkeypatch.setattr(base, "STATIC", static)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return page


FREE = tilth.Price(prompt=Decimal(0), completion=Decimal(0), source="a test", date="2026-01-01")


class Tap:
    """An async callable teacher that answers right, and can be held up."""

    __name__ = "tap"

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.seconds = 0.0
        self.fault: Exception | None = None
        self.reply = "2 + 2 = 4\n#### 4"

    async def __call__(self, messages: Any, **settings: Any) -> str:
        await asyncio.sleep(self.seconds)
        await asyncio.to_thread(self.open.wait)
        if self.fault is not None:
            raise self.fault
        return self.reply


@pytest.fixture
def tap() -> Iterator[Tap]:
    tap = Tap()
    yield tap
    tap.open.set()


@pytest.fixture
def seeds() -> tilth.Seeds:
    return tilth.read_seeds(
        [
            {"question": f"Ann has {i} pens and loses {i - 4}. How many has she?", "answer": "4"}
            for i in range(5, 55)
        ]
    )


@pytest.fixture
def free(tap: Tap) -> Callable[..., tilth.Teacher]:
    """Makes teachers on the tap that are known to cost nothing, so that nobody is asked before they are."""
    return lambda **settings: tilth.Teacher(tap, price=FREE, **settings)


@pytest.fixture
def workbench(
    page: Page, tap: Tap, free: Callable[..., tilth.Teacher], seeds: tilth.Seeds
) -> Iterator[Callable[..., Any]]:
    """Makes workbenches on the tap; what they run is ended with the test."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        settings = {"seeds": seeds, "teacher": free(), "strategy": "answer-augmentation"}
        made.append(tilth.Workbench(**{**settings, **options}))
        return made[-1]

    yield make
    tap.open.set()
    for widget in made:
        if widget.run:
            widget.run.abort()
            with contextlib.suppress(tilth.teacher.TeacherError):
                widget.run.wait()
        widget.close()
