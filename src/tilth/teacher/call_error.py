"""A call that brought no reply: what went wrong, and what that means for a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tilth.teacher.pacing.quota import Quota

CallErrorKind = Literal[
    "rate-limited",
    "server",
    "connection",
    "timeout",
    "reset",
    "unauthorized",
    "not-found",
    "bad-request",
    "no-completion",
]


class CallError(Exception):
    """One attempt that brought no reply. Its message is plain, redacted and at most 300 characters.

    Attributes:
        kind: What happened. "unauthorized" also covers an account that may not or can no longer pay;
            "no-completion" is a 200 that is no chat completion: a web page, another API's JSON. An error
            that was told in a 200 is what it would be with a status of its own.
        status: The HTTP status, or None where no answer came.
        retry_after: Seconds the endpoint asked to wait, wherever it says so, at most 31 days; or None.
        in_doubt: Whether the endpoint may have answered, and billed, though its reply was lost.
        quota: What the endpoint said of its rates, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: CallErrorKind,
        status: int | None = None,
        retry_after: float | None = None,
        in_doubt: bool = False,
        quota: Quota | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: CallErrorKind = kind
        self.status = status
        self.retry_after = retry_after
        self.in_doubt = in_doubt
        self.quota = quota
