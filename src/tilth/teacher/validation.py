"""Refuses what a teacher cannot be made of, and says what to give instead."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any
from urllib.parse import urlsplit

from tilth.arguments import kind_of, number_of, of_kind, whole_number_of
from tilth.teacher.http.redact import public_url
from tilth.teacher.prices import Price

_SETTINGS = frozenset({"temperature", "top_p", "reasoning_effort", "response_format"})
_PER_CALL = frozenset({"max_tokens", "max_completion_tokens", "seed", "n", "stream", "stream_options"})
_OURS = _SETTINGS | _PER_CALL | {"model", "messages"}


def refuse_model(model: object) -> None:
    """Raises `TypeError` for what is neither a name nor a function."""
    if not isinstance(model, str) and (isinstance(model, type) or not callable(model)):
        raise TypeError(f"model is {kind_of(model)}; pass a model's name or an async function")


def refuse_place(
    model: object, *, base_url: str | None, api_key: str | None, client: object, headers: object
) -> None:
    """Raises `TypeError` or `ValueError` for an address, a key or a client that do not go together."""
    if callable(model) and (base_url, api_key, client, headers) != (None, None, None, None):
        raise ValueError("a callable teacher needs no base_url, api_key, client or headers; leave them out")
    if client is not None and (base_url is not None or api_key is not None):
        raise ValueError("client= brings its own address and key; leave out base_url and api_key")
    if api_key is not None and base_url is not None and urlsplit(base_url).username is not None:
        raise ValueError("base_url holds a user and api_key= a key; an endpoint takes one of them")
    if client is not None and not _is_async_client(client):
        raise TypeError(f"client= is a {type(client).__name__}; pass an AsyncOpenAI or AsyncAzureOpenAI")
    if base_url is not None and urlsplit(base_url).scheme not in ("http", "https"):
        raise ValueError(f'base_url="{public_url(base_url)}" must begin with http:// or https://')


def refuse_kinds(
    *,
    texts: Mapping[str, Any],
    settings: Mapping[str, Any],
    numbers: Mapping[str, Any],
    needed: Mapping[str, Any],
    counts: Mapping[str, Any],
    price: object,
) -> None:
    """Raises `TypeError` for an argument of another kind; None passes for all but `needed` and `counts`."""
    for name, text in texts.items():
        if text is not None:
            of_kind(text, str, name, "a text")
    for name, given in settings.items():
        if given is not None:
            of_kind(given, Mapping, name, "values by name, as a dict")
    for name, number in (*numbers.items(), *needed.items()):
        if number is not None or name in needed:
            number_of(number, name)
    for name, count in counts.items():
        whole_number_of(count, name)
    if price is not None:
        of_kind(price, Price, "price", "a tilth.Price")


def refuse_values(
    *,
    max_tokens: int,
    concurrency: int,
    timeout: float,
    rates: Mapping[str, float | None],
    sampling: Mapping[str, float | None],
    extra_body: Mapping[str, Any] | None,
) -> None:
    """Raises `ValueError` for an argument of the right kind that means nothing."""
    if max_tokens < 1 or concurrency < 1 or not 0 < timeout < inf:
        raise ValueError("max_tokens, concurrency and timeout must be above zero, and timeout finite")
    if any(rate is not None and not 0 < rate < inf for rate in rates.values()):
        raise ValueError(f"{' and '.join(rates)} must be above zero and finite; None is no limit")
    for name, value in sampling.items():
        if value is not None and not 0 <= value < inf:
            raise ValueError(f"{name}={value}: give a number of 0 or more; None sends none")
    if clash := sorted(_OURS & set(extra_body or ())):
        raise ValueError(f"extra_body must not hold {', '.join(clash)}; pass it to Teacher, or leave it out")


def _is_async_client(client: object) -> bool:
    from openai import AsyncOpenAI

    return isinstance(client, AsyncOpenAI)
