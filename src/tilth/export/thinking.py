"""Thinking in a reply, told from its answer."""

from __future__ import annotations

import re

# An opening tag may stand in the prompt, so that a reply only closes it; one may never be closed.
_THINKING = re.compile(
    r"\A(?:(?!<think).)*</think(?:ing)?>|<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)


def parted(text: str) -> tuple[str | None, str]:
    """What was thought, without its tags, or None; and the answer without it.

    Example:
        >>> from tilth.export.thinking import parted
        >>> parted("<think>2 and 3 make 5</think>The answer is 5")
        ('2 and 3 make 5', 'The answer is 5')
    """
    if "think" not in text.lower():
        return None, text
    thought = [_TAG.sub("", found[0]).strip() for found in _THINKING.finditer(text)]
    if not thought:
        return None, text
    return "\n\n".join(filter(None, thought)) or None, _THINKING.sub("", text).strip()


def is_empty(content: str | None) -> bool:
    """Whether a turn says nothing but what was thought."""
    return not content or not content.strip() or not parted(content)[1].strip()
