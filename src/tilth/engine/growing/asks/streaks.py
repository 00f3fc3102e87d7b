"""How often in a row a model refused calls for what they say, or answered with what is no completion."""

from __future__ import annotations

from tilth.engine.file.writes import Address
from tilth.teacher.call_error import CallErrorKind

_FIRST_REFUSED = 8
"""Calls refused before anything was answered, from which on all will be."""

_MOST_REFUSED = 32
"""Calls refused in a row later on: among seeds of which every second one is refused it never happens."""

_FIRST_UNREADABLE = 2
"""Answers that are no completion, before there was one: each may have been billed."""

_LATER_UNREADABLE = 5
"""Of those later on, one after the other."""


class Streaks:
    """Counts failures of one model by kind since its last reply. Used in the runner's loop.

    Attributes:
        replies: Replies so far.
        refused: Calls refused since the last of them.
        stage: Of answers that are no completion: those of calls that were out together count once, so a call
            is to remember it.
    """

    def __init__(self) -> None:
        self.replies = self.refused = self.stage = 0
        self._unreadable = 0
        self._failing: set[Address] = set()
        self._suspects: set[Address] = set()

    def replied(self, call: Address) -> None:
        """A reply came, to this call."""
        self._suspects |= self._failing
        self._suspects.discard(call)
        self.replies += 1
        self.refused = self._unreadable = 0
        self._failing.clear()

    @property
    def of_few_calls(self) -> bool:
        """Whether since the last reply but one call failed, or only such as had failed before it as well."""
        return bool(self.replies) and (len(self._failing) == 1 or self._failing <= self._suspects)

    def failed(self, call: Address, kind: CallErrorKind, stage: int) -> None:
        """A call failed that went out at `stage`."""
        self._failing.add(call)
        self.refused += kind == "bad-request"
        if kind == "no-completion" and stage == self.stage:
            self.stage += 1
            self._unreadable += 1

    def refuses_all(self, seeds: int) -> bool:
        """Whether refusals are not about single calls: at first, or after two passes over the seeds."""
        most = _FIRST_REFUSED if not self.replies else max(_FIRST_REFUSED, min(2 * seeds, _MOST_REFUSED))
        return self.refused >= most

    def unreadable(self) -> bool:
        """Whether what is answered in place of completions will go on."""
        return self._unreadable >= (_LATER_UNREADABLE if self.replies else _FIRST_UNREADABLE)
