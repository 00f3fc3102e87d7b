"""The direct way to an endpoint: plain chat completions on aiohttp, at an eighth of a full client's cost."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tilth.errors import TeacherError
from tilth.teacher.call_error import CallError
from tilth.teacher.http.answers import failures
from tilth.teacher.http.answers.error_body import parsed
from tilth.teacher.http.answers.failures import Answer, Refusal
from tilth.teacher.http.answers.replies import MAX_REPLY_BYTES, Completion
from tilth.teacher.http.endpoint import HttpEndpoint, read_chunks, read_some
from tilth.teacher.http.proxies import Proxy
from tilth.teacher.http.redact import Secret, redacted

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from aiohttp.payload import Payload

_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

_IDLE_SECONDS = 5.0
"""Seconds an idle connection is kept: no longer than common servers do, so that none is lost to a call."""


@asynccontextmanager
async def open_direct(
    address: str,
    *,
    key: str,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    connections: int,
    connect_timeout: float,
    proxy: Proxy | None,
    **settings: Any,
) -> AsyncIterator[DirectEndpoint]:
    """Opens an endpoint at `address`; proxies, certificates and OpenAI's organization are the environment's.

    Args:
        address: Base URL, without user info and query.
        key: The bearer key, unless `headers` hold an authorization.
        headers: Sent with every call.
        query: Sent with every call.
        connections: Most at once.
        connect_timeout: Seconds to make one.
        proxy: To go through, or None.
        settings: As `HttpEndpoint` takes them.
    """
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

    secure = urlsplit(address).scheme == "https"
    connector = TCPConnector(
        limit=connections, keepalive_timeout=_IDLE_SECONDS, ssl=_certificates() if secure else False
    )
    session = ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        # the whole call has a timeout of its own
        timeout=ClientTimeout(total=None, sock_connect=connect_timeout),
        headers=_all_headers(key, headers),
    )
    async with session:
        yield DirectEndpoint(session, address, query, proxy, **settings)


@dataclass(frozen=True)
class Upload:
    """A file to upload, with what goes beside it in the form."""

    name: str
    data: bytes
    fields: Mapping[str, str]

    def form(self) -> Payload:
        """It as multipart/form-data."""
        from aiohttp import FormData

        form = FormData()
        for name, value in self.fields.items():
            form.add_field(name, value)
        form.add_field("file", self.data, filename=self.name, content_type="application/jsonl")
        return form()


class DirectEndpoint(HttpEndpoint):
    """Puts calls through an aiohttp session."""

    def __init__(
        self,
        session: ClientSession,
        address: str,
        query: Mapping[str, str],
        proxy: Proxy | None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings, proxy=proxy)
        self._session = session
        self._address = address
        self._query = Secret(dict(query))
        # aiohttp itself would look for one with every call, in a thread
        self._proxy = Secret(proxy.url if proxy else None)
        self._chat = Secret(self._url("/chat/completions"))

    async def _send(
        self, body: Mapping[str, Any], on_text: Callable[[str], None] | None, moved: str | None
    ) -> Completion | Refusal | Answer:
        started = time.perf_counter()
        data = _dumps(body).encode()
        posting = self._session.post(
            self._url("", moved) if moved else self._chat.reveal(),
            data=data,
            proxy=self._proxy.reveal(),
            allow_redirects=False,
        )
        async with posting as response:
            chunks = response.content.iter_any()
            if not 200 <= response.status < 300:
                return Answer(response.status, response.headers, await read_some(chunks))
            return await read_chunks(chunks, response.headers, on_text, started)

    async def _fetch(self, path: str, moved: str | None) -> Answer:
        getting = self._session.get(
            self._url("", moved) if moved else self._url(path),
            proxy=self._proxy.reveal(),
            allow_redirects=False,
        )
        async with getting as response:
            body = await read_some(response.content.iter_any())
            return Answer(response.status, response.headers, body[:MAX_REPLY_BYTES])

    def shown(self, text: str) -> str:
        """What an endpoint says, as a message may show it: short, and without a key or control characters."""
        return redacted(text, self._secrets.reveal())

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
    ) -> Any:
        """The parsed answer to one request beside chat completions, such as of files and jobs.

        Nothing is tried again, and no redirect is followed. Of an answer no more than 8 MB are read.

        Args:
            method: "GET" or "POST".
            path: Behind the base URL.
            query: Beside what is sent with every call.
            body: Sent as JSON.
            upload: Sent as a form instead.

        Raises:
            CallError: No answer came, it is no 2xx, or it holds no JSON.
            TeacherError: The call cannot work.
        """
        outcome = await self._exchanged(method, path, query or {}, body, upload)
        if isinstance(outcome, CallError | TeacherError):
            raise outcome
        return outcome

    async def _exchanged(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        upload: Upload | None,
    ) -> Any:
        # Failures are returned, not raised, so that no traceback leads to the request and its headers.
        secrets = self._secrets.reveal()
        form = None if upload is None else upload.form()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._session.request(
                    method,
                    self._url(path, more=query),
                    data=form if form is not None else None if body is None else _dumps(body).encode(),
                    headers=None if form is None else {"Content-Type": form.headers["Content-Type"]},
                    proxy=self._proxy.reveal(),
                    allow_redirects=False,
                ) as response,
            ):
                answer = Answer(
                    response.status, response.headers, await read_some(response.content.iter_any())
                )
        except Exception as error:  # noqa: BLE001 - every failure of a call is told, none passes
            failure = failures.of_exception(error, where=self._where, secrets=secrets, unheard=self._unheard)
            told = f"the call to {self._where} failed: {type(error).__name__}: {error}"
            return failure or TeacherError(redacted(told, secrets))
        if not answer.is_success:
            return failures.of_status(
                answer.status, answer.headers, answer.body, where=self._where, secrets=secrets
            )
        found = parsed(answer.body)
        if found is None:
            said = f"{self._where} answered {answer.status} to {method} {path} with what is no JSON"
            return CallError(said, kind="no-completion", status=answer.status, in_doubt=True)
        return found

    def _url(self, path: str, address: str = "", more: Mapping[str, str] | None = None) -> str:
        query = urlencode({**self._query.reveal(), **(more or {})})
        url = (address or self._address) + path
        return f"{url}?{query}" if query and "?" not in url else url


def _all_headers(key: str, headers: Mapping[str, str]) -> dict[str, str]:
    """What is sent with every call; `headers` win, whatever their case."""
    from importlib.metadata import version

    own = {
        "Authorization": f"Bearer {key}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"tilth/{version('tilth')}",
        "OpenAI-Organization": os.environ.get("OPENAI_ORG_ID", ""),
        "OpenAI-Project": os.environ.get("OPENAI_PROJECT_ID", ""),
    }
    named = {name.lower() for name in headers}
    return {name: value for name, value in own.items() if value and name.lower() not in named} | dict(headers)


def _certificates() -> Any:
    """The certificates that the openai package trusts: the system's, or those of SSL_CERT_FILE or _DIR."""
    from httpx2 import create_ssl_context

    return create_ssl_context()
