"""Keeps keys and other people's control characters out of every message."""

from __future__ import annotations

import html
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from tilth.printable import without_controls

MESSAGE_CHARACTERS = 300
_SHORTEST_SECRET = 4
_SHORTEST_PART = 8
_PARTS = re.compile(r"[\s;,=]+")
_MOST_CHARACTERS_READ = 20_000
_MOST_CHARACTERS_MATCHED = 1_500
"""Five times what is shown: what is hidden before it makes room for what stands behind."""

_HIDDEN = "[hidden]"
_PATTERNS = (
    # Each repetition is bounded, or nothing that fails can follow it, so that time is linear.
    # Vendors' key formats, also where the vendor has masked the middle with asterisks.
    (re.compile(r"\b(?:sk|pk|rk|gsk|hf|xai|pplx|nvapi|key|AIza|ghp|r8)[-_][\w*.\-]{6,}"), _HIDDEN),
    (re.compile(r"\bAIza[\w\-]{20,}"), _HIDDEN),
    (re.compile(r"\beyJ[\w\-]{1,1500}\.[\w\-]{1,1500}\.[\w\-]*"), _HIDDEN),
    (re.compile(r"\b(bearer|basic)\s{1,9}[^\s\"',;]+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            r"((?:api[-_ ]?key|token|secret|password|authorization)[\"']?\s{0,9}[:=]\s{0,9})"
            r"(?:bearer\s{1,9}|basic\s{1,9})?[\"']?[^\s\"',;&]+",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"(?<!\w)(\w{1,20}://)[^/\s@\"']{1,1500}@"), r"\1"),
    (re.compile(r"(?<!\w)(\w{1,20}://[^\s?\"'<>]{1,1500})\?[^\s\"'<>]*"), r"\1"),
)
_SPACE = re.compile(r"\s+")


class Secret:
    """A value that shows in no repr, str, pickle or JSON; `reveal` is the only way to it.

    A pickled secret arrives empty.
    """

    __slots__ = ("_value",)

    def __init__(self, value: Any = None) -> None:
        self._value = value

    def reveal(self) -> Any:
        """The value itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"<{_HIDDEN[1:-1]}>" if self._value else "<none>"

    def __reduce__(self) -> tuple[type[Secret], tuple[()]]:
        return Secret, ()


def public_url(url: str) -> str:
    """`url` without user info, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def url_secrets(url: str) -> list[str]:
    """What of `url` may be secret: its user info and the values of its query."""
    parts = urlsplit(url)
    userinfo = parts.netloc.rpartition("@")[0]
    values = [userinfo, *userinfo.split(":"), *(value for _, value in parse_qsl(parts.query))]
    return [form for value in values for form in {value, unquote(value)} if form]


def secret_forms(values: Iterable[str]) -> list[str]:
    """The forms in which an endpoint may repeat secret `values`, such as those of headers.

    They are whole or in part ("Bearer ...", "session=...", a login), and as written in URLs, HTML or base64.
    """
    parts = dict.fromkeys(values)
    for value in tuple(parts):
        words = [word for word in _PARTS.split(value) if len(word) >= _SHORTEST_PART]
        parts |= dict.fromkeys(words)
        for word in words:
            with suppress(ValueError):  # Basic authorization holds user and password
                parts |= dict.fromkeys(
                    b64decode(word + "=" * (-len(word) % 4), validate=True).decode().split(":")
                )
    forms = dict[str, None]()
    for part in parts:
        written = (part, quote(part, safe=""), html.escape(part), b64encode(part.encode()).decode())
        forms |= dict.fromkeys(written)
    return list(forms)


def _one_line(text: str) -> str:
    return without_controls(_SPACE.sub(" ", text)).strip()


def without_keys(text: str) -> str:
    """`text` as it is, whole, but without anything like a key, or what may be secret in a URL."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """One printable line of `text`, at most 300 characters, without `secrets` or anything like a key."""
    # what is not printed goes first: it could stand within a secret
    text = _one_line(text[:_MOST_CHARACTERS_READ])
    hidden = sorted({_one_line(secret) for secret in secrets}, key=len, reverse=True)
    if known := "|".join(re.escape(secret) for secret in hidden if len(secret) >= _SHORTEST_SECRET):
        text = re.sub(known, _HIDDEN, text, flags=re.IGNORECASE)
    text = without_keys(text[:_MOST_CHARACTERS_MATCHED])
    return text if len(text) <= MESSAGE_CHARACTERS else text[: MESSAGE_CHARACTERS - 1] + "…"
