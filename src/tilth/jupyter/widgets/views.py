"""Which views a workbench has, and which workbench of a run is the newest: older ones end without a view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakSet

_of_runs: dict[Path, WeakSet[Views]] = {}


class Views:
    """The views of one workbench, as far as its kernel has heard of them.

    Attributes:
        open: Whether rows are sent: until a page says that it has no view.
        watched: Whether a page has said that a view can be seen; only then replies are streamed.
    """

    def __init__(self, end: Callable[[], None]) -> None:
        """`end` ends the workbench: it has no view, and a newer one shows its run."""
        self.open, self.watched = True, False
        self._count: int | None = None
        self._succeeded = False
        self._end = end

    def shown(self) -> None:
        """A cell shows the workbench, or a page asks something of it: there is a view until one says not."""
        if self._count is None:
            self._count = 1

    def told(self, *, visible: bool, count: int | None) -> None:
        """What a page says: whether one of its views can be seen, and how many it has, in sight or not."""
        self.watched = visible
        self._count = max(int(visible), self._count or 0) if count is None else count
        self.open = visible if count is None else count > 0
        self._end_unseen()

    def take_over(self, run: Path) -> None:
        """Makes this the newest workbench of a run's file; an older one without a view ends, now or later."""
        older = _of_runs.setdefault(run, WeakSet())
        for views in list(older):
            views._succeeded = True  # noqa: SLF001 - another one of this class
            views._end_unseen()  # noqa: SLF001
        older.add(self)

    def _end_unseen(self) -> None:
        if self._succeeded and not self._count:
            self._end()
