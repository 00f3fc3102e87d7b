"""Reads how long an endpoint asks to wait, wherever it says so: in headers, in fields, in a sentence."""

from __future__ import annotations

import datetime as dt
import math
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT = 31 * 86_400.0
"""Seconds: caps are counted by the month at most."""
_LONGEST_VALUE = 64
_LONGEST_TEXT = 2_000
_MOST_FIELDS = 500
_DEEPEST = 8
_FIRST_EPOCH = 1e9
"""Seconds since 1970: greater numbers are a moment, smaller ones a time from now."""
_FIRST_EPOCH_MS = 1e11

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?) ?(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)"
    r"(?![a-z])[ ,]{0,2}(?:and )?",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?<![a-z])(?:again|retry|retrying|retry-after|wait|resets?|available|access|replenished|until)(?![a-z])"
    r"[^\d\n]{0,40}(?=\d)",
    re.IGNORECASE,
)
_SECONDS_ONLY = re.compile(r"retry.after\D{0,3}$", re.IGNORECASE)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
)
_CLOCK = re.compile(r"(?:(\d{1,4})\.)?(\d{1,4}):([0-5]\d):([0-5]\d)(?![:\d])")
"""[days.]hours:minutes:seconds, as Azure's gateway writes a time that is left."""
_RATE = re.compile(
    r"(?<!\w)r=0(?!\d)[^,]{0,40}?\bt=(\d{1,12})(?!\d)|remaining=0(?!\d)\W{1,4}reset=(\d{1,12})(?!\d)"
)
"""What is used up by the standard header `RateLimit`, of today and of its seventh draft, and until when."""
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_A_DAY = re.compile(r"per[- _]?day|perday|daily|tokens/day|requests/day|\b[rt]pd\b", re.IGNORECASE)
_WAITS = frozenset(
    {"retrydelay", "retryafter", "retryafterseconds", "estimatedtime", "retryin", "waitseconds"}
)
_WAITS_MS = frozenset({"retryafterms", "retrydelayms", "resetafterms"})
_RESETS = frozenset(
    {"xratelimitreset", "ratelimitreset", "xratelimitresetafter", "resetat", "resetsat", "resettime"}
)


def header_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` and `Retry-After` (a number, a time such as "6m0s", or a date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return bounded(milliseconds / 1000)
    return until(headers.get("retry-after"), moment=False)


def reset_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the rates that are used up is whole again, by `X-RateLimit-Reset`."""
    waits = []
    for name, value in headers.items():
        lower = name.lower()
        if "reset" not in lower or "limit" not in lower or not isinstance(value, str):
            continue
        left = headers.get(lower.replace("reset-after", "remaining").replace("reset", "remaining"))
        # one of several rates counts only where it is the one that is used up
        if _number(left) == 0 or (left is None and lower.endswith(("reset", "reset-after"))):
            waits.append(until(value))
    used_up = _RATE.finditer(str(headers.get("ratelimit") or "")[:_LONGEST_TEXT])
    waits.extend(bounded(float(rate[1] or rate[2])) for rate in used_up)
    return max((wait for wait in waits if wait is not None), default=None)


def body_wait(data: Any, said: str) -> float | None:
    """Seconds to wait by an error's fields, such as Google's `retryDelay`, or by its sentence `said`."""
    found = [wait for name, value in _fields(data) if (wait := _field_wait(name, value)) is not None]
    return max(found) if found else text_wait(said)


def text_wait(said: str) -> float | None:
    """Seconds in "try again in 6s", "wait 3h12m4.5s", "resets at 2026-01-31T00:00:00Z" and the like."""
    for asks in _ASKS.finditer(said[:_LONGEST_TEXT]):
        moment = _MOMENT.match(said, asks.end())
        clock = _CLOCK.match(said, asks.end())
        if moment:
            wait = until(moment.group())
        elif clock and asks.group().rstrip().endswith(" in"):
            wait = _left(*(int(part or 0) for part in clock.groups()))
        else:
            wait = _spelt(said, asks.end())
        if (
            wait is None
            and _SECONDS_ONLY.search(asks.group())
            and (number := _NUMBER.match(said, asks.end()))
        ):
            wait = bounded(float(number.group()))
        if wait is not None:
            return wait
    return None


def names_a_day(said: str) -> bool:
    """Whether what was used up is counted by the day."""
    return _A_DAY.search(said[:_LONGEST_TEXT]) is not None


def until(value: Any, *, moment: bool = True) -> float | None:
    """Seconds that `value` stands for: a number, "6m0s", a date, or, with `moment`, a time since 1970.

    Those since 1970 may be in seconds or in milliseconds.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value or len(value) > _LONGEST_VALUE:
            return None
    number = _number(value)
    if number is not None:
        if moment and number >= _FIRST_EPOCH:
            number = number / (1000 if number >= _FIRST_EPOCH_MS else 1) - time.time()
        return bounded(number)
    if not isinstance(value, str):
        return None
    spelt = _spelt(value, 0, whole=True)
    return spelt if spelt is not None else _date(value)


def bounded(seconds: float) -> float:
    """`seconds`, not below none and not beyond the longest wait."""
    return min(max(0.0, seconds), LONGEST_WAIT)


def _number(value: Any) -> float | None:
    if isinstance(value, str) and len(value) > _LONGEST_VALUE:
        return None
    try:
        number = float(value) if value is not None else math.nan
    except (ValueError, TypeError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _spelt(text: str, start: int, *, whole: bool = False) -> float | None:
    """The time that `text` spells out from `start` on, such as "1h 2m 3.5s"."""
    seconds, at = 0.0, start
    while part := _PART.match(text, at):
        number, unit = part.group(1), part.group(2).lower()
        short = "ms" if unit.startswith(("ms", "mil")) else unit[0]
        seconds, at = seconds + float(number) * _UNITS[short], part.end()
    return None if at == start or (whole and at < len(text)) else bounded(seconds)


def _left(days: int, hours: int, minutes: int, seconds: int) -> float:
    return bounded(((days * 24 + hours) * 60 + minutes) * 60.0 + seconds)


def _date(text: str) -> float | None:
    try:
        if _MOMENT.fullmatch(text):
            told = dt.datetime.fromisoformat(text.replace(" UTC", "Z").replace(" Z", "Z"))
        else:
            told = parsedate_to_datetime(text)
        if told.tzinfo is None:
            told = told.replace(tzinfo=dt.UTC)
        return bounded(told.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    """The named values in `data`, of a body that may hold anything."""
    seen, rest = 0, [(data, 0)]
    while rest and seen < _MOST_FIELDS:
        value, depth = rest.pop()
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for name, held in inner:
            seen += 1
            if seen > _MOST_FIELDS:
                return
            if isinstance(held, (dict, list)) and depth < _DEEPEST:
                rest.append((held, depth + 1))
            if isinstance(name, str):
                yield name, held


def _field_wait(name: str, value: Any) -> float | None:
    if len(name) > _LONGEST_VALUE:
        return None
    plain = name.lower().replace("-", "").replace("_", "")
    if plain in _WAITS:
        if isinstance(value, dict):  # protobuf's Duration, written out
            value = value.get("seconds")
        return until(value, moment=False)
    if plain in _WAITS_MS:
        number = _number(value)
        return None if number is None else bounded(number / 1000)
    return until(value) if plain in _RESETS else None
