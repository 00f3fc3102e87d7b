"""How many calls a llama.cpp server works on at once: more only wait there for each other."""

from __future__ import annotations

from tilth.teacher.http.answers.error_body import parsed
from tilth.teacher.http.answers.failures import Answer
from tilth.teacher.http.answers.fields import field

_MOST = 10_000
"""Slots that are told in earnest."""


def are_told(models: Answer) -> bool:
    """Whether a list of models is that of a server which tells its slots."""
    if "llama.cpp" in models.headers.get("server", "").lower():
        return True
    entries = field(parsed(models.body), "data")
    return isinstance(entries, list) and any(field(entry, "owned_by") == "llamacpp" for entry in entries)


def properties_of(base: str) -> str:
    """Where the server at a base URL tells its properties: beside the folder of its version."""
    return f"{base.rstrip('/').removesuffix('/v1')}/props"


def read_slots(properties: Answer) -> int | None:
    """The slots in a server's properties; None where it does not tell them."""
    slots = field(parsed(properties.body), "total_slots") if properties.is_success else None
    return slots if type(slots) is int and 1 <= slots <= _MOST else None
