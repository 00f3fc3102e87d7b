"""A question that the page puts to the user before real dollars are spent; it counts once."""

from __future__ import annotations

import uuid
from collections.abc import Callable


class Question:
    """The question that waits for an answer; a later one takes its place."""

    def __init__(self, put: Callable[[str, str], None]) -> None:
        """`put` shows the page a question: its token and its text."""
        self._put = put
        self._asked: tuple[str, Callable[[], None]] | None = None

    def ask(self, text: str, then: Callable[[], None]) -> None:
        """Asks the user; `then` is what a yes leads to."""
        self._asked = (uuid.uuid4().hex, then)
        self._put(self._asked[0], text)

    def answer(self, token: str, *, yes: bool) -> None:
        """Takes the user's answer; raises `ValueError` for a question that is not asked any more."""
        asked, self._asked = self._asked, None
        if asked is None or asked[0] != token:
            raise ValueError("this question was answered already; press Generate again")
        if yes:
            asked[1]()
