"""Asks an endpoint for its models, to tell a wrong key, a wrong model or a dead host before any query."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote

from tilth.errors import TeacherError, tell
from tilth.teacher.call_error import CallError
from tilth.teacher.http.answers import failures
from tilth.teacher.http.answers.error_body import parsed
from tilth.teacher.http.answers.fields import field
from tilth.teacher.http.redact import redacted

Fetch = Callable[[str], Awaitable[failures.Answer]]
"""Puts a GET to a path below the base URL."""

PATIENCE = 15.0
_NAMES_SHOWN = 10


async def find_problem(
    fetch: Fetch, *, model: str | None, where: str, unheard: str, key_from: str, secrets: Sequence[str]
) -> TeacherError | None:
    """What is wrong where the endpoint is out of reach or elsewhere, refuses the key, or lacks `model`.

    None where nothing is; a warning tells of a name that a server of one model does not list. `model` None
    leaves the name unchecked; `unheard` is what to do where nothing answers. An endpoint with no list of
    models, or one that is busy, passes: its first call will tell. Returned, not raised: no traceback shall
    lead to `secrets`.
    """
    listed = await _get(fetch, "/models", where=where, unheard=unheard, secrets=secrets)
    if isinstance(listed, CallError):
        if listed.kind == "unauthorized":
            asked = f"the key from {key_from} was refused by {where}" if key_from else "no key was given"
            return TeacherError(f"{listed}; {asked}; set OPENAI_API_KEY or pass a key for it as api_key")
        is_moved = listed.status is not None and 300 <= listed.status < 400
        return TeacherError(str(listed)) if listed.status is None or is_moved else None
    names = _names(listed)
    if model is None or not names or any(_same(model, name) for name in names):
        return None
    # Lists leave out aliases and fine-tuned models; asked by name, an endpoint knows them.
    path = f"/models/{quote(model, safe='/:')}"
    known = await _get(fetch, path, where=where, unheard=unheard, secrets=secrets)
    if not isinstance(known, CallError):
        return None
    if len(names) == 1 or _takes_any(listed):
        only = f'lists no "{model}", only "{names[0]}"'
        tell(redacted(f'{where} {only}; it is asked for "{model}", and may answer as what it has', secrets))
        return None
    return TeacherError(redacted(_unknown(model, names, where), secrets))


async def _get(fetch: Fetch, path: str, *, where: str, unheard: str, secrets: Sequence[str]) -> Any:
    """The parsed answer, or the `CallError` it amounts to."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await fetch(path)
    except Exception as error:  # noqa: BLE001 - whatever stops this call stops every other
        failure = failures.of_exception(error, where=where, secrets=secrets, unheard=unheard)
        message = redacted(f"no call to {where} is possible: {type(error).__name__}: {error}", secrets)
        return failure or CallError(message, kind="connection")
    if not answer.is_success:
        return failures.of_status(answer.status, answer.headers, answer.body, where=where, secrets=secrets)
    return parsed(answer.body)


def _entries(listed: Any) -> list[Any]:
    data = listed.get("data") if isinstance(listed, dict) else listed
    return data if isinstance(data, list) else []


def _takes_any(listed: Any) -> bool:
    """Whether the server is known to answer with what it has loaded, whatever it is asked for."""
    return any(field(entry, "owned_by") == "llamacpp" for entry in _entries(listed))


def _names(listed: Any) -> list[str]:
    names = (field(entry, "id") for entry in _entries(listed))
    return [name for name in names if isinstance(name, str) and name]


def _same(model: str, name: str) -> bool:
    """Whether `name` lists `model`: endpoints add folders ("models/x") and tags ("x:latest")."""
    return (
        model == name
        or name.endswith(f"/{model}")
        or name.partition(":")[0] == model
        or name == model.partition(":")[0]
    )


def _unknown(model: str, names: list[str], where: str) -> str:
    close = difflib.get_close_matches(model, names, n=_NAMES_SHOWN, cutoff=0.4)
    if close:
        return f'{where} has no model "{model}"; close to it are: {", ".join(close)}'
    return f'{where} has no model "{model}"; it lists: {", ".join(names[:_NAMES_SHOWN])}'
