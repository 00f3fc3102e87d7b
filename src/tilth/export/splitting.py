"""Parts of rows, such as train and validation, between which nothing leaks by a common seed or question."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from tilth.arguments import kind_of, number_of, random_state_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
    Whole = np.ndarray[tuple[int], np.dtype[np.int64]]

PART = "part"
"""The column that says which part a row falls into."""

_FAR_OFF = 0.05
"""How far a part may be from its share before that is told."""

_PLACE, _WRITTEN = "place", "is_written"
_IDS, _TEXT, _CLUSTER = ("row_id", "seed_id"), "question", "cluster"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def split(rows: Frame, shares: Mapping[str, float], random_state: int = 0) -> Frame:
    """Splits rows into parts, such as train and validation, by their seeds: adds the column `part`.

    Rows that have anything in common never fall into two parts: a seed, as `seed_id` or among their
    `parents`, or a row that one was made from; the same question, but for case and blanks; or the same
    `cluster`, where a step found duplicates. So no descendant of a validation seed is trained on. What is
    tied in this way stays whole, and the shares are met as nearly as that allows, counting rows that are to
    be written: not rejected, and kept by all steps. Every part gets rows.

    Args:
        rows: Rows of a run, or any frame with one of the columns above; lazily, only these are held in
            memory.
        shares: Names of the parts with the share of rows that each gets: {"train": 0.9, "validation": 0.1}.
        random_state: What draws are made from: which of several groups of one size goes where.

    Returns:
        The rows in their order, with `part`.

    Raises:
        TypeError: `rows` is no frame, or a share no number.
        ValueError: A share is not above 0, they add up to more or less than 1, a name is none of a file, the
            rows have none of the columns, or fewer groups than parts.

    Example:
        >>> rows = tilth.generate_sync(
        ...     tilth.demo.seeds(10), "answer-augmentation", 30, teacher=tilth.demo.teacher()
        ... ).rows
        >>> parted = tilth.curate.split(rows, {"train": 0.8, "validation": 0.2})
        >>> parted["part"].value_counts(sort=True).rows()
        [('train', 24), ('validation', 6)]
        >>> parted.group_by("seed_id").n_unique()["part"].max()
        1
    """
    import polars as pl

    given: object = rows
    eager = isinstance(given, pl.DataFrame)
    if not eager and not isinstance(given, pl.LazyFrame):
        raise TypeError(f"rows is {kind_of(rows)}; pass a Polars frame, such as run.rows")
    wanted, state = shares_of(shares), random_state_of(random_state) % 2**64
    lazy = rows.lazy()
    there = lazy.collect_schema()
    group, size = _groups(lazy, there)
    part = _parts(group, size, wanted, state)
    names = pl.Series(PART, list(wanted)).gather(part)
    result = lazy.with_columns(names)
    return cast("Frame", result.collect() if eager else result)


def split_off(
    rows: pl.DataFrame, shares: Mapping[str, float], random_state: int = 0
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The rows of each part by its name, "train" first, and a word on shares that could not be met.

    A column `part` that was there stays as it was. Raises what `split` does.
    """
    part = split(rows, shares, random_state)[PART]
    written = rows.with_columns(_is_written(rows.schema).alias(_WRITTEN))[_WRITTEN]
    parts = {name: rows.filter(part == name) for name in sorted(shares, key=lambda name: name != "train")}
    notices = []
    for name, share in shares.items():
        found = int((written & (part == name)).sum()) / max(1, int(written.sum()))
        if abs(found - share) > _FAR_OFF:
            notices.append(
                f"{name!r} gets {found:.0%} of the rows rather than {share:.0%}: what comes of one seed "
                "stays together"
            )
    return parts, notices


def shares_of(shares: Mapping[str, float]) -> dict[str, float]:
    """The parts' names and shares, checked; raises as `split` does."""
    if not isinstance(shares, Mapping):
        raise TypeError(f'shares is {kind_of(shares)}; pass {{"train": 0.9, "validation": 0.1}}')
    for name, share in shares.items():
        part_name(name)
        if not 0 < number_of(share, f"the share of {name!r}") <= 1:
            raise ValueError(f"the share of {name!r} is {share}; give each part more than 0, at most 1")
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"the shares add up to {total:.6g}; they are parts of all rows, so make it 1")
    return {name: float(share) for name, share in shares.items()}


def part_name(name: object) -> str:
    """A part's name, where files may be called so; raises as `split` does."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{str(name)[:40]!r} cannot be a part's name: its file is called so; take letters, digits, - and "
            "_, as in 'validation'"
        )
    return name


def _groups(rows: pl.LazyFrame, schema: pl.Schema) -> tuple[Whole, Whole]:
    """Which group each row belongs to, from 0 in the order they are met, and how many rows each counts."""
    import numpy as np
    import polars as pl
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    placed = rows.with_row_index(_PLACE)
    ties = [_tie(placed, pl.col(name).cast(pl.String), "id") for name in _IDS if name in schema]
    if isinstance(schema.get("parents"), pl.List):
        ties.append(_tie(placed.explode("parents"), pl.col("parents").cast(pl.String), "id"))
    if _TEXT in schema:
        # a digest of 64 bits stands for a text, so that texts are not held
        plain = pl.col(_TEXT).cast(pl.String).str.to_lowercase().str.replace_all(r"\s+", " ")
        same = pl.when(plain.str.strip_chars() != "").then(plain.str.strip_chars().hash(seed=0))
        ties.append(_tie(placed, same.cast(pl.String), "question"))
    if _CLUSTER in schema:
        ties.append(_tie(placed, pl.col(_CLUSTER).cast(pl.String), "cluster"))
    if not ties:
        raise ValueError(
            f"the rows have none of the columns {', '.join(map(repr, (*_IDS, 'parents', _TEXT, _CLUSTER)))}; "
            "a split by seed needs one"
        )
    counted = placed.select(_PLACE, counts=_is_written(schema)).collect()
    height = counted.height
    tied = pl.concat(ties).select(_PLACE, key=pl.struct("kind", "key").rank("dense")).collect()
    places, keys = tied[_PLACE].to_numpy(), tied["key"].to_numpy() + height
    nodes = int(keys.max(initial=height)) + 1
    edges = coo_array((np.ones(len(places), np.int8), (places, keys)), shape=(nodes, nodes))
    _, found = connected_components(edges, directed=False)
    _, first, group = np.unique(found[:height], return_index=True, return_inverse=True)
    met = np.argsort(np.argsort(first))
    group = met[group].astype(np.int64)
    written = counted["counts"].to_numpy()
    weights = written if written.any() else np.ones(height, bool)
    return group, np.bincount(group, weights=weights, minlength=len(first)).astype(np.int64)


def _tie(rows: pl.LazyFrame, key: pl.Expr, kind: str) -> pl.LazyFrame:
    import polars as pl

    return rows.select(_PLACE, kind=pl.lit(kind), key=key).filter(pl.col("key").is_not_null())


def _is_written(schema: pl.Schema) -> pl.Expr:
    import polars as pl

    written = pl.lit(value=True)
    if schema.get("keep") == pl.Boolean:
        written = written & pl.col("keep").fill_null(value=True)
    if "verdict" in schema:
        written = written & (pl.col("verdict").cast(pl.String) != "rejected").fill_null(value=True)
    return written


def _parts(group: Whole, size: Whole, shares: Mapping[str, float], state: int) -> Whole:
    """The number of the part that each row falls into.

    The largest groups come first, those of one size as they are drawn, and each goes to the part that is
    then least full for its share, counting half of the group (Webster's method of giving out seats): so
    every part gets its share of large groups as of small ones.
    """
    import numpy as np

    if len(size) < len(shares):
        raise ValueError(
            f"the rows cannot be split into {len(shares)} parts: all that is tied by seeds, parents, "
            f"questions or clusters stays together, and makes {len(size)} "
            f"{'group' if len(size) == 1 else 'groups'}"
        )
    drawn = np.random.default_rng(state).permutation(len(size))
    order = drawn[np.argsort(-size[drawn], kind="stable")]
    share = np.array(list(shares.values()))
    filled = np.zeros(len(share))
    part_of = np.zeros(len(size), np.int64)
    for which in order:
        part = int(np.argmin((filled + size[which] / 2) / share))
        part_of[which] = part
        filled[part] += size[which]
    for part in range(len(share)):
        if not size[part_of == part].any():
            _give_one(part, part_of, size, order)
    return part_of[group]


def _give_one(part: int, part_of: Whole, size: Whole, order: Whole) -> None:
    """Gives a part without rows the smallest group that counts, of a part that has others."""
    import numpy as np

    counting = np.bincount(part_of[size > 0])
    for which in order[::-1]:
        if size[which] and counting[part_of[which]] > 1:
            part_of[which] = part
            return
