"""A teacher known only by a run file: enough to replay what was journalled, never to ask anew."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from tilth.errors import TeacherError
from tilth.teacher.client import Teacher
from tilth.teacher.http.endpoint import Endpoint


class RecordedTeacher(Teacher):
    """Stands in for the teacher of a finished run."""

    def __init__(self, identity: Mapping[str, Any], max_tokens: int) -> None:
        super().__init__(
            identity["model"],
            system=identity["system"],
            structured=identity.get("structured"),
            base_url="http://127.0.0.1",
            max_tokens=max_tokens,
        )
        self._recorded = dict(identity["sampling"])

    @property
    def address(self) -> None:
        """Unknown: it is the file's own, if the file says it."""
        return

    def price(self) -> None:
        """Nothing is asked, so nothing is priced."""
        return

    def open(self) -> AbstractAsyncContextManager[Endpoint]:
        """Refuses: what is not in the journal needs the teacher itself."""
        raise TeacherError(f"this run has to ask {self.name} to go on; pass teacher=")

    def _sampling(self) -> dict[str, Any]:
        return dict(self._recorded)
