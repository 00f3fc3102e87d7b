"""The proxy that the environment puts between us and an endpoint."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from tilth.errors import TeacherError
from tilth.teacher.http.redact import public_url


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A proxy. Its repr shows nothing: a login may stand in its address.

    Attributes:
        url: Its address.
        source: The environment variable that names it, or where else it is from.
    """

    url: str
    source: str

    def __str__(self) -> str:
        return f"the proxy in {self.source} ({public_url(self.url)})"


def proxy_for(address: str) -> Proxy | None:
    """The environment's proxy for `address`; None without one, and always for this machine itself.

    Raises:
        TeacherError: It is of a kind that cannot be used, such as SOCKS.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    proxies = getproxies()
    kind = parts.scheme if proxies.get(parts.scheme) else "all"
    url = proxies.get(kind)
    if not url or is_loopback(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    proxy = Proxy(
        url if "://" in url else f"http://{url}",
        next((name for name in reversed(names) if os.environ.get(name)), "the system's settings"),
    )
    if urlsplit(proxy.url).scheme.lower() not in ("http", "https"):
        raise TeacherError(
            f"{proxy} is of a kind that cannot be used, only http:// and https:// can; unset {proxy.source}, "
            f"add {host} to NO_PROXY, or pass client= with an http_client that goes through it"
        )
    return proxy


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
