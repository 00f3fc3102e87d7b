"""Reads what an answer says of a failure: its words, its code, the status it tells, how long to wait."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from tilth.teacher.http.answers.fields import field
from tilth.teacher.http.answers.waits import body_wait

_MOST_CHARACTERS = 5_000
_DEEPEST = 4
_LONGEST_CODE = 100
_MESSAGES = ("message", "msg", "detail", "error_description", "error_msg", "errorMessage", "error", "title")
_CODES = ("code", "type", "status", "error_code", "__type", "Code")
_OTHER_MESSAGES = ("message", "msg")
"""What other names of a message end in, such as "status_msg"."""
_TITLE = re.compile(r"<(title|h1)\b[^<>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_PAGE = re.compile(
    r"\s{0,1000}(?:<!--.{0,2000}?-->\s{0,1000})?<(?:!doctype|html|head|body|title|h1|center|\?xml)",
    re.IGNORECASE | re.DOTALL,
)
_STATUS_IN_TITLE = re.compile(r"\b([45]\d\d)\b")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a body says of a failure.

    Attributes:
        said: Its words; "" where it has none.
        code: Its codes and types, in lower case, with blanks between.
        param: The parameter it refuses.
        status: The HTTP status it tells within, or None.
        wait: Seconds it asks to wait, or None.
        page: Whether it is a web page.
    """

    said: str = ""
    code: str = ""
    param: str = ""
    status: int | None = None
    wait: float | None = None
    page: bool = False


def read_error(body: bytes | str) -> ErrorBody:
    """What `body` says, be it JSON, a web page or plain text. Never raises."""
    data = parsed(body)
    if data is not None:
        return read_parsed(data)
    text = body[: 4 * _MOST_CHARACTERS] if isinstance(body, str) else _decoded(body)
    if is_page(text):
        title = _TITLE.search(text)
        said = " ".join(html.unescape(title.group(2)).split()) if title else ""
        told = _STATUS_IN_TITLE.search(said)
        return ErrorBody(said, status=int(told.group(1)) if told else None, page=True)
    text = "" if text.lstrip()[:1] == "<" else text[:_MOST_CHARACTERS]
    return ErrorBody(text, wait=body_wait(None, text))


def read_parsed(data: Any) -> ErrorBody:
    """What parsed JSON says of a failure, if it is one's."""
    whole = data
    if isinstance(data, list) and data and isinstance(data[0], dict):  # Google sends a list of one
        data = data[0]
    error = (data.get("error") or data.get("errors") or data) if isinstance(data, dict) else data
    if isinstance(error, list) and error and isinstance(error[0], dict):
        error = error[0]
    said = _words(error, 0)
    places = (error, data) if isinstance(error, dict) else (data,)
    codes = [told for place in places for name in _CODES if (told := field(place, name)) is not None]
    return ErrorBody(
        said=said,
        code=" ".join(str(code)[:_LONGEST_CODE].lower() for code in codes if isinstance(code, (str, int))),
        param=str(field(error, "param") or "")[:_LONGEST_CODE],
        status=next((status for code in codes if (status := _status(code)) is not None), None),
        wait=body_wait(whole, said),
    )


def error_in(*places: Any) -> Any:
    """The error that stands beside a reply, in the first of `places` that has one; None without one."""
    for place in places:
        error = field(place, "error")
        if error and not (isinstance(error, dict) and not any(error.values())):
            return error
    return None


def is_page(text: str) -> bool:
    """Whether `text` is a web page, as far as it goes."""
    return _PAGE.match(text) is not None


def parsed(body: bytes | bytearray | str) -> Any:
    """The JSON in `body`, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _decoded(body: bytes) -> str:
    return body[: 4 * _MOST_CHARACTERS].decode("utf-8-sig", "replace")


def _words(error: Any, depth: int) -> str:
    if isinstance(error, str):
        return error[:_MOST_CHARACTERS]
    if not isinstance(error, dict) or depth > _DEEPEST:
        return str(error)[:_MOST_CHARACTERS] if not isinstance(error, dict) else ""
    message = next((found for name in _MESSAGES if (found := error.get(name))), "") or _otherwise(error)
    text = _words(message, depth + 1) if isinstance(message, (str, dict)) else _dumped(message)
    raw = field(error.get("metadata"), "raw")  # OpenRouter's: what the provider behind it said
    if isinstance(raw, (str, dict)) and raw:
        told = parsed(raw[:_MOST_CHARACTERS]) if isinstance(raw, str) else raw
        inner = _words(told.get("error") or told, depth + 1) if isinstance(told, dict) else str(raw)
        text = f"{text}: {inner}" if text else inner
    return text[:_MOST_CHARACTERS]


def _otherwise(error: dict[str, Any]) -> str:
    """A message under another name, here or one level below: {"base_resp": {"status_msg": "no"}}."""
    for place in (error, *(held for held in error.values() if isinstance(held, dict))):
        for name, value in place.items():
            if isinstance(value, str) and value and name.lower().endswith(_OTHER_MESSAGES):
                return value
    return ""


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value)[:_MOST_CHARACTERS]
    except (ValueError, RecursionError):
        return ""


def _status(code: Any) -> int | None:
    if isinstance(code, str) and len(code) == len("500") and code.isascii() and code.isdigit():
        code = int(code)
    told = isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600
    return code if told else None
