"""Digests of JSON values, the same in every process and version of Python."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def canonical(value: Any) -> str:
    """JSON that is the same for equal values."""
    return _encode(value)


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hex."""
    return digest_of(canonical(value))


def digest_of(body: str) -> str:
    """SHA-256, in hex, of the value whose canonical JSON this is."""
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
