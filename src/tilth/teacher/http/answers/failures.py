"""Tells from an exception or an HTTP answer what went wrong with a call."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tilth.teacher.call_error import CallError, CallErrorKind
from tilth.teacher.http import redirects
from tilth.teacher.http.answers.error_body import ErrorBody, read_error
from tilth.teacher.http.answers.waits import header_wait, names_a_day, reset_wait
from tilth.teacher.http.redact import MESSAGE_CHARACTERS, redacted
from tilth.teacher.pacing.quota import Quota, quota_of

_KIND_BY_STATUS: dict[int, CallErrorKind] = {
    401: "unauthorized",
    402: "unauthorized",
    403: "unauthorized",
    404: "not-found",
    407: "unauthorized",
    408: "server",
    409: "server",
    425: "server",
    429: "rate-limited",
}
_RATE_WORDS = r"rate.?limit|too.?many.?requests|resource.?exhausted|throttl"
_KIND_BY_WORDS: tuple[tuple[CallErrorKind, re.Pattern[str]], ...] = (
    (
        "rate-limited",
        re.compile(_RATE_WORDS, re.IGNORECASE),
    ),
    (
        "unauthorized",
        re.compile(
            r"authenti|unauthori[sz]ed|(?:invalid|incorrect).?api.?key|permission.?denied"
            r"|(?:api.?key|token) (?:is |has )?(?:invalid|expired)",
            re.IGNORECASE,
        ),
    ),
    (
        "server",
        re.compile(
            r"overload|unavailable|internal.{0,8}error|server.?(?:error|busy)|time.?d?.?out|deadline|gateway"
            r"|upstream|provider returned error|no instances|loading|at capacity|\bbusy\b"
            r"|try (?:again )?later",
            re.IGNORECASE,
        ),
    ),
)
"""How an error in a 200 is told by words, where no status stands in it."""
_NOT_FOUND_CODE = re.compile(r"not.?found", re.IGNORECASE)
_REFUSED_CODE = re.compile(r"invalid.?request|bad.?request|invalid.?argument", re.IGNORECASE)

_RATE_CODE = re.compile(_RATE_WORDS)

_OUT_OF_MONEY_CODE = re.compile(
    r"insufficient.{0,8}(?:quota|balance|credit|funds)|billing.?not.?active|billing.?hard.?limit"
    r"|credit.?limit|exceeded_current_quota|arrear|overdue|budget_exceeded"
)
_OUT_OF_MONEY = re.compile(
    r"insufficient (?:account )?(?:balance|credits?|funds)|balance is (?:too low|insufficient|not enough)"
    r"|(?:not enough|out of|no|more) credits?\b|credits? (?:are|have been) (?:exhausted|used up|depleted)"
    r"|can only afford|in arrears|arrearage|overdue (?:payment|balance)|account (?:is )?overdue"
    r"|payment (?:is )?required|budget has been exceeded|api usage limits|spend(?:ing)? limit|余额不足|欠费",
    re.IGNORECASE,
)
_NO_ACCOUNT = re.compile(
    r"check your (?:plan and )?billing|account (?:is|has been) (?:suspended|deactivated|disabled|not active)"
    r"|(?:run )?out of (?:credits?|funds)|top up|recharge|unpaid",
    re.IGNORECASE,
)
"""The same, but for 429s: some say so of a quota that comes back in a minute."""
_NO_KEY_CODE = re.compile(r"no_db_connection")
"""LiteLLM's, with status 400, for a key that is missing or unknown."""
_UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED\][^:]{0,60}: ([^()]{1,100})")
_WRONG_PATH = (404, 405)
_VERSION = re.compile(r"/(?:v\d\w{0,9}|openai)(?!\w)")
_MONEY_READ = 1_000
_DAY = 86_400.0
_SHORTEST_DAY = 3600.0
"""Seconds at least until a cap per day whose end is not told is tried again."""
_LAST_CHANCE = 100
"""Characters of a server's words that stay, however long the advice behind them is."""

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


@dataclass(frozen=True, slots=True, repr=False)
class Refusal:
    """A 200 that holds no completion. Its repr shows nothing: an endpoint may repeat a key.

    Attributes:
        kind: What it amounts to.
        said: What it says, as a sentence's end: 'answered 200 with ...'.
        in_doubt: Whether a reply may have been made, and billed: part of one came, or a usage.
        retry_after: Seconds it asks to wait, or None.
        quota: What the endpoint said of its rates, or None.
    """

    kind: CallErrorKind
    said: str
    in_doubt: bool = False
    retry_after: float | None = None
    quota: Quota | None = None


def of_status(
    status: int,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    where: str,
    secrets: Iterable[str] = (),
) -> CallError:
    """The error that an HTTP answer other than 200 stands for."""
    told = read_error(body)
    kind = _KIND_BY_STATUS.get(status, "server" if status >= 500 else "bad-request")
    advice = ""
    if 300 <= status < 400:
        kind = "not-found"
        said, advice = redirects.told(where, status, headers.get("location"))
        told = ErrorBody(said)
    if kind in ("bad-request", "unauthorized") and _RATE_CODE.search(told.code):
        kind = "rate-limited"  # AWS says so with 400, some gateways with 403
    if out_of_money(told, status) or _NO_KEY_CODE.search(told.code):
        kind = "unauthorized"
    words = f"a web page: {told.said}" if told.page and told.said else told.said
    wait = _wait(kind, headers, told)
    said = f"{where} answered {status}" + (f": {words}" if words else "")
    if status in _WRONG_PATH and "model" not in told.said.lower():
        advice = address_advice(where)
    return CallError(
        message(said, secrets, advice or _advice(kind, told, wait)),
        kind=kind,
        status=status,
        retry_after=wait,
        quota=quota_of(headers),
    )


def of_refusal(refusal: Refusal, *, where: str, secrets: Iterable[str] = ()) -> CallError:
    """The error that a 200 with no completion in it stands for."""
    return CallError(
        message(
            f"{where} {refusal.said}",
            secrets,
            address_advice(where) if refusal.kind == "no-completion" else "",
        ),
        kind=refusal.kind,
        status=200,
        retry_after=refusal.retry_after,
        in_doubt=refusal.in_doubt,
        quota=refusal.quota,
    )


def address_advice(where: str) -> str:
    """What to do where nothing of a chat API is behind the address `where`."""
    if "://" not in where:
        return ""
    return "; is base_url right?" + ("" if _VERSION.search(where) else " It usually ends in /v1")


def refusal_of(told: ErrorBody, *, in_doubt: bool, begun: bool = False) -> Refusal:
    """What an error that came in a 200 amounts to: the same as if it had come with its own status.

    `begun` says that part of a completion came before it, so that the address is right.
    """
    kind = _kind_of(told)
    if begun and kind == "no-completion":
        kind = "server"
    if told.page:
        said = f"answered 200 with a web page{f' ({told.said})' if told.said else ''}, not with a completion"
    elif kind == "no-completion":
        said = f"answered 200 with no chat completion: {told.said or told.code or 'nothing to read'}"
    else:
        said = (
            f"answered 200 with an error{f' {told.status}' if told.status else ''}: {told.said or told.code}"
        )
    wait = _wait(kind, {}, told)
    return Refusal(kind, said + _advice(kind, told, wait), in_doubt, wait)


def out_of_money(told: ErrorBody, status: int | None = None) -> bool:
    """Whether it says that the account can no longer pay. A quota that comes back with time is none of it."""
    said = told.said[:_MONEY_READ]
    if _OUT_OF_MONEY_CODE.search(told.code) or _OUT_OF_MONEY.search(said):
        return True
    return 429 not in (status, told.status) and _NO_ACCOUNT.search(said) is not None


def message(text: str, secrets: Iterable[str], advice: str = "") -> str:
    """A message of `text`, cut so that `advice` stands whole behind it."""
    secrets = tuple(secrets)
    shown = redacted(text, secrets)
    advice = advice[:2] + redacted(advice[2:], secrets)  # behind "; " or " ("
    room = max(_LAST_CHANCE, MESSAGE_CHARACTERS - len(advice))
    if len(shown) > room:
        shown = shown[: room - 1] + "…"
    return shown + advice


def _kind_of(told: ErrorBody) -> CallErrorKind:
    if out_of_money(told):
        return "unauthorized"
    if told.status is not None:
        return _KIND_BY_STATUS.get(told.status, "server" if told.status >= 500 else "bad-request")
    if told.page:
        return "no-completion"
    for text in (told.code, told.said[:_MONEY_READ]):
        for kind, words in _KIND_BY_WORDS:
            if words.search(text):
                return kind
    if _NOT_FOUND_CODE.search(told.code):
        return "not-found"
    return "bad-request" if _REFUSED_CODE.search(told.code) else "no-completion"


def _wait(kind: CallErrorKind, headers: Mapping[str, str], told: ErrorBody) -> float | None:
    """Seconds to wait, as told by header, body or the reset of a rate, in this order."""
    if kind not in ("rate-limited", "server"):
        return header_wait(headers)
    waits = (header_wait(headers), told.wait, reset_wait(headers) if kind == "rate-limited" else None)
    found = next((wait for wait in waits if wait), None)
    if found is None and 0.0 in waits:
        return 0.0
    if found is None and kind == "rate-limited" and names_a_day(f"{told.code} {told.said}"):
        return max(_SHORTEST_DAY, _DAY - time.time() % _DAY)
    return found


def _advice(kind: CallErrorKind, told: ErrorBody, wait: float | None) -> str:
    if kind == "unauthorized" and (told.code or told.said) and out_of_money(told):
        return "; the account can no longer pay"
    if kind == "rate-limited" and wait is not None and wait >= _SHORTEST_DAY:
        ends = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() + wait))
        return f" (open again about {ends})"
    return ""


def of_exception(
    error: BaseException, *, where: str, secrets: Iterable[str] = (), unheard: str = ""
) -> CallError | None:
    """The error that an exception of the HTTP libraries stands for; None for any other exception.

    `unheard` is what to do about an endpoint that was never heard of, where nothing better is known.
    """
    for cause in sorted(_causes(error), key=_rank):
        names = [base.__name__ for base in type(cause).__mro__]
        for table in (_NOT_SENT, _SENT):
            kind = next((table[name] for name in names if name in table), None)
            if kind is not None:
                text, advice = _sentence(kind, cause, where)
                if unheard:
                    advice = advice or _scheme_advice(kind, where) or unheard
                return CallError(message(text, secrets, advice), kind=kind, in_doubt=table is _SENT)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _rank(error: BaseException) -> int:
    package = type(error).__module__.partition(".")[0]
    return _TELLING.index(package) if package in _TELLING else _TELLING.index("builtins")


def _sentence(kind: CallErrorKind, cause: BaseException, where: str) -> tuple[str, str]:
    """What happened, and what to do, where that is known."""
    told = str(cause)
    if kind == "timeout":
        return f"{where} did not finish its reply in time; raise timeout= if the model is slow", ""
    if kind == "connection":
        if untrusted := _UNTRUSTED.search(told):
            advice = "; set SSL_CERT_FILE to a file with the certificate that vouches for it, or pass client="
            return f"{where} shows a certificate that is not trusted: {untrusted.group(1)}", advice
        if "[SSL:" in told:
            return f"{where} answers, but not in TLS", "; is it http:// instead of https://?"
        if "DNS" in type(cause).__name__ or isinstance(cause, socket.gaierror):
            return f"nothing answers at {where}: the host's name is unknown", ""
        detail = "" if "Connect call failed" in told or "attempts failed" in told else f": {told}"
        return f"nothing answers at {where}{detail}", ""
    return f"{where} broke the connection before the reply was whole: {told or type(cause).__name__}", ""


def _scheme_advice(kind: CallErrorKind, where: str) -> str:
    """What to do where a server takes a connection and says nothing in it that can be understood."""
    if kind == "timeout" and where.startswith("https://"):
        return "; or is it http:// instead of https://?"
    return "; is it https:// instead of http://?" if kind == "reset" and where.startswith("http://") else ""
