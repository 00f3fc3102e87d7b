"""The messages between the kernel and the workbench's page: what may come in, and what goes out."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

VERSION = 1
MESSAGE_BYTES = 512_000
"""The most one message may carry; the bundle that draws charts, sent once, is the one exception."""
PAGE_ROWS = 500
"""The most rows a page holds."""
_CELL_CHARACTERS = 1_000
"""The most a list shows of one text; an opened row shows it whole."""
_MOST_CHOICES = 50
_VERDICTS = frozenset({"accepted", "rejected", "unverified"})


class ProtocolError(ValueError):
    """A message that the workbench does not understand. Its text is shown to the user."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message from the page, validated.

    Attributes:
        id: The page's id for it; the reply carries it.
        type: What is asked: a key of the table below.
        fields: Its other fields, as this type has them.
    """

    id: int
    type: str
    fields: Mapping[str, Any]


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number, 0 or more")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _text(most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"a text of at most {most:,} characters")
        return value

    return read


def _verdicts(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(v, str) and v in _VERDICTS for v in value):
        raise ValueError(f"null, or a list of {', '.join(sorted(_VERDICTS))}")
    return tuple(value)


def _one_of(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return value

    return read


def _dollars(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise ValueError("a number, 0 or more")
    return float(value)


def _several(read_one: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > _MOST_CHOICES:
            raise ValueError(f"a list of at most {_MOST_CHOICES}")
        try:
            return tuple(map(read_one, value))
        except ValueError as error:
            raise ValueError(f"a list, each {error}") from None

    return read


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise ValueError("a number above 0")
    return float(value)


_DRAWN: dict[str, Callable[[Any], Any]] = {
    "kind": _one_of("regimes", "spread", "forecast", "gap", "spending"),
    "axis": _one_of("ratio", "rows", "rows_per_seed", "usd"),
    "theme": _one_of("light", "dark"),
}

_GRID: dict[str, Callable[[Any], Any]] = {
    "strategies": _several(_text(200)),
    "sizes": _several(_count),
    "ratios": _several(_amount),
    "replicates": _count,
    "student": _text(200),
}

_FIELDS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "generate": {},
    "pause": {},
    "resume": {},
    "stop": {},
    "page": {"after": _count, "limit": _count, "verdicts": _verdicts, "contains": _text(500)},
    "quality": {},
    "open": {"row_id": _text(500)},
    "save": {"format": _text(40), "path": _text(4_000), "verdicts": _verdicts},
    "view": {"open": _flag},
    "teacher": {"name": _text(200)},
    "confirm": {"token": _text(100), "yes": _flag},
    "vega": {},
    "regimes-plan": _GRID,
    "regimes-run": {},
    "regimes-stop": {},
    "regimes-chart": {**_DRAWN, "test": _text(200)},
    "regimes-cell": {"cell_id": _text(100), "test": _text(200)},
    "regimes-save": {**_DRAWN, "path": _text(4_000), "tests": _several(_text(200))},
}

_EXISTING = {"existing": _one_of("ask", "replace", "keep-both")}
_OPTIONAL: dict[str, dict[str, Callable[[Any], Any]]] = {
    "generate": {"strategy": _text(200), "budget_queries": _count, "budget_usd": _dollars},
    "view": {"views": _count},
    "save": _EXISTING,
    "regimes-run": _GRID,
    "regimes-save": _EXISTING,
}
"""Fields that a message may leave out."""


def read_request(content: Any) -> Request:
    """Checks a message from the page; raises `ProtocolError` that says which field is wrong."""
    if not isinstance(content, Mapping):
        raise ProtocolError("the message is no object")
    if content.get("v") != VERSION:
        raise ProtocolError(
            f"the message speaks version {content.get('v')!r} of the protocol, this kernel {VERSION}; "
            "reload the page, and restart the kernel if Tilth was just upgraded"
        )
    kind = content.get("type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ProtocolError(f"{kind!r} is no request of the workbench")
    fields, optional = {}, _OPTIONAL.get(kind, {})
    for name, read in {"id": _count, **_FIELDS[kind], **optional}.items():
        if name in optional and name not in content:
            continue
        try:
            fields[name] = read(content.get(name))
        except ValueError as error:
            raise ProtocolError(f'"{kind}": {name} must be {error}') from None
    return Request(id=fields.pop("id"), type=kind, fields=fields)


def reply(request_id: int, kind: str = "ok", **fields: Any) -> dict[str, Any]:
    """An answer to a request."""
    return {"v": VERSION, "id": request_id, "type": kind, **fields}


def push(seq: int, kind: str, **fields: Any) -> dict[str, Any]:
    """A message nobody asked for; `seq` numbers them."""
    return {"v": VERSION, "seq": seq, "type": kind, **fields}


def encode_samples(samples: pl.DataFrame) -> tuple[bytes, int]:
    """As many of the first samples as fit into a message: an Arrow IPC stream, and how many they are.

    Long texts are cut: the list shows one line of each, and "open" brings them whole.
    """
    import polars as pl

    def cut(name: str) -> pl.Expr:
        column = pl.col(name)
        short = pl.concat_str(column.str.head(_CELL_CHARACTERS), pl.lit("…"))
        return pl.when(column.str.len_chars() > _CELL_CHARACTERS).then(short).otherwise(column).alias(name)

    texts = ("question", "answer", "verdict", "reason", "strategy", "seed_id", "reference")
    frame = samples.select(
        pl.col("arrival").cast(pl.Int32),
        "row_id",
        pl.col("unit").cast(pl.Int32),
        *(cut(name) for name in texts),
        "queries",
        "seconds",
    )
    count = frame.height
    while True:
        stream = io.BytesIO()
        # The oldest dialect has no string views, which not every decoder reads.
        frame.head(count).write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
        if stream.tell() <= MESSAGE_BYTES or count <= 1:
            return stream.getvalue(), count
        count = max(1, count * MESSAGE_BYTES // (2 * stream.tell()))


def plain(value: Any, most: int = MESSAGE_BYTES) -> Any:
    """`value` as JSON holds it, its texts cut just so far that the whole fits into `most` bytes."""
    for characters in (100_000, 20_000, 4_000, 800, 100):
        result = _plain(value, characters)
        if len(json.dumps(result)) <= most:
            return result
    raise ProtocolError("the row is too large to show; save the rows, or read run.rows")


def _plain(value: Any, characters: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item, characters) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, characters) for item in value]
    text = str(value)
    return text if len(text) <= characters else f"{text[:characters]}… ({len(text):,} characters in all)"
