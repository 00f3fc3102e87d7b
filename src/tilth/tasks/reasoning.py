"""Sets a model's reasoning apart: what stands in `<think>` tags is kept with a reply but never read."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)


def reasoning_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each stretch of reasoning in `text`, tags included, in order.

    A tag that is never closed reaches to the end. A closing tag without an opening one reaches back to
    the start: some chat templates put the opening tag into the prompt.
    """
    spans: list[tuple[int, int]] = []
    if "<" not in text:
        return spans
    depth = start = 0
    for tag in _TAG.finditer(text):
        if not tag.group(1):
            if depth == 0:
                start = tag.start()
            depth += 1
        elif depth == 0:
            spans = [(0, tag.end())]
        else:
            depth -= 1
            if depth == 0:
                spans.append((start, tag.end()))
    if depth:
        spans.append((start, len(text)))
    return spans


def strip_reasoning(text: str) -> str:
    """`text` without its reasoning and the white space around it."""
    spans = reasoning_spans(text)
    if not spans:
        return text
    kept: list[str] = []
    end = 0
    for start, stop in spans:
        kept.append(text[end:start])
        end = stop
    return ("".join(kept) + text[end:]).strip()


def blank_reasoning(text: str) -> str:
    """`text` of the same length with spaces for its reasoning, so that positions still hold."""
    kept: list[str] = []
    end = 0
    for start, stop in reasoning_spans(text):
        kept += text[end:start], " " * (stop - start)
        end = stop
    return "".join(kept) + text[end:] if kept else text
