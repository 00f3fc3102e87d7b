"""Learns which parameters an endpoint takes, from the 400s in which it refuses one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REPLY_LIMITS = ("max_tokens", "max_completion_tokens")
_OPTIONAL = ("temperature", "top_p", "seed", "stream_options")
_REFUSAL = re.compile(
    r"unsupported|not support|only .{0,80}support|unrecogni[sz]ed|unknown|unexpected|extra|deprecated"
    r"|not (?:permitted|allowed|available)|forbidden|invalid (?:parameter|argument|field)|instead",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(r"too (?:large|high|big|long)|at most|exceed|context length", re.IGNORECASE)


class Dialect:
    """The parameters one endpoint takes.

    Attributes:
        reply_limit: The name under which it takes the limit on the reply.
        dropped: Parameters it refused, which are no longer sent.
    """

    def __init__(self, *, max_completion_tokens: bool) -> None:
        self.reply_limit = _REPLY_LIMITS[max_completion_tokens]
        self.dropped: frozenset[str] = frozenset()
        self._switched = False

    def body(
        self, request: Mapping[str, Any], *, max_tokens: int, sampling_seed: int, stream: bool
    ) -> dict[str, Any]:
        """What to send for `request`."""
        # Endpoints read it as a 32-bit integer at the least.
        body = {**request, self.reply_limit: max_tokens, "seed": sampling_seed & 0x7FFF_FFFF}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return {name: value for name, value in body.items() if name not in self.dropped}

    def learn(self, body: Mapping[str, Any], message: str, code: str, param: str) -> bool:
        """Takes in the refusal of `body`; says whether another body would now be sent."""
        if self._refuses_reply_limit(body, message, code, param):
            if not self._switched:
                self.reply_limit = _REPLY_LIMITS[self.reply_limit == _REPLY_LIMITS[0]]
                self._switched = True
        else:
            refused = next((n for n in _OPTIONAL if n in body and _refuses(n, message, code, param)), None)
            if refused is not None:
                self.dropped |= {refused}
        return self.reply_limit not in body or any(name in body for name in self.dropped)

    def _refuses_reply_limit(self, body: Mapping[str, Any], message: str, code: str, param: str) -> bool:
        sent = next((name for name in _REPLY_LIMITS if name in body), None)
        if sent is None or _TOO_MUCH.search(message):
            return False
        return _refuses(sent, message, code, param)


def _refuses(name: str, message: str, code: str, param: str) -> bool:
    if param and param.rpartition(".")[2] != name:
        return False
    named = bool(param) or re.search(rf"(?<![\w-]){name}(?![\w-])", message) is not None
    return named and (code.startswith("unsupported") or _REFUSAL.search(message) is not None)
