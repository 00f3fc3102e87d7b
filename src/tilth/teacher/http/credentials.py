"""Takes keys, headers and addresses as they were pasted, and what came along with them off."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from tilth.errors import TeacherError
from tilth.teacher.http.redact import public_url

_BEARER = re.compile(r"bearer[\s:]+", re.IGNORECASE)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_CHAT = "/chat/completions"


def clean_key(key: str, source: str) -> tuple[str, str]:
    """`key` without the blanks, line ends, invisible marks, quotes and "Bearer" around it, and its source.

    The source says what was left out, for where the key is refused after all.

    Raises:
        TeacherError: It holds within what no key holds, so it was pasted wrongly. The key is not shown.
    """
    clean, left_out = key, dict[str, None]()  # in order, each once
    while clean:
        if what := _around(clean[0]):
            clean = clean[1:]
        elif what := _around(clean[-1]):
            clean = clean[:-1]
        elif bearer := _BEARER.match(clean):
            what, clean = '"Bearer"', clean[bearer.end() :]
        else:
            break
        left_out[what] = None
    if wrong := next((character for character in clean if not "!" <= character <= "~"), None):
        raise TeacherError(f"the key from {source} holds {_called(wrong)} within; copy it anew, and it alone")
    return clean, f"{source} (without {' and '.join(left_out)} around it)" if left_out else source


def clean_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` without the blanks, line ends and invisible marks around their values.

    Raises:
        TeacherError: A value holds a control character within. It is not shown.
    """
    clean = {name: _trimmed(value) for name, value in headers.items()}
    for name, value in clean.items():
        if wrong := next((one for one in value if unicodedata.category(one) == "Cc" and one != "\t"), None):
            raise TeacherError(f'the header "{name}" of headers= holds {_called(wrong)} within; take it out')
    return clean


def clean_address(url: str, source: str) -> str:
    """A base URL without the blanks and invisible marks around it.

    Raises:
        ValueError: It holds the path that every call puts behind it.
    """
    url = _trimmed(url)
    path = urlsplit(url).path.rstrip("/")
    if path.endswith(_CHAT):
        base = urlunsplit(urlsplit(public_url(url))._replace(path=path.removesuffix(_CHAT)))
        raise ValueError(
            f"{source} ends in {_CHAT}, which each call puts behind it: leave out {_CHAT}: {base}"
        )
    return url


def _trimmed(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_nothing(text[start]):
        start += 1
    while end > start and _is_nothing(text[end - 1]):
        end -= 1
    return text[start:end]


def _around(character: str) -> str:
    """What `character` is called, if it may stand around a key; else ""."""
    if character in _QUOTES:
        return "quotes"
    return _called(character) if _is_nothing(character) else ""


def _is_nothing(character: str) -> bool:
    """Whether nothing of it is seen: white space, controls, byte order marks, zero-width characters."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def _called(character: str) -> str:
    if character in "\r\n":
        return "a line break"
    if character.isspace():
        return "a blank"
    return "an invisible character" if _is_nothing(character) else "a character that no key has"
