"""What belongs to a question and stands in a column of its own: a context, an input, a hint on the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tilth.seeds.values import Path, text_of

KNOWN = (
    "context",
    "contexts",
    "passage",
    "passages",
    "article",
    "paragraph",
    "document",
    "story",
    "background",
    "input",
    "table",
    "evidence",
    "external_knowledge",
    "starter_code",
)
"""Columns that are put below the question unless told otherwise: no data set asks without them."""

_NOTHING = frozenset({"", "<noinput>"})
_CODE = re.compile(r"code", re.IGNORECASE)
_OPTIONS = (
    re.compile(r"^[ \t]*[(\[]?[Aa1][.):\]]", re.MULTILINE),
    re.compile(r"^[ \t]*[(\[]?[Bb2][.):\]]", re.MULTILINE),
)
"""How the first two of a question's own options open."""


def block_of(path: Sequence[str], value: Any, reasons: list[str]) -> str | None:
    """A column's text as it stands below a question, "Evidence: ..."; None where there is nothing in it.

    A list of texts is put one after the other. A reason is added where it is no text.
    """
    if value is None or value == [] or (isinstance(value, str) and value.strip() in _NOTHING):
        return None
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = "\n\n".join(one.strip() for one in value if one.strip()) or None
    text = text_of(value, repr(".".join(path)), reasons)
    if text is None:
        return None
    name = next((step for step in reversed(path) if not step.isdigit()), path[-1])
    label = " ".join(re.split(r"[\s_]+", name.strip()))
    text = text.strip("\r\n").rstrip()
    apart = "\n" in text or _CODE.search(label)
    return f"{label[:1].upper()}{label[1:]}:" + (f"\n{text}" if apart else f" {text.strip()}")


def joined(question: str, blocks: Sequence[str]) -> str:
    """The question with the blocks below it; as it is, where it holds what they say.

    They stand above a question that holds its own options: lists in them would be taken for these.
    """
    said = _plain(question)
    lacking = [block for block in blocks if _plain(block.partition(":")[2]) not in said]
    if not lacking:
        return question
    if all(label.search(question) for label in _OPTIONS):
        return "\n\n".join([*lacking, question.lstrip()])
    return "\n\n".join([question.rstrip(), *lacking])


def keeping_context(
    question: str, extra: Mapping[str, Any], read: Callable[[str], str]
) -> Callable[[str], str]:
    """A reader of rephrased questions that leaves what stands beside the question as it was.

    A writer sees all of it and may repeat it, or not, or in part; what it belongs to is only the question.

    Args:
        question: The question that was shown, its context below it and any options below that, or above it.
        extra: The seed's other columns, the context's among them.
        read: What takes the question out of a writer's reply.
    """
    blocks = sorted(_standing(question, extra), key=question.index)
    if not blocks:
        return read
    start, end = question.index(blocks[0]), question.index(blocks[-1]) + len(blocks[-1])
    context, below = question[start:end], question[end:] if start else ""
    labels = "|".join(re.escape(block.partition(":")[0]) for block in blocks)
    repeated = re.compile(rf"^[ \t>*_#]*(?:{labels})[ \t*_]*:", re.IGNORECASE | re.MULTILINE)

    def reader(reply: str) -> str:
        written = read(reply.replace(context, ""))
        if not start:
            return written if _plain(context) in _plain(written) else f"{context}\n\n{written.lstrip()}"
        stem = written.removesuffix(below)
        again = repeated.search(stem)
        if again and not stem[: again.start()].strip():
            return written  # it opens with the context: whatever it is, it stays as it was written
        return f"{(stem[: again.start()] if again else stem).rstrip()}\n\n{context}{below}"

    return reader


def _standing(question: str, extra: Mapping[str, Any]) -> Iterator[str]:
    """The blocks of a seed's other columns that stand below its question, or above it."""
    for path, value in _leaves(extra):
        block = block_of(path, value, [])
        if block is not None and (f"\n\n{block}" in question or question.startswith(f"{block}\n\n")):
            yield block


def _leaves(extra: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in extra.items():
        yield (*above, name), value
        if isinstance(value, Mapping) and len(above) < 3:
            yield from _leaves(value, (*above, name))
        elif isinstance(value, list) and len(above) < 3:
            for place, one in enumerate(value[:10]):
                if isinstance(one, Mapping):
                    yield from _leaves(one, (*above, name, str(place)))


def _plain(text: str) -> str:
    return " ".join(text.split())
