"""What all curation steps share: the rows they look at, and how what they find stands beside these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from tilth.arguments import kind_of, listed

if TYPE_CHECKING:
    import polars as pl

    Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

PLACE = "place"
"""The column of a batch, and of findings, that says which row of the frame it is, from 0."""

KEEP, REASON, SCORE = "keep", "reason", "score"

_USUAL = ("question", "response")
"""The columns whose texts make a training example."""

_BATCH = 50_000
"""Rows that are in memory at once, with their texts, of a frame that is read lazily."""

_OF_ROWS = {REASON: "verdict_reason", SCORE: "judge_score"}
"""What a run's own columns of these names are called once curation has taken them."""

Batches = Callable[[], "Iterator[pl.DataFrame]"]
"""The rows to look at, batch by batch and from the start at each call: `place` and the columns asked for."""


def curated(
    rows: Frame,
    step: str,
    columns: Sequence[str],
    find: Callable[[Batches], pl.DataFrame],
    *,
    optional: Sequence[str] = (),
) -> Frame:
    """The rows with what a step finds of them: `score`, `keep` and `reason`, and columns of its own.

    No row is deleted and none moves. `keep` is False once a step refuses a row, `reason` says which and why,
    and no later step looks at it; rejected rows of a run are refused from the start. `score` is the last
    step's; each step's stands under `<step>_score` as well. A run's own `score` and `reason` become
    `judge_score` and `verdict_reason`.

    Args:
        rows: A frame, or a lazy one, of which only `columns` are held in memory, batch by batch.
        step: The step's name, such as "duplicates".
        columns: Those that it reads.
        find: Finds, of the batches, a frame with `place`, `score` (Float64), `keep` and `reason` (null where
            kept), and any further columns; rows that it leaves out are kept, with no score.
        optional: Others that it reads where they are there; a run's own score is `judge_score` by then.

    Raises:
        TypeError: `rows` is no frame.
        ValueError: A column is missing, or `find` says so.
    """
    import polars as pl

    given: object = rows
    eager = isinstance(given, pl.DataFrame)
    if not eager and not isinstance(given, pl.LazyFrame):
        raise TypeError(f"rows is {kind_of(rows)}; pass a Polars frame, such as run.rows")
    there = rows.collect_schema().names()
    if missing := [name for name in columns if name not in there]:
        raise ValueError(f"{step}: rows lack the column {missing[0]!r}; they have {', '.join(there[:20])}")
    lazy = _with_keep(rows.lazy(), there).with_row_index(PLACE)
    if_there = lazy.collect_schema().names()
    read = lazy.filter(KEEP).select(PLACE, *columns, *(name for name in optional if name in if_there))
    found = find(lambda: _batches(read))
    result = _joined(lazy, step, found)
    return cast("Frame", result.collect() if eager else result)


def _batches(rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows some at a time; of none, one empty batch, which has their columns."""
    empty = True
    for batch in rows.collect_batches(chunk_size=_BATCH, maintain_order=True):
        empty = False
        yield batch
    if empty:
        yield rows.collect_schema().to_frame()


def _with_keep(rows: pl.LazyFrame, there: Sequence[str]) -> pl.LazyFrame:
    """The rows with `keep` and `reason` as they stand before the step, the run's own under other names."""
    import polars as pl

    if KEEP in there:
        return rows
    aside = {name: to for name, to in _OF_ROWS.items() if name in there and to not in there}
    rows = rows.rename(aside)
    if "verdict" not in there:
        return rows.with_columns(pl.lit(value=True).alias(KEEP), pl.lit(None, pl.String).alias(REASON))
    rejected = pl.col("verdict") == "rejected"
    why = pl.col(aside[REASON]) if REASON in aside else pl.lit(None, pl.String)
    told = pl.lit("verdict: rejected") + (pl.lit(", ") + why).fill_null("")
    return rows.with_columns(
        (~rejected).fill_null(value=True).alias(KEEP), pl.when(rejected).then(told).alias(REASON)
    )


def _joined(lazy: pl.LazyFrame, step: str, found: pl.DataFrame) -> pl.LazyFrame:
    import polars as pl

    own = [name for name in found.columns if name not in (PLACE, KEEP, REASON, SCORE)]
    new = {name: f"_{step}_{name}" for name in (KEEP, REASON, SCORE, *own)}
    joined = lazy.join(
        found.lazy().rename({name: new[name] for name in found.columns if name != PLACE}),
        on=PLACE,
        how="left",
        maintain_order="left",
    )
    refused = ~pl.col(new[KEEP]).fill_null(value=True)
    score = pl.col(new[SCORE]).cast(pl.Float64)
    written = [
        *(pl.col(new[name]).alias(name) for name in own),
        score.alias(SCORE),
        (pl.col(KEEP) & ~refused).alias(KEEP),
        pl.when(refused).then(f"{step}: " + pl.col(new[REASON])).otherwise(REASON).alias(REASON),
        score.alias(f"{step}_score"),
    ]
    return joined.with_columns(written).drop(PLACE, *new.values())


def text_columns(on: str | Sequence[str] | None, rows: object = None) -> tuple[str, ...]:
    """The names of the columns whose texts a step compares; of None those of `rows` that are usual.

    Raises:
        ValueError: There is none.
        TypeError: It is neither a name nor a list of names.
    """
    import polars as pl

    if on is None:
        there = rows.collect_schema().names() if isinstance(rows, pl.DataFrame | pl.LazyFrame) else []
        return tuple(name for name in _USUAL if name in there) or _USUAL[:1]
    names = (on,) if isinstance(on, str) else listed(on, "on", "names of columns")
    if not names:
        raise ValueError('on names no column; pass on="question", or several')
    return names
