"""Which redirects are followed: within one host alone, so that no key or prompt goes anywhere else."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

from tilth.teacher.http.redact import public_url

MOST = 3
_FOLLOWED = (301, 302, 307, 308)
"""303 asks for another method, and what a GET brings is no reply."""
_PORTS = {"http": 80, "https": 443}
_LONGEST = 2_000


def followed(at: str, status: int, location: str | None) -> str | None:
    """Where a call to `at` goes on, with method and body kept; None where it must not."""
    target = _target(at, location)
    if status not in _FOLLOWED or target is None:
        return None
    here, there = urlsplit(at), urlsplit(target)
    upgraded = (_origin(here)[::2], _origin(there)[::2]) == (("http", 80), ("https", 443))
    same = _origin(here) == _origin(there) or (upgraded and here.hostname == there.hostname)
    return target if same else None


def told(at: str, status: int, location: str | None) -> tuple[str, str]:
    """What to say of a redirect that is not followed, and what to do."""
    target = _target(at, location)
    if target is None:
        return "a redirect to nowhere", ""
    place = public_url(target)
    if followed(at, status, location) is not None:
        return f"a redirect to {place}, which does not end", ""
    base = place.removesuffix("/chat/completions").removesuffix("/models")
    advice = f"; it is not followed, so that key and prompts stay; if it is right, pass base_url={base}"
    return f"a redirect to {place}", advice


def _target(at: str, location: str | None) -> str | None:
    if not location or len(location) > _LONGEST:
        return None
    try:
        target = urljoin(at, location)
        _origin(urlsplit(target))
    except ValueError:
        return None
    return target if urlsplit(target).scheme in _PORTS else None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
