"""The part of the OpenAI protocol that the simulated teacher speaks: a request in, a status and JSON out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tilth.demo.knobs import BASE_NAME, Knobs
from tilth.demo.model import reply

_PIECE = re.compile(r"\s*(?:\w{1,8}|[^\w\s])|\s+")
_MESSAGE_TOKENS = 4
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_DEFAULT_TEMPERATURE = 1.0
_CREATED = 1_790_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request: method, path without its query, body."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """A streamed answer: the events to send, "[DONE]" last."""

    events: Iterator[dict[str, Any] | str]


Answer = tuple[int, dict[str, Any]] | Stream


class _Refused(Exception):
    def __init__(
        self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        self.content: dict[str, Any] = {"error": error}


@dataclass(frozen=True, slots=True)
class _Call:
    """A chat completion, validated."""

    model: str
    knobs: Knobs
    messages: tuple[dict[str, str], ...]
    temperature: float
    sampling_seed: int
    reply_limit: int | None
    stream: bool
    usage: bool


def respond(request: Request) -> Answer:
    """What the endpoint answers. Never raises, whatever the request."""
    try:
        return _route(request)
    except _Refused as refused:
        return refused.status, refused.content


def pieces(text: str) -> list[str]:
    """The text cut into tokens as counted here: up to eight letters, or a sign; joined, they give it back."""
    return _PIECE.findall(text)


def _route(request: Request) -> Answer:
    path = request.path.rstrip("/")
    if path == "/v1/chat/completions":
        _only("POST", request)
        return _complete(_read_call(request.body))
    if path == "/v1/models":
        _only("GET", request)
        return 200, {"object": "list", "data": [_model(BASE_NAME), _model(Knobs().name)]}
    if path.startswith("/v1/models/"):
        _only("GET", request)
        name = path.removeprefix("/v1/models/")
        _knobs(name)
        return 200, _model(name)
    raise _Refused(f"there is no {request.path[:200]} here; try /v1/chat/completions", status=404)


def _only(method: str, request: Request) -> None:
    if request.method != method:
        raise _Refused(f"{request.path} takes {method}, not {request.method[:20]}", status=405)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "tilth (rule-based simulation)"}


def _knobs(name: str) -> Knobs:
    knobs = Knobs.of(name)
    if knobs is None:
        raise _Refused(
            f"The model '{name[:200]}' does not exist. This is Tilth's simulation: ask for '{BASE_NAME}', or "
            f"'{BASE_NAME}-skill1-drift0.3' with skill from 0.1 to 10 and drift from 0 to 1.",
            status=404, param="model", code="model_not_found",
        )  # fmt: skip
    return knobs


def _read_call(body: bytes) -> _Call:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused("the request's body is no JSON") from None
    if not isinstance(given, dict):
        raise _Refused("the request's body must be a JSON object")
    model = given.get("model")
    if not isinstance(model, str):
        raise _Refused("'model' must be a string", param="model")
    if given.get("n") not in (None, 1):
        raise _Refused("'n' must be 1: this endpoint gives one choice a call", param="n")
    options = given.get("stream_options")
    return _Call(
        model=model,
        knobs=_knobs(model),
        messages=_read_messages(given.get("messages")),
        temperature=_number(given, "temperature", 0, 2, _DEFAULT_TEMPERATURE),
        sampling_seed=int(_number(given, "seed", -(2**63), 2**64, 0, whole=True)),
        reply_limit=_reply_limit(given),
        stream=given.get("stream") is True,
        usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _read_messages(given: Any) -> tuple[dict[str, str], ...]:
    if not isinstance(given, list) or not given:
        raise _Refused("'messages' must be a list with at least one message", param="messages")
    messages = []
    for place, message in enumerate(given):
        where = f"messages[{place}]"
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _ROLES:
            raise _Refused(f"'{where}.role' must be one of {', '.join(sorted(_ROLES))}", param=where)
        content = message.get("content")
        if isinstance(content, list):
            parts = [part.get("text") if isinstance(part, dict) else None for part in content]
            texts = [part for part in parts if isinstance(part, str)]
            content = "".join(texts) if len(texts) == len(parts) else None
        if content is None and role == "assistant":
            content = ""
        if not isinstance(content, str):
            raise _Refused(f"'{where}.content' must be text", param=where)
        messages.append({"role": role, "content": content})
    return tuple(messages)


def _reply_limit(given: dict[str, Any]) -> int | None:
    limits = [
        int(_number(given, name, 1, 2**31, 0, whole=True))
        for name in ("max_tokens", "max_completion_tokens")
        if given.get(name) is not None
    ]
    return min(limits, default=None)


def _number(
    given: dict[str, Any], name: str, low: float, high: float, default: float, *, whole: bool = False
) -> float:
    value = given.get(name)
    if value is None:
        return default
    fits = isinstance(value, int) or (isinstance(value, float) and not whole)
    if isinstance(value, bool) or not fits or not low <= value <= high:
        what = "a whole number" if whole else "a number"
        raise _Refused(f"'{name}' must be {what} from {low} to {high}", param=name)
    number: float = value
    return number


def _complete(call: _Call) -> Answer:
    text = pieces(reply(call.knobs, call.messages, call.temperature, call.sampling_seed))
    kept = text if call.reply_limit is None else text[: call.reply_limit]
    ended = "length" if len(kept) < len(text) else "stop"
    prompt = sum(_MESSAGE_TOKENS + len(pieces(message["content"])) for message in call.messages)
    usage = {"prompt_tokens": prompt, "completion_tokens": len(kept), "total_tokens": prompt + len(kept)}
    head = {
        "id": _id(call),
        "object": "chat.completion.chunk" if call.stream else "chat.completion",
        "created": _CREATED,
        "model": call.model,
    }
    if call.stream:
        return Stream(_events(head, kept, ended, usage if call.usage else None))
    message = {"role": "assistant", "content": "".join(kept), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": ended}
    return 200, {**head, "choices": [choice], "usage": usage}


def _id(call: _Call) -> str:
    content = json.dumps([call.model, call.messages, call.temperature, call.sampling_seed, call.reply_limit])
    return f"chatcmpl-{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _events(
    head: dict[str, Any], kept: list[str], ended: str, usage: dict[str, int] | None
) -> Iterator[dict[str, Any] | str]:
    rest = {"usage": None} if usage else {}

    def event(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**head, "choices": [choice], **rest}

    yield event({"role": "assistant", "content": ""}, None)
    for piece in kept:
        yield event({"content": piece}, None)
    yield event({}, ended)
    if usage:
        yield {**head, "choices": [], "usage": usage}
    yield "[DONE]"
