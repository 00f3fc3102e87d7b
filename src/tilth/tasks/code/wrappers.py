"""Takes off what a reply puts around code: marks of a prompt's format, quotes, JSON."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tilth.tasks.run_on import without_run_on

_LONGEST = 100_000
"""Characters of JSON or of a quoted text that are read."""
_MOST_BLOCKS = 5
_MOST_MARKS = 8

_IN_BRACKETS = r"\[/?(?:BEGIN|DONE|END|PYTHON|CODE|ANSWER|SOLUTION|PROGRAM|FUNCTION|OUTPUT|INST)\]"
_TAG = r"</?(?:s|code|python|answer|solution|program|function|output|response|completion|tool_call)>"
_TOKEN = r"<[|｜][^|｜<>\n]{1,40}[|｜]>"
_LABEL = (
    r"(?i:answer|code|solution|python(?: code)?|output|completion):\s*"
    r"(?=(?:def|class|import|from|async) |[@'\"`{])"
)
_WORD = r"(?:BEGIN|(?i:i?python|py)[0-9.]{0,4})(?=[ \t]*\r?\n)"
_FIRST = re.compile(
    rf"(?:\s*(?:\ufeff|{_TAG}|{_TOKEN}(?:(?:assistant|model)(?=\s))?|{_IN_BRACKETS}(?=\s)|{_WORD}|{_LABEL}))+"
)
_LAST = re.compile(rf"(?:{_TAG}|{_TOKEN}|\[/\w{{1,20}}\]|(?<=\s)\[(?:DONE|END)\]|(?<=\n)END)\Z")
_LINE = re.compile(rf"^[ \t]*(?:{_TAG}|{_TOKEN}|{_IN_BRACKETS})[ \t]*$", re.MULTILINE)
_BEGIN = re.compile(r"^[ \t]*\[(BEGIN|PYTHON|CODE)\]", re.MULTILINE)
_DONE = re.compile(r"^[ \t]*\[DONE\][ \t]*$", re.MULTILINE)
_JSON_BLOCK = re.compile(r"```[ \t]*(?:json)?[ \t]*\n\s*(?=[{\[])", re.IGNORECASE)
_KEYS = ("code", "solution", "python", "program", "function", "implementation", "completion", "answer")
_QUOTES = (("'''", "'''"), ('"""', '"""'), ("'", "'"), ('"', '"'), ("`", "`"), ("“", "”"))
_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)", re.MULTILINE)
_QUOTATION = re.compile(r"^(?:[ ]{0,3}>[ ]?){1,8}", re.MULTILINE)
_QUOTED_FENCE = re.compile(rf"{_QUOTATION.pattern}[ ]{{0,3}}(?:```|~~~)", re.MULTILINE)
_MOST_NESTED = 4
_MOST_KEYS = 10


def without_marks(text: str) -> Iterator[str]:
    """The text without marks, each time with more taken for one. Positions stay: a mark becomes white space.

    First all is left out but what stands between `[BEGIN]` and `[DONE]`; then what a model writes on after
    its answer, and marks at both ends; then these alone; then all that stand on lines of their own, which a
    text in the code may hold as well, and white space that Python does not know; then the signs of a
    quotation that holds a block.
    """
    begin, done = _BEGIN.search(text), _DONE.search(text)
    if begin and (done is None or begin.start() < done.start()):
        ends = [text.find(mark, begin.end()) for mark in ("[DONE]", f"[/{begin[1]}]")]
        if max(ends) > 0:
            end = min(end for end in ends if end > 0)
            yield "\n" * begin.end() + text[begin.end() : end]
    ended = text[: done.start()] if done and text[: done.start()].strip() else text
    shorter = _without_ends(without_run_on(ended))
    whole = _without_ends(text)
    yield shorter
    if whole != shorter:
        yield whole
    bare = _LINE.sub(lambda mark: " " * len(mark[0]), whole).replace("\xa0", " ")
    if bare != whole:
        yield bare
    if _QUOTED_FENCE.search(bare):
        yield _QUOTATION.sub(lambda mark: " " * len(mark[0]), bare)


def _without_ends(text: str) -> str:
    first = _FIRST.match(text)
    if first:
        text = "\n" * first.end() + text[first.end() :]
    end = len(text.rstrip())
    for _ in range(_MOST_MARKS):
        last = _LAST.search(text, max(0, end - 60), end)
        if last is None:
            break
        end = last.start()
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]


def unwrapped(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """What a text holds in quotes, in JSON or with its line ends written out, and where that stands."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    body = text[start:end]
    if len(body) > _LONGEST:
        return
    for opening, closing in _QUOTES:
        if body.startswith(opening) and body.endswith(closing) and len(body) > 2 * len(opening):
            yield _without_ends(_evaluated(body) or body[len(opening) : -len(closing)]), (start, end)
            break
    blocks = [block.end() for block in _JSON_BLOCK.finditer(text)]
    for place in (start, *blocks[-_MOST_BLOCKS:]):
        if text[place : place + 1] in ("{", "["):
            for found in _texts_in(_json_at(text, place), _MOST_NESTED):
                yield found, (start, end)
    if body.startswith(">>>"):
        yield without_prompts(body), (start, end)
    if "\n" not in body and "\\n" in body:
        yield body.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"'), (start, end)


def without_prompts(code: str) -> str:
    """Code as it was typed where it shows a session with Python: without ">>>" and "..."."""
    return _PROMPT.sub("", code) if code.startswith(">>>") else code


def _evaluated(body: str) -> Any:
    """The value of a literal, or None."""
    try:
        return ast.literal_eval(body)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _json_at(text: str, start: int) -> Any:
    """The value that stands there, as JSON or, to the end, as Python writes it."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return _evaluated(text[start:].strip())


def _texts_in(value: Any, deep: int) -> Iterator[str]:
    """The texts in a JSON value that may be code, the likeliest first."""
    if isinstance(value, str):
        yield value
    elif deep and isinstance(value, list) and len(value) == 1:
        yield from _texts_in(value[0], deep - 1)
    elif deep and isinstance(value, Mapping):
        named = [key for key in _KEYS if key in value]
        for key in (*named, *(key for key in list(value)[:_MOST_KEYS] if key not in named)):
            yield from _texts_in(value[key], deep - 1)
