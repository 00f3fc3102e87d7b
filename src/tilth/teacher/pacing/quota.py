"""What an endpoint says of its own rates: the `x-ratelimit-*` headers that came with a reply."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

_KINDS = ("requests", "tokens")
_MOST_HEADERS = tuple(f"x-ratelimit-limit-{kind}" for kind in _KINDS)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_LONGEST_TEXT = 40
"""Characters of a number or a time that is meant."""

_MOST = 1e12
"""Requests or tokens that are told in earnest."""

_LONGEST_RESET = 86_400.0
"""Seconds of the longest time over which an endpoint counts: a day."""

_MOMENT, _MOMENT_MS = 1e9, 1e12
"""From here on a number is no wait, but a moment, in seconds or milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may pass, of requests or of tokens.

    Attributes:
        most: What may pass at once.
        remaining: What may pass now.
        rate: What comes back a second.
    """

    most: float
    remaining: float
    rate: float


@dataclass(frozen=True, slots=True)
class Quota:
    """Allowances of requests and of tokens; None where the endpoint does not say, or nothing is used."""

    requests: Allowance | None
    tokens: Allowance | None


def quota_of(headers: Mapping[str, str]) -> Quota | None:
    """The quota in a reply's headers, names in lower case or any case-insensitive mapping; None without one.

    The most is counted over an unnamed time (a minute at OpenAI, a day for Groq's requests), so the rate is
    what is used up by the time it takes to be whole again.
    """
    if not any(name in headers for name in _MOST_HEADERS):  # as a rule: this is read with every reply
        return None
    requests, tokens = (_allowance(headers, kind) for kind in _KINDS)
    return None if requests is None and tokens is None else Quota(requests, tokens)


def _allowance(headers: Mapping[str, str], kind: str) -> Allowance | None:
    """What is told in earnest: a number without bounds could keep calls from starting for ever."""
    most = _number(headers.get(f"x-ratelimit-limit-{kind}"))
    remaining = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
    reset = seconds_of(headers.get(f"x-ratelimit-reset-{kind}"))
    if most is None or remaining is None or reset is None:
        return None
    if not (1 <= most <= _MOST and remaining <= most - 1e-3 and 1e-3 <= reset <= _LONGEST_RESET):
        return None
    return Allowance(most, remaining, (most - remaining) / reset)


def seconds_of(value: str | None) -> float | None:
    """Seconds in "6m0s", "17ms", "1h2m3.5s" or "2", or until the moment "1764500000"; None otherwise."""
    text = (value or "").strip().lower()
    seconds = _number(text)
    if seconds is not None:
        return _until(seconds)
    if not text or len(text) > _LONGEST_TEXT or _PART.sub("", text):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _until(seconds: float) -> float:
    """Seconds from now, of a wait or of a moment."""
    if seconds < _MOMENT:
        return seconds
    return max(0.0, (seconds / 1000 if seconds >= _MOMENT_MS else seconds) - time.time())


def _number(value: str | None) -> float | None:
    if value is None or len(value) > _LONGEST_TEXT:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
