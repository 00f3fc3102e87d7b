"""Tells from an exception or an HTTP answer what went wrong with a call."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from tilth.teacher.call_error import CallError, CallErrorKind
from tilth.teacher.http.redact import redacted
from tilth.teacher.pacing.quota import quota_of

_KIND_BY_STATUS: dict[int, CallErrorKind] = {
    401: "unauthorized",
    402: "unauthorized",
    403: "unauthorized",
    404: "not-found",
    408: "server",
    409: "server",
    425: "server",
    429: "rate-limited",
}
_OUT_OF_MONEY = ("insufficient_quota", "billing_hard_limit_reached")

# Names, not classes: openai may run on httpx2, on httpx or on aiohttp, and none of them need be installed
# for the others.
# aiohttp's own exception says most: the transport above it reports a dropped connection as ConnectTimeout.
_TELLING = ("aiohttp", "httpx2", "httpx", "builtins", "openai")
_NOT_SENT: dict[str, CallErrorKind] = {
    "ClientConnectorError": "connection",
    "ClientProxyConnectionError": "connection",
    "ClientHttpProxyError": "connection",
    "ConnectionTimeoutError": "connection",
    "ConnectError": "connection",
    "ConnectTimeout": "connection",
    "PoolTimeout": "connection",
    "ProxyError": "connection",
    "UnsupportedProtocol": "connection",
    "LocalProtocolError": "connection",
    "ConnectionRefusedError": "connection",
    "gaierror": "connection",
}
_SENT: dict[str, CallErrorKind] = {
    "ServerTimeoutError": "timeout",
    "ReadTimeout": "timeout",
    "WriteTimeout": "timeout",
    "TimeoutError": "timeout",
    "TimeoutException": "timeout",
    "APITimeoutError": "timeout",
    "ClientPayloadError": "reset",
    "ServerDisconnectedError": "reset",
    "ClientOSError": "reset",
    "ClientResponseError": "reset",
    "ClientError": "reset",
    "ConnectionError": "reset",
    "SSLError": "reset",
    "EndOfStream": "reset",
    "RemoteProtocolError": "reset",
    "ReadError": "reset",
    "WriteError": "reset",
    "CloseError": "reset",
    "DecodingError": "reset",
    "TransportError": "reset",
    "RequestError": "reset",
    "APIConnectionError": "reset",
}


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """An HTTP answer, its body read as far as 8 MB. `headers` take names in any case.

    Its repr shows nothing: an endpoint may repeat a key.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300


def of_status(
    status: int, headers: Mapping[str, str], body: bytes | str, *, where: str, secrets: Iterable[str] = ()
) -> CallError:
    """The error that an HTTP answer other than 200 stands for."""
    said, code, _ = error_of(body)
    kind = _KIND_BY_STATUS.get(status, "server" if status >= 500 else "bad-request")
    if status == 429 and code in _OUT_OF_MONEY:
        kind = "unauthorized"
    detail = f": {said}" if said else ""
    return CallError(
        redacted(f"{where} answered {status}{detail}", secrets),
        kind=kind,
        status=status,
        retry_after=retry_after(headers),
        quota=quota_of(headers),
    )


def of_exception(error: BaseException, *, where: str, secrets: Iterable[str] = ()) -> CallError | None:
    """The error that an exception of the HTTP libraries stands for; None for any other exception."""
    for cause in sorted(_causes(error), key=_rank):
        names = [base.__name__ for base in type(cause).__mro__]
        for table in (_NOT_SENT, _SENT):
            kind = next((table[name] for name in names if name in table), None)
            if kind is not None:
                message = _sentence(kind, cause, where)
                return CallError(redacted(message, secrets), kind=kind, in_doubt=table is _SENT)
    return None


def error_of(body: bytes | str) -> tuple[str, str, str]:
    """Message, code and parameter of an error body, each "" where it has none."""
    data = parsed(body)
    if data is None:
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        return ("" if text.lstrip()[:1] == "<" else text[:5_000]), "", ""
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return str(error)[:5_000], "", ""
    message = error.get("message", error.get("detail", ""))
    text = message if isinstance(message, str) else json.dumps(message)[:5_000]
    return text, str(error.get("code") or ""), str(error.get("param") or "")


def parsed(body: bytes | str) -> Any:
    """The JSON in `body`, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the `retry-after-ms` and `Retry-After` headers (a number or an HTTP date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _rank(error: BaseException) -> int:
    package = type(error).__module__.partition(".")[0]
    return _TELLING.index(package) if package in _TELLING else _TELLING.index("builtins")


def _sentence(kind: CallErrorKind, cause: BaseException, where: str) -> str:
    if kind == "timeout":
        return f"{where} did not finish its reply in time; raise timeout= if the model is slow"
    if kind == "connection":
        if "DNS" in type(cause).__name__ or isinstance(cause, socket.gaierror):
            return f"nothing answers at {where}: the host's name is unknown"
        told = str(cause)
        detail = "" if "Connect call failed" in told or "attempts failed" in told else f": {told}"
        return f"nothing answers at {where}{detail}"
    return f"{where} broke the connection before the reply was whole: {str(cause) or type(cause).__name__}"
