"""The kept rows of a frame by group, in their order, with the queries spent up to each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.arguments import kind_of
from tilth.curate.steps import KEEP, PLACE

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

MOST_GROUPS = 50
LEAST_ROWS = 20
"""Kept rows below which a group is not measured: so few say nothing of a group."""

WHOLE = "all rows"
"""The group of rows that are not told apart."""

_SHOWN = 80
_BATCH = 20_000


@dataclass(frozen=True)
class Group:
    """The kept rows of one group.

    Attributes:
        name: What they have in common.
        places: Which rows of the frame they are.
        spent: Queries of the group up to and with each, those of its rejected rows counted; where the frame
            has no `queries`, rows up to and with it.
    """

    name: str
    places: NDArray[np.int64]
    spent: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)


class Arrivals:
    """A frame's kept rows by group. No text is held, but where it is asked for.

    Kept are rows that no curation step refused; before any step, those that are not rejected.

    Raises:
        TypeError: It is no frame.
        ValueError: A column is missing, or the groups are too many.
    """

    def __init__(
        self, rows: pl.DataFrame | pl.LazyFrame, by: str | None, columns: Sequence[str], what: str
    ) -> None:
        import polars as pl

        given: object = rows
        if not isinstance(given, pl.DataFrame | pl.LazyFrame):
            raise TypeError(f"rows is {kind_of(rows)}; pass a Polars frame, such as run.rows")
        there = given.collect_schema().names()
        for name in [*columns, *([] if by is None else [by])]:
            if name not in there:
                raise ValueError(f"{what}: rows lack the column {name!r}; they have {', '.join(there[:20])}")
        kept = pl.lit(value=True)
        if KEEP in there:
            kept = pl.col(KEEP).fill_null(value=True)
        elif "verdict" in there:
            kept = (pl.col("verdict") != "rejected").fill_null(value=True)
        group = pl.lit(WHOLE) if by is None else pl.col(by).cast(pl.String).fill_null("none")
        self.counts_queries = "queries" in there
        cost = pl.col("queries").cast(pl.Int64).fill_null(0) if self.counts_queries else pl.lit(1, pl.Int64)
        text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in columns], separator="\n")
        self._lazy = (
            given.lazy().select(_kept=kept, _group=group, _cost=cost, _text=text).with_row_index(PLACE)
        )
        facts = self._lazy.select(PLACE, "_kept", "_group", "_cost").collect()
        self.groups = _groups(facts, by, what)

    def texts(self, places: NDArray[np.int64]) -> dict[int, str]:
        """The texts of these rows, by place."""
        import polars as pl

        wanted = pl.Series(PLACE, sorted(set(places.tolist())), pl.UInt32)
        found = self._lazy.filter(pl.col(PLACE).is_in(wanted.implode())).select(PLACE, "_text").collect()
        return dict(found.iter_rows())

    def stream(self, groups: Sequence[Group], size: int) -> Iterator[tuple[str, list[str]]]:
        """All texts of these groups, so many at a time of one group, and what is left of each at the end."""
        waiting: dict[str, list[str]] = {group.name: [] for group in groups}
        lazy = self._lazy.filter("_kept").select("_group", "_text")
        for batch in lazy.collect_batches(chunk_size=_BATCH, maintain_order=True):
            for (name,), part in batch.group_by("_group", maintain_order=True):
                if (held := waiting.get(_name(name))) is None:
                    continue
                held += part["_text"].to_list()
                whole = len(held) - len(held) % size
                for start in range(0, whole, size):
                    yield _name(name), held[start : start + size]
                del held[:whole]
        for name, held in waiting.items():
            if held:
                yield name, held


def _groups(facts: pl.DataFrame, by: str | None, what: str) -> list[Group]:
    import numpy as np
    import polars as pl

    count = facts["_group"].n_unique()
    if count > MOST_GROUPS:
        raise ValueError(
            f"{what}: the column {by!r} holds {count:,} values, which would be as many groups; at most "
            f"{MOST_GROUPS} are compared"
        )
    spent = facts.with_columns(_spent=pl.col("_cost").cum_sum().over("_group")).filter("_kept")
    return [
        Group(
            _name(name),
            part[PLACE].to_numpy().astype(np.int64),
            part["_spent"].to_numpy().astype(np.int64),
        )
        for (name,), part in spent.group_by("_group", maintain_order=True)
    ]


def _name(value: Any) -> str:
    return str(value)[:_SHOWN]
