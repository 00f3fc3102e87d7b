"""Tells a reply that refuses what was asked of it, as far as that is sure."""

from __future__ import annotations

import re

_LONGEST = 400
"""Characters of a reply that does nothing but refuse; a longer one says more."""

_SORRY = (
    r"(?:(?:i(?:['’]?m|[ ]am)[ ](?:\w{1,8}[ ])?(?:sorry|afraid)|sorry|unfortunately|(?:my[ ])?apologies"
    r"|i[ ]apologi[sz]e)\b[^.!?\n]{0,60}?[,.;:!]?\s{1,3}(?:but[ ]|that[ ]|however,?[ ])?)?"
)
_CANNOT = (
    r"i(?:[ ](?:can[ ]?not|can['’]?t|won['’]?t|will[ ]not|could[ ]not|do[ ]not|don['’]?t)"
    r"|(?:['’]?m|[ ]am)[ ](?:not[ ]able[ ]to|unable[ ]to|not[ ]allowed[ ]to|not[ ]capable[ ]of)"
    r"|[ ](?:must|have[ ]to)[ ]decline[ ]to)[ ]"
)
_DO = (
    r"(?:help|assist|answer|comply|fulfil\w{0,3}|do|complete|continue|solve|provide|create|generate|write"
    r"|discuss|engage|rephrase|process|respond|support|feel[ ]comfortable)"
)
_WITH_IT = (
    r"(?:\w{1,10}[ ]){0,4}?(?:with[ ]|to[ ]|in[ ])?(?:that|this|these|those|it|your|such|the)\b"
    r"(?:[ ](?:request|question|task|problem|content|instruction|topic|kind|type))?"
)
_REFUSES = re.compile(
    rf"\A\W*(?:{_SORRY}{_CANNOT}{_DO}[ ]?{_WITH_IT}"
    rf"|(?:{_SORRY})as[ ]an?[ ](?:ai|artificial|large[ ]language|language)\b[^.!?\n]{{0,60}}?,?[ ]"
    rf"(?:{_CANNOT}|i[ ](?:do[ ]not|don['’]t)[ ]))",
    re.IGNORECASE,
)


def refuses(text: str) -> bool:
    """Whether a reply does nothing but refuse. One that goes on to give figures or code does more.

    Example:
        >>> from tilth.tasks.refusals import refuses
        >>> refuses("I'm sorry, but I can't help with that."), refuses("I cannot say that it is 7.")
        (True, False)
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or "```" in text or any(map(str.isdigit, text)):
        return False
    return _REFUSES.match(text) is not None
