"""Tells a reply that was changed in its file from the one that came."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, overload

OF_REPLY = (
    "r.text, r.refusal, r.finish_reason, r.model, r.origin,"
    " l.prompt_tokens, l.completion_tokens, l.nano, l.estimated"
)
"""What a reply's checksum is of, as columns of `replies r` and `ledger l`."""

_OF_ALL = "a"
"""Marks a checksum of all of these; an older one is of the text alone."""


def checksum(text: str, *rest: Any) -> str:
    """The checksum of a reply that is written, by the values of `OF_REPLY`; `estimated` is a bool."""
    return _OF_ALL + sha256(f"{text}\0{rest!r}".encode()).hexdigest()[:_OLDER]


def is_intact(kept: Any, *of_reply: Any) -> bool:
    """Whether a reply, and what it cost, are as they were journalled; by its checksum and these values."""
    try:
        *told, estimated = of_reply
        if str(kept).startswith(_OF_ALL) and len(kept) > _OLDER:
            return bool(kept == checksum(*told, bool(estimated)))
        return bool(kept == sha256(of_reply[0].encode()).hexdigest()[:_OLDER])
    except (AttributeError, TypeError, ValueError):  # a blob, or half a letter
        return False


_OLDER = 16
"""Characters of a checksum of the text alone."""


@overload
def storable(text: str) -> str: ...


@overload
def storable(text: str | None) -> str | None: ...


def storable(text: str | None) -> str | None:
    """SQLite takes UTF-8 only; a lone surrogate of a hostile reply becomes a question mark."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
