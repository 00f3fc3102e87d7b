"""Draws Vega-Lite to a file's content, in a process of its own, and makes names harmless to what draws."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Literal

from tilth.tasks.worker import NoAnswer, Worker

_LIMIT = 120.0
"""Seconds a drawing may take; the page with its bundle takes the longest."""

# What XML cannot hold ends the process that draws it, and what turns the direction of writing hides a name.
_UNDRAWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SEPARATES = "\u200b"  # takes no room
# JavaScript objects answer to these, and Vega takes what they answer for something it was told.
_INHERITED = re.compile(
    r"__\w+__|constructor|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|toLocaleString|toString|valueOf"
)

_worker = Worker(Path(__file__).with_name("drawing_process.py"))


def drawable(value: Any) -> Any:
    """A text, or all the texts in lists and dicts, as a chart can show them.

    Control characters become their signs, such as "␛" for the one that begins a terminal's escapes.
    """
    if isinstance(value, str):
        text = _UNDRAWABLE.sub(_sign, value)
        return text + _SEPARATES if _INHERITED.fullmatch(text) else text
    if isinstance(value, list):
        return [drawable(item) for item in value]
    if isinstance(value, dict):
        return {key: drawable(item) for key, item in value.items()}
    return value


def draw(kind: Literal["svg", "png", "html"], spec: dict[str, Any]) -> bytes:
    """A specification drawn.

    Raises:
        RuntimeError: It cannot be drawn; the message says what the drawing process said.
    """
    try:
        answer = _worker.ask([kind, spec], _LIMIT)
    except NoAnswer:
        answer = {"problem": "the drawing process ended, or took too long"}
    if "problem" in answer:
        raise RuntimeError(f"the chart cannot be drawn as {kind}: {answer['problem']}")
    drawn: str = answer["drawn"]
    return base64.b64decode(drawn) if kind == "png" else drawn.encode()


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "�"
