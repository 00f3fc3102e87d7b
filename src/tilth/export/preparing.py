"""From rows as they are given to rows as they stand in a file: chosen, shaped, in order and tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.export.hand_over import TRAINERS, taking_turns
from tilth.export.options import Options
from tilth.export.selecting import TABLES, selected, without_empty_turns
from tilth.export.shaping import shaped, with_metadata
from tilth.export.table import BY_NAME
from tilth.export.types import typed_first

if TYPE_CHECKING:
    import polars as pl


def prepared(
    rows: pl.DataFrame, verdicts: set[str], format: str, options: Options
) -> tuple[pl.DataFrame, list[str]]:
    """The rows that go into a file, one for each of its examples and as these, and a word on the others.

    Raises:
        TypeError: It is no frame.
        ValueError: A verdict is unknown, a column is missing, or no row is left.
    """
    kept, refused = selected(rows, verdicts, BY_NAME[format])
    kept, lost = as_written(kept, format, options)
    return kept, [*refused, *lost]


def as_written(
    rows: pl.DataFrame, format: str, options: Options, *, in_order: bool = False
) -> tuple[pl.DataFrame, list[str]]:
    """Chosen rows as `prepared` gives them; `in_order` leaves them in theirs, as they stand in a file.

    Rows that come out of it come out of it again: only the metadata depends on how many there are, which is
    why it comes last.
    """
    kept, lost = shaped(rows, options)
    if options.reasoning != "field" and format not in TABLES:
        kept = kept.drop("reasoning", strict=False)  # it stands in no two places
    kept, empty = without_empty_turns(kept, format)
    notices = [*lost, *empty]
    if format in TRAINERS:
        kept, odd = taking_turns(kept, format)
        notices += odd
    if format in ("csv", "jsonl") and not in_order:
        kept = typed_first(kept, texts_may_look_like_numbers=format == "csv")
    if options.metadata:
        kept = with_metadata(kept, options.metadata)
    return kept, notices
