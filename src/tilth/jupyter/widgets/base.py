"""What every widget of Tilth shares: its bundle, and one thread that does all its writing and sending."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Self

import anywidget
import traitlets

from tilth.errors import BundleMissing
from tilth.jupyter import protocol
from tilth.jupyter.secrets import without_secrets
from tilth.jupyter.widgets.newest_cell import follow_cells, in_newest_cell

STATIC = Path(__file__).parents[2] / "static"
log = logging.getLogger("tilth.jupyter")


def _bundle() -> tuple[str, str]:
    try:
        return (STATIC / "widget.js").read_text("utf-8"), (STATIC / "widget.css").read_text("utf-8")
    except FileNotFoundError as error:
        raise BundleMissing(
            f"{Path(error.filename).name} is not built. A wheel of Tilth holds it; in a checkout run "
            "`npm ci && npm run build` in js/ once, then make the widget again"
        ) from None


def chart_bundle() -> bytes:
    """The JavaScript that draws charts: sent once to a page, when its first chart is shown."""
    try:
        return (STATIC / "vega.js").read_bytes()
    except FileNotFoundError:
        raise BundleMissing(
            "vega.js is not built. A wheel of Tilth holds it; in a checkout run "
            "`npm ci && npm run build` in js/ once"
        ) from None


class Widget(anywidget.AnyWidget):
    """A widget whose callbacks only post, since they may come on any thread.

    Requests are answered on three threads of their own, so that saving never delays "stop". All trait writes
    and messages come from one flusher, which also paces them.
    """

    _one_way: ClassVar[frozenset[str]] = frozenset()
    """Synced traits that the page may not set."""
    _reading: ClassVar[frozenset[str]] = frozenset()
    """Requests that may take long and change nothing."""
    _instant: ClassVar[frozenset[str]] = frozenset()
    """Requests that only note something, so that they are answered even while others take long."""
    _drawing: ClassVar[frozenset[str]] = frozenset()
    """Requests that take so long that others must not wait behind them: charts."""

    _outbox: deque[tuple[dict[str, Any], list[bytes]]]
    _unwritten: dict[str, Any]
    _restored: set[str]

    notice = traitlets.Dict().tag(sync=True)

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Makes what `close` and trait changes need, for both may come before `__init__` has run."""
        self: Self = super().__new__(cls, *args, **options)
        self._lock = threading.RLock()
        self._outbox = deque()
        self._unwritten = {}
        self._restored = set()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._seq = self._notices = 0
        self._controls = ThreadPoolExecutor(1, "tilth-controls")
        self._readers = ThreadPoolExecutor(1, "tilth-readers")
        self._drawers = ThreadPoolExecutor(1, "tilth-drawers")
        return self

    def __init__(self, **traits: Any) -> None:
        self._esm, self._css = _bundle()
        follow_cells()
        in_newest_cell(super().__init__, **traits)
        self.on_msg(self._received)
        threading.Thread(target=self._flush_forever, name="tilth-flusher", daemon=True).start()

    def close(self) -> None:
        """Closes the widget and its views. A run goes on: it belongs to the kernel."""
        self._ended.set()
        self._wake.set()
        for pool in (self._controls, self._readers, self._drawers):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            in_newest_cell(super().close)

    @abstractmethod
    def _answer(self, request: protocol.Request) -> tuple[dict[str, Any], list[bytes]]:
        """The reply to a request, and its buffers. Called on a thread of the widget's own."""

    @abstractmethod
    def _tick(self, now: float) -> float | None:
        """Writes and pushes what is due; in how many seconds it wants to be called again, None for not."""

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        try:
            request = protocol.read_request(content)
        except protocol.ProtocolError as error:
            self._fail("a message from the page", error)
            request_id = content.get("id") if isinstance(content, Mapping) else None
            if isinstance(request_id, int):
                self._post(protocol.reply(request_id, "error", message=without_secrets(str(error))))
            return
        if request.type in self._instant:
            self._handle(request)
            return
        reads, draws = request.type in self._reading, request.type in self._drawing
        pool = self._drawers if draws else self._readers if reads else self._controls
        self._submit(self._handle, request, pool=pool)

    def _submit(self, work: Callable[..., None], *args: Any, pool: ThreadPoolExecutor | None = None) -> None:
        try:
            (pool or self._controls).submit(self._safely, work, *args)
        except RuntimeError:
            log.info("the widget is closed; a late request was dropped")

    def _safely(self, work: Callable[..., None], *args: Any) -> None:
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - logged and shown: nobody waits for the outcome
            self._fail("the widget's work", error)

    def _handle(self, request: protocol.Request) -> None:
        try:
            content, buffers = self._answer(request)
        except Exception as error:  # noqa: BLE001 - logged, shown, and answered
            message = self._fail(f'"{request.type}"', error)
            content, buffers = protocol.reply(request.id, "error", message=message), []
        self._post(content, buffers)

    def _fail(self, what: str, error: Exception) -> str:
        """Logs an error and shows it in the page; its message, without secrets."""
        message = without_secrets(str(error) or type(error).__name__)
        log.error("%s failed\n%s", what, without_secrets("".join(traceback.format_exception(error))))
        self._tell("error", message)
        return message

    def _tell(self, level: str, text: str) -> None:
        with self._lock:
            self._notices += 1
            self._write(notice={"id": self._notices, "level": level, "text": text})

    def _write(self, **traits: Any) -> None:
        """Has the flusher set traits."""
        with self._lock:
            self._unwritten.update(traits)
        self._wake.set()

    def _post(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Has the flusher send a message."""
        self._outbox.append((content, list(buffers)))
        self._wake.set()

    def _push(self, kind: str, buffers: Sequence[bytes] = (), **fields: Any) -> None:
        """Has the flusher send a message that nobody asked for."""
        with self._lock:
            self._seq += 1
            self._post(protocol.push(self._seq, kind, **fields), buffers)

    def _flush_forever(self) -> None:
        wanted: float | None = None
        while not self._ended.is_set():
            self._wake.wait(wanted)
            self._wake.clear()
            try:
                wanted = self._tick(time.monotonic())
                in_newest_cell(self._flush)
            except Exception as error:  # noqa: BLE001 - logged and shown; the next flush goes on
                self._fail("the widget's flusher", error)
                wanted = 1.0

    def _flush(self) -> None:
        with self._lock:
            traits, self._unwritten = self._unwritten, {}
            restored, self._restored = self._restored, set()
            with self.hold_sync():
                for name, value in traits.items():
                    self.set_trait(name, value)
            if restored:
                self.send_state(restored)
            while self._outbox:
                content, buffers = self._outbox.popleft()
                self.send(content, buffers)

    # ipywidgets keeps "who holds what" in plain attributes, which two threads would mix up.
    def notify_change(self, change: Any) -> None:
        """Sends a changed trait, one thread at a time."""
        with self._lock:
            super().notify_change(change)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes the page's choices; a bad one is told to the user, and the page gets the old value back."""
        allowed = {name: value for name, value in sync_data.items() if name not in self._one_way}
        with self._lock:
            try:
                in_newest_cell(super().set_state, allowed)  # the page is sent an echo
            except traitlets.TraitError as error:
                self._tell("error", without_secrets(str(error)))
                self._restored |= allowed.keys() & set(self.keys)
            self._restored |= sync_data.keys() & self._one_way
        self._wake.set()
