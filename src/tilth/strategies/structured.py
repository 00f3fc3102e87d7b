"""Structured replies: a JSON schema where the endpoint takes one, else a JSON object, else tagged text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from tilth.errors import Malformed, UnitFailed, Unreadable
from tilth.strategies.base import Ask, Role
from tilth.tasks.base import Message, Prompt
from tilth.tasks.reasoning import strip_reasoning
from tilth.teacher.client import ReplyFormat

Kind = Literal["text", "yes-no", "texts", "yes-nos"] | tuple[int, int]
"""What a field holds: a text, yes or no, a list of either, or a whole number from low to high."""

_LONGEST = 200_000
"""Characters of a reply that are looked at."""
_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]+", re.MULTILINE)
_WHOLE = re.compile(r"[* ]{0,4}([0-9]{1,9})(?:\.0{1,9})?(?: ?/ ?[0-9]{1,9})?[.* ]{0,4}")
_YES = {"yes": True, "true": True, "no": False, "false": False}


class Unbounded(str):
    """A reply format in whose prompts no text is bounded: what runs asked that began before texts were."""

    __slots__ = ()


@dataclass(frozen=True)
class Form:
    """What a structured reply must hold.

    Attributes:
        name: What the schema is called.
        fields: What each field holds, in the order to be written: reasons before verdicts.
        about: What each field is for, in a few words.
        words: How many words a text is asked to have, at most, so that it does not use up the reply limit.

    Example:
        >>> form = tilth.strategies.Form(
        ...     "opinion", {"reason": "text", "score": (1, 5)}, {"reason": "why", "score": "how good it is"}
        ... )
        >>> form.read('{"reason": "It is clear.", "score": 4}', "schema")
        {'reason': 'It is clear.', 'score': 4}
    """

    name: str
    fields: Mapping[str, Kind]
    about: Mapping[str, str]
    words: int = 20

    def schema(self) -> dict[str, Any]:
        """The response format, as the OpenAI API takes it."""
        return {
            "type": "json_schema",
            "json_schema": {
                "name": self.name,
                "strict": True,
                "schema": {
                    "type": "object",
                    "properties": {
                        name: {**_json_type(kind), "description": self.about[name]}
                        for name, kind in self.fields.items()
                    },
                    "required": list(self.fields),
                    "additionalProperties": False,
                },
            },
        }

    def prompt(self, content: str, purpose: str, reply_format: ReplyFormat) -> Prompt:
        """Asks `content`, and for a reply in this form."""
        wanted = {
            name: f"{self.about[name]}: {self._wanted(kind, reply_format)}"
            for name, kind in self.fields.items()
        }
        if reply_format != "tags":
            head = "Reply with one JSON object and nothing else. Its fields, in this order:"
            lines = [f"{name}: {text}" for name, text in wanted.items()]
        else:
            head = "Reply in exactly this form, each part between its tags, and nothing else:"
            lines = [f"<{name}>{text}</{name}>" for name, text in wanted.items()]
        messages = ({"role": "user", "content": "\n".join([content, "", head, *lines])},)
        formats: Mapping[ReplyFormat, dict[str, Any]] = {
            "schema": self.schema(),
            "json_object": {"type": "json_object"},
        }
        return Prompt(messages, purpose, None, formats.get(reply_format))

    def read(self, text: str, reply_format: ReplyFormat) -> dict[str, Any]:
        """The fields of a reply; raises `Unreadable` that names what is wrong with it."""
        text = strip_reasoning(text[:_LONGEST])
        values = self._tagged(text) if reply_format == "tags" else _json_object(text)
        return {name: _value(name, values.get(name), kind) for name, kind in self.fields.items()}

    def _wanted(self, kind: Kind, reply_format: ReplyFormat) -> str:
        if isinstance(kind, tuple):
            return f"a whole number from {kind[0]} to {kind[1]}"
        yes_no, lines = ("yes or no", ", one a line") if reply_format == "tags" else ("true or false", "")
        bounded = not isinstance(reply_format, Unbounded)
        return {
            "text": f"in at most {self.words} words" if bounded else "a short text",
            "yes-no": yes_no,
            "texts": f"a list of short texts{lines}",
            "yes-nos": f"a list of {yes_no}{lines}",
        }[kind]

    def _tagged(self, text: str) -> dict[str, Any]:
        found = {}
        for name in self.fields:
            # the last, for a model may first repeat the form
            start = text.rfind(f"<{name}>")
            end = text.find(f"</{name}>", start)
            if start >= 0 and end >= 0:
                found[name] = text[start + len(name) + 2 : end].strip()
        return found


_PROBED = Form("probe", {"ready": "yes-no"}, {"ready": "whether you can reply in this form"})


async def probe(ask: Ask, role: Role) -> ReplyFormat:
    """How a model gives structured replies: as its user says, or asked once in a run; and remembered."""

    async def found() -> dict[str, Any]:
        return {"format": ask.structured(role) or await _found(ask, role)}

    decided = await ask.decide(f"structured replies of the {role}", found)
    if isinstance(decided, str):  # of a run that began before texts were bounded: so are its prompts
        return cast("ReplyFormat", Unbounded(decided))
    return cast("ReplyFormat", decided["format"])


async def _found(ask: Ask, role: Role) -> ReplyFormat:
    tried: tuple[ReplyFormat, ...] = ("schema", "json_object")
    for reply_format in tried:
        prompt = replace(_PROBED.prompt("Say that you are ready.", "probe", reply_format), tentative=True)
        try:
            await _asked(ask, _PROBED, prompt, role, reply_format)
        except UnitFailed:  # it refuses this format
            continue
        except _Wrong:  # it takes no notice of it
            break
        return reply_format
    return "tags"


async def fill_in(
    ask: Ask, form: Form, content: str, purpose: str, role: Role, reply_format: ReplyFormat
) -> dict[str, Any]:
    """The fields of a structured reply to `content`; one that is malformed gets one corrective turn.

    Two queries at most.

    Raises:
        Malformed: It is malformed again.

    Example:
        >>> form = tilth.strategies.Form(
        ...     "opinion", {"reason": "text", "score": (1, 5)}, {"reason": "why", "score": "how good it is"}
        ... )
        >>> import asyncio
        >>> async def ask(prompt, role):  # a check or a strategy is given one
        ...     return tilth.strategies.Reply('{"reason": "It is clear.", "score": 4}')
        >>> asyncio.run(tilth.strategies.fill_in(ask, form, "How good is it?", "opinion", "judge", "schema"))
        {'reason': 'It is clear.', 'score': 4}
    """
    prompt = form.prompt(content, purpose, reply_format)
    try:
        return await _asked(ask, form, prompt, role, reply_format)
    except _Wrong as wrong:
        turns: tuple[Message, ...] = (
            *prompt.messages,
            {"role": "assistant", "content": wrong.text},
            {
                "role": "user",
                "content": f"That reply cannot be used: {wrong}. Reply once more, in the form asked for.",
            },
        )
    corrected = Prompt(turns, f"{purpose}, corrected", None, prompt.response_format)
    try:
        return await _asked(ask, form, corrected, role, reply_format)
    except _Wrong as wrong:
        raise Malformed(f"{purpose}: malformed after a correction: {wrong}") from None


class _Wrong(Exception):
    """What is wrong with a reply, and its text."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason)
        self.text = text


async def _asked(
    ask: Ask, form: Form, prompt: Prompt, role: Role, reply_format: ReplyFormat
) -> dict[str, Any]:
    reply = await ask(prompt, role)
    if reply.problem:
        raise _Wrong(reply.problem, reply)
    try:
        return form.read(reply, reply_format)
    except Unreadable as error:
        raise _Wrong(str(error), reply) from None


def _json_type(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, tuple):
        # an enumeration is taken by more endpoints than bounds are
        return {"type": "integer", "enum": list(range(kind[0], kind[1] + 1))}
    one = {"type": "string" if kind in ("text", "texts") else "boolean"}
    return one if kind in ("text", "yes-no") else {"type": "array", "items": one}


def _json_object(text: str) -> dict[str, Any]:
    """The first JSON object in a text, which may stand in a fence or behind a word."""
    start = text.find("{")
    if start < 0:
        raise Unreadable("no JSON object")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        raise Unreadable("no valid JSON object") from None
    if not isinstance(value, dict):
        raise Unreadable("no JSON object")
    return value


def _value(name: str, given: Any, kind: Kind) -> Any:
    """A field as its kind has it, from JSON or from the text between its tags."""
    if given is None:
        raise Unreadable(f"{name} is missing")
    if isinstance(kind, tuple):
        low, high = kind
        number = _whole(given)
        if number is None or not low <= number <= high:
            raise Unreadable(f"{name} is no whole number from {low} to {high}")
        return number
    if kind in ("texts", "yes-nos"):
        items = _ITEM.sub("", given).splitlines() if isinstance(given, str) else given
        if not isinstance(items, list):
            raise Unreadable(f"{name} is no list")
        one: Kind = "text" if kind == "texts" else "yes-no"
        return [_value(name, item, one) for item in items if not isinstance(item, str) or item.strip()]
    if kind == "text":
        if not isinstance(given, str) or not given.strip():
            raise Unreadable(f"{name} is no text")
        return given.strip()
    plain = given if isinstance(given, bool) else _YES.get(str(given).strip().strip(".*").lower())
    if plain is None:
        raise Unreadable(f"{name} is neither yes nor no")
    return plain


def _whole(given: Any) -> int | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given
    if isinstance(given, float):
        return int(given) if given.is_integer() else None
    found = _WHOLE.fullmatch(given) if isinstance(given, str) else None
    return int(found[1]) if found else None
