"""The teacher: which model answers, where, and with which settings."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from tilth.errors import TeacherError
from tilth.printable import printable
from tilth.teacher import prices
from tilth.teacher.call_error import CallError
from tilth.teacher.calling import CallableEndpoint, name_of
from tilth.teacher.http.answers.replies import Completion
from tilth.teacher.http.credentials import clean_address, clean_headers, clean_key
from tilth.teacher.http.direct import open_direct
from tilth.teacher.http.endpoint import Endpoint
from tilth.teacher.http.proxies import proxy_for
from tilth.teacher.http.redact import Secret, public_url, secret_forms, url_secrets
from tilth.teacher.http.sdk import SdkEndpoint, take_answer
from tilth.teacher.prices import Price
from tilth.teacher.speed import Speed
from tilth.teacher.validation import refuse_kinds, refuse_model, refuse_place, refuse_values

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI, AsyncOpenAI

    from tilth.tasks.base import Prompt

__all__ = ["CallError", "Completion", "Endpoint", "Teacher", "TeacherError"]

ReplyFormat = Literal["schema", "json_object", "tags"]
"""How a model gives structured replies."""

OPENAI_URL = "https://api.openai.com/v1"
_NO_KEY = "none"
_LONGEST_CONNECT = 10.0
_CONNECTIONS = 1000


class Teacher:
    """A model that answers, behind any OpenAI-compatible endpoint or an async callable.

    Args:
        model: The model's name at the endpoint, or `async def answer(messages, **settings)` returning
            a str or an OpenAI-like reply.
        base_url: Where the endpoint is; else the environment's OPENAI_BASE_URL, else OpenAI.
        api_key: The key; else the environment's OPENAI_API_KEY. Needed only where there is no base_url.
        client: An open `AsyncOpenAI` or `AsyncAzureOpenAI` to use instead. It is never closed here.
            If it has an `http_client` of its own, that is used as is, so keep it to this teacher.
        headers: Extra HTTP headers; never shown or stored.
        system: A system prompt, put before every request.
        temperature: Sampling temperature; None sends none, as reasoning models want it.
        top_p: Nucleus sampling; None sends none.
        reasoning_effort: "low", "medium", "high" ... for models that take it.
        extra_body: Further sampling settings of this endpoint. Recorded with a run: no place for a key.
        structured: How it gives structured replies, which a judge and other checks ask for: "schema" (a JSON
            schema), "json_object" or "tags" (text between tags). None tries them in this order, once a run.
        max_tokens: Limit on a reply, in tokens, reasoning included.
        timeout: Seconds for a whole call.
        concurrency: Calls in flight, at most.
        requests_per_minute: Calls that may start in a minute, spread evenly. Without it the rate is learnt
            from the endpoint's headers and its 429s.
        tokens_per_minute: Tokens of prompts and replies in a minute, spread evenly.
        price: What tokens cost; else `genai-prices` is asked.

    A pickled teacher leaves key, headers and the secret parts of its base_url behind; unpickled, it takes
    the key from the environment.

    Example:
        >>> tilth.Teacher("gpt-4.1-mini", api_key="a key", max_tokens=512)
        Teacher("gpt-4.1-mini" at https://api.openai.com/v1)
        >>> tilth.Teacher("qwen3-8b", base_url="http://localhost:8000/v1")
        Teacher("qwen3-8b" at http://localhost:8000/v1)
        >>> async def echo(messages, **settings):
        ...     return messages[-1]["content"]
        >>> tilth.Teacher(echo)
        Teacher(echo)
    """

    simulated: ClassVar[bool] = False

    def __init__(
        self,
        model: str | Callable[..., Awaitable[Any]],
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        client: AsyncOpenAI | AsyncAzureOpenAI | None = None,
        headers: Mapping[str, str] | None = None,
        system: str | None = None,
        temperature: float | None = 0.7,
        top_p: float | None = None,
        reasoning_effort: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        structured: ReplyFormat | None = None,
        max_tokens: int = 2048,
        timeout: float = 120.0,
        concurrency: int = 32,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        price: Price | None = None,
    ) -> None:
        refuse_model(model)
        rates = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        refuse_kinds(
            texts={
                "base_url": base_url,
                "api_key": api_key,
                "system": system,
                "reasoning_effort": reasoning_effort,
            },
            settings={"headers": headers, "extra_body": extra_body},
            numbers={"temperature": temperature, "top_p": top_p, **rates},
            needed={"timeout": timeout},
            counts={"max_tokens": max_tokens, "concurrency": concurrency},
            price=price,
        )
        base_url = None if base_url is None else clean_address(base_url, "base_url=")
        refuse_place(model, base_url=base_url, api_key=api_key, client=client, headers=headers)
        refuse_values(
            max_tokens=max_tokens,
            concurrency=concurrency,
            timeout=timeout,
            rates=rates,
            sampling={"temperature": temperature, "top_p": top_p},
            extra_body=extra_body,
        )
        if structured not in (*get_args(ReplyFormat), None):
            raise ValueError(
                f'structured={structured!r}: give "schema", "json_object" or "tags", or leave it out'
            )
        self.name = model if isinstance(model, str) else name_of(model)
        self.system = system
        self.temperature = temperature
        self.top_p = top_p
        self.reasoning_effort = reasoning_effort
        self.extra_body = dict(extra_body or {})
        self.structured = structured
        self.max_tokens = max_tokens
        self.timeout = timeout
        self.concurrency = concurrency
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self._function = None if isinstance(model, str) else model
        self.base_url = None if base_url is None else public_url(base_url)
        self._address = Secret(base_url)
        self._api_key = Secret(api_key)
        self._headers = Secret(dict(headers or {}))
        self._client = client
        self._price = price

    def __repr__(self) -> str:
        if self._function is not None:
            return f"{type(self).__name__}({printable(self.name)})"
        return f'{type(self).__name__}("{printable(self.name)}" at {printable(public_url(self._url()))})'

    def __getstate__(self) -> dict[str, Any]:
        if self._client is not None:
            raise TypeError(
                "a teacher made with client= cannot be pickled; give it base_url and a key instead"
            )
        return self.__dict__.copy()

    @property
    def address(self) -> str | None:
        """Where it is asked, without what may be secret in a URL; None for a callable or a simulation."""
        return None if self._function is not None or self.simulated else public_url(self._url())

    def identity(self) -> dict[str, Any]:
        """What of this teacher decides its replies, as JSON: model, system prompt, sampling settings."""
        found = {"model": self.name, "system": self.system, "sampling": self._sampling()}
        return found if self.structured is None else {**found, "structured": self.structured}

    def request(self, prompt: Prompt) -> dict[str, Any]:
        """What is asked for `prompt`, as JSON; the digest of an ask covers all of it."""
        messages = [{"role": message["role"], "content": message["content"]} for message in prompt.messages]
        if self.system is not None:
            messages.insert(0, {"role": "system", "content": self.system})
        request = {"model": self.name, "messages": messages, **self._sampling()}
        if prompt.response_format is not None:
            request["response_format"] = dict(prompt.response_format)
        return request

    def greedy(self) -> Self:
        """The same model at temperature 0; where it has none, as reasoning models want it, as it is."""
        return self._with(temperature=0.0) if self.temperature else self

    def tuned(self, name: str, price: Price | None) -> Self:
        """Another model at the same endpoint with the same settings, such as one that was tuned there."""
        return self._with(name=name, _price=price)

    def _with(self, **settings: Any) -> Self:
        """This teacher with other settings; no copy by pickling, which would leave its key behind."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **settings)
        return other

    def price(self) -> Price | None:
        """What its tokens cost, or None for unknown."""
        if self._price is not None or self._function is not None:
            return self._price
        return prices.find(self.name, public_url(self._url()))

    def speed(self) -> Speed | None:
        """How quick it is taken to be where this machine runs it for this teacher alone; None elsewhere."""
        return None

    def open(self) -> AbstractAsyncContextManager[Endpoint]:
        """Opens it in the running event loop, for as long as the context lasts."""
        return self._open_at(None)

    @asynccontextmanager
    async def _open_at(
        self, base_url: str | None, api_key: str | None = None, where: str | None = None
    ) -> AsyncIterator[Endpoint]:
        """Opens it at another address than its own: for teachers that start their own server.

        `api_key` is that server's, and `where` what messages call it, instead of its address.
        """
        if self._function is not None:
            yield CallableEndpoint(self._function, timeout=self.timeout)
            return
        try:
            url = base_url or clean_address(self._url(), "OPENAI_BASE_URL")
        except ValueError as error:
            raise TeacherError(str(error)) from None
        host = urlsplit(url).hostname or ""
        headers = clean_headers(self._headers.reveal() or {})
        settings: dict[str, Any] = {
            "model": self.name,
            "where": where or public_url(url),
            "timeout": self.timeout,
        }
        if self._client is not None or host.endswith(".azure.com"):
            async with self._open_sdk(url, headers, settings) as endpoint:
                yield endpoint
            return
        address, query, login = _taken_apart(url)
        key, key_from = (api_key, "its own server") if api_key else self._key()
        async with open_direct(
            address,
            key=key,
            headers=login | headers,
            query=query,
            connections=max(_CONNECTIONS, self.concurrency),
            connect_timeout=min(_LONGEST_CONNECT, self.timeout),
            key_from=key_from,
            secrets=_secrets(url, login | headers, key),
            max_completion_tokens=host == "api.openai.com",
            lists_models=True,
            proxy=proxy_for(address),
            **settings,
        ) as endpoint:
            yield endpoint

    @asynccontextmanager
    async def _open_sdk(
        self, url: str, headers: dict[str, str], settings: dict[str, Any]
    ) -> AsyncIterator[Endpoint]:
        """Opens it through the openai package: the user's client, or Azure's."""
        import httpx2
        from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient

        timeout = httpx2.Timeout(self.timeout, connect=min(_LONGEST_CONNECT, self.timeout))
        limits = httpx2.Limits(
            max_connections=max(_CONNECTIONS, self.concurrency), max_keepalive_connections=_CONNECTIONS
        )
        own_http = self._client is None or not _configured_http(self._client)
        proxy = proxy_for(url) if own_http else None
        http = DefaultAioHttpClient(
            timeout=timeout,
            limits=limits,
            proxy=proxy.url if proxy else None,
            trust_env=False,
            verify=httpx2.create_ssl_context(),
            event_hooks={"response": [take_answer]},
        )
        more: list[object] = []
        async with http, AsyncExitStack() as stack:
            if self._client is not None:
                # A client's own pool belongs to the loop that used it first; only an http_client that
                # the user configured is worth that risk.
                key, key_from = clean_key(str(self._client.api_key), "client=")
                # default_headers would hide "application/json", too
                headers_own = self._client._custom_headers  # noqa: SLF001 - as said
                more = [*headers_own.values(), *self._client.default_query.values()]
                client = self._client.with_options(
                    # given only where it differs: a client may have a provider of keys
                    api_key=key if key != self._client.api_key else None,
                    max_retries=0,
                    timeout=timeout,
                    default_headers=headers,
                    http_client=http if own_http else None,
                )
                if not own_http:
                    stack.enter_context(_hooked(client))
            else:
                address, query, login = _taken_apart(url)
                headers = login | headers
                key, key_from = self._key()
                client = AsyncOpenAI(
                    base_url=address,
                    api_key=key,
                    default_headers=headers,
                    default_query=query,
                    timeout=timeout,
                    max_retries=0,
                    http_client=http,
                )
            host = urlsplit(url).hostname or ""
            azure = isinstance(client, AsyncAzureOpenAI) or host.endswith(".azure.com")
            yield SdkEndpoint(
                client,
                key_from=key_from,
                secrets=_secrets(url, headers, key, more),
                max_completion_tokens=azure or host == "api.openai.com",
                lists_models=not azure,
                proxy=proxy,
                **settings,
            )

    def _sampling(self) -> dict[str, Any]:
        settings = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "reasoning_effort": self.reasoning_effort,
        }
        return {name: value for name, value in settings.items() if value is not None} | self.extra_body

    def _url(self) -> str:
        if self._client is not None:
            return str(self._client.base_url).rstrip("/")
        own = self._address.reveal() or self.base_url
        return str(own or os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).rstrip("/")

    def _key(self) -> tuple[str, str]:
        """The key, and where it is from."""
        given = {"api_key": self._api_key.reveal(), "OPENAI_API_KEY": os.environ.get("OPENAI_API_KEY")}
        for source, pasted in given.items():
            key, told = clean_key(str(pasted or ""), source)
            if key:
                return key, told
        url = self._url()
        if url == OPENAI_URL:
            raise TeacherError(
                f"no key for {OPENAI_URL}: set OPENAI_API_KEY, pass api_key=, or base_url= for a local server"
            )
        return _NO_KEY, "base_url" if urlsplit(url).username else ""


def _configured_http(client: AsyncOpenAI) -> bool:
    """Whether the user gave the client an HTTP client of its own."""
    from openai._base_client import AsyncHttpxClientWrapper

    return not isinstance(client._client, AsyncHttpxClientWrapper)  # noqa: SLF001 - openai has no other way to tell


@contextmanager
def _hooked(client: AsyncOpenAI) -> Iterator[None]:
    """Hangs our hook, which acts on calls of ours alone, into the HTTP client that the user gave."""
    http = client._client  # noqa: SLF001 - as above
    hooks = http.event_hooks
    http.event_hooks = {**hooks, "response": [*hooks["response"], take_answer]}
    try:
        yield
    finally:
        left = list(http.event_hooks["response"])
        left.remove(take_answer)
        http.event_hooks = {**http.event_hooks, "response": left}


def _secrets(url: str, headers: Mapping[str, str], key: str, more: Iterable[object] = ()) -> list[str]:
    """What no message may show."""
    own = [*headers.values(), *url_secrets(url), *([key] if key != _NO_KEY else [])]
    return secret_forms([*own, *(value for value in more if isinstance(value, str))])


def _taken_apart(url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The bare address, its query, and its user info as a header: openai takes neither within a base_url."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    login = {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"} if user else {}
    return public_url(url), dict(parse_qsl(parts.query)), login
