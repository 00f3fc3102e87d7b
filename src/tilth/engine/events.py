"""What a run tells while it works; the terminal and the widget both consume it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_MOST_WAITING = 10_000
"""Events a subscriber can lag behind before the oldest are dropped; rows are safe in the journal."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Rows were committed; `arrival` is the number of the last one."""

    arrival: int


@dataclass(frozen=True, slots=True)
class Changed:
    """The run's status changed."""

    status: str


@dataclass(frozen=True, slots=True)
class Text:
    """The reply that is being streamed, as far as it has come. For display only."""

    unit: int
    purpose: str
    text: str
    done: bool


@dataclass(frozen=True, slots=True)
class CellMeasured:
    """A study's cell was trained and measured."""

    cell_id: str


@dataclass(frozen=True, slots=True)
class CellTrained:
    """A training that takes minutes has come further.

    Attributes:
        cell_id: The cell that it is for; `told` says it in words.
        step: Steps done, of `steps`.
        loss: The mean loss of a token over the last steps.
        validation_loss: The same on validation questions, where it was measured.
        seconds: Wall seconds since it began.
    """

    cell_id: str
    told: str
    step: int
    steps: int
    loss: float | None
    validation_loss: float | None
    seconds: float


Event = Sampled | Changed | Text | CellMeasured | CellTrained


class Subscription:
    """A mailbox of events, safe to read from any thread.

    Attributes:
        text: Set True while somebody looks, to have one call in flight streamed as `Text`.
    """

    def __init__(self, hub: Events) -> None:
        self._hub = hub
        self._box: deque[Event] = deque(maxlen=_MOST_WAITING)
        self._ready = threading.Event()
        self.text = False

    def put(self, event: Event) -> None:
        """Called by the run."""
        self._box.append(event)
        self._ready.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until there is an event, at most `timeout` seconds; whether there is one."""
        return self._ready.wait(timeout)

    def drain(self) -> list[Event]:
        """All events since the last call, oldest first."""
        self._ready.clear()
        events = []
        while self._box:
            events.append(self._box.popleft())
        return events

    def close(self) -> None:
        """Ends the subscription."""
        self._hub.drop(self)


class Events:
    """Hands a run's events to its subscribers."""

    def __init__(self) -> None:
        self._subscribers: tuple[Subscription, ...] = ()
        self._lock = threading.Lock()
        self._streaming = False

    def subscribe(self) -> Subscription:
        """A new mailbox."""
        subscription = Subscription(self)
        with self._lock:
            self._subscribers = (*self._subscribers, subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forgets a mailbox."""
        with self._lock:
            self._subscribers = tuple(s for s in self._subscribers if s is not subscription)

    def publish(self, event: Event) -> None:
        """Puts an event into every mailbox; `Text` only where it is wanted."""
        for subscription in self._subscribers:
            if subscription.text or not isinstance(event, Text):
                subscription.put(event)

    @contextmanager
    def streaming(self) -> Iterator[bool]:
        """Claims the one place for a streamed call: True where somebody looks and no other call has it."""
        mine = not self._streaming and any(s.text for s in self._subscribers)
        self._streaming = self._streaming or mine
        try:
            yield mine
        finally:
            if mine:
                self._streaming = False
