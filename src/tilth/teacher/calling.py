"""An async callable as a teacher: `async def answer(messages, **settings)`."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from tilth.errors import TeacherError
from tilth.teacher.call_error import CallError
from tilth.teacher.http.answers import failures
from tilth.teacher.http.answers.failures import Refusal
from tilth.teacher.http.answers.replies import Completion, completion_of
from tilth.teacher.http.endpoint import Endpoint
from tilth.teacher.http.redact import redacted


def name_of(function: Callable[..., Any]) -> str:
    """How a callable is called: its function's name, or its class."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


class CallableEndpoint(Endpoint):
    """Calls a function with the messages and those settings it takes.

    The settings are `max_tokens`, `seed` and what the teacher was given: `temperature`, `top_p` ...
    The function returns a str, an OpenAI-like reply (mapping or object, with choices), or a mapping with
    "text" and, where known, "finish_reason" and "usage". It may raise `CallError`; HTTP libraries' own
    errors, and any error with an integer `status_code`, are understood too.
    """

    def __init__(self, function: Callable[..., Awaitable[Any]], *, timeout: float) -> None:
        self._function = function
        self._name = name_of(function)
        self._timeout = timeout
        parameters = inspect.signature(function).parameters.values()
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        self._takes = None if takes_all else {parameter.name for parameter in parameters}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name})"

    async def preflight(self) -> None:
        """Nothing to check: a function has no list of models."""

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        sampling_seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        settings = {**request, "max_tokens": max_tokens, "seed": sampling_seed}
        messages = settings.pop("messages")
        settings.pop("model", None)
        if self._takes is not None:
            settings = {name: value for name, value in settings.items() if name in self._takes}
        started = time.perf_counter()
        outcome = await self._call(messages, settings)
        if isinstance(outcome, CallError | TeacherError):
            raise outcome
        completion = self._completion(outcome, time.perf_counter() - started)
        if isinstance(completion, Refusal):
            raise failures.of_refusal(completion, where=f"the teacher {self._name}")
        if on_text is not None:
            on_text(completion.text)
        return completion

    async def _call(self, messages: Any, settings: dict[str, Any]) -> Any:
        # Failures are returned, so that no traceback leads into the function and the keys it may hold.
        try:
            async with asyncio.timeout(self._timeout):
                return await self._function(messages, **settings)
        except (CallError, TeacherError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            return self._failure(error)

    def _failure(self, error: Exception) -> CallError | TeacherError:
        where = f"the teacher {self._name}"
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            headers = getattr(getattr(error, "response", None), "headers", None)
            return failures.of_status(
                status, headers if isinstance(headers, Mapping) else {}, str(error), where=where
            )
        known = failures.of_exception(error, where=where)
        if known is not None:
            return known
        return TeacherError(redacted(f"{where} raised {type(error).__name__}: {error}"))

    def _completion(self, reply: Any, seconds: float) -> Completion | Refusal:
        if isinstance(reply, str):
            reply = {"text": reply, "finish_reason": "stop"}
        elif not isinstance(reply, Mapping):
            reply = _plain(reply)
        if isinstance(reply, Mapping) and "choices" in reply:
            return completion_of(reply, seconds)
        if not isinstance(reply, Mapping) or not isinstance(reply.get("text"), str):
            raise TeacherError(
                f"the teacher {self._name} returned {type(reply).__name__}; return a str, an OpenAI-like "
                f'reply, or a mapping with "text"'
            )
        message = {"content": reply["text"]}
        choice = {"message": message, "finish_reason": reply.get("finish_reason") or "stop"}
        return completion_of({"choices": [choice], "usage": reply.get("usage")}, seconds)


def _plain(reply: Any) -> Any:
    """An object as the JSON it stands for; itself, where it stands for none."""
    if hasattr(reply, "model_dump"):
        return reply.model_dump()
    try:
        return json.loads(json.dumps(reply, default=vars))
    except (TypeError, ValueError, RecursionError):
        return reply
