"""What was measured of some arms, as arrays: read from frames that users pass, or taken from a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tilth.advice.curves.arms import Arm
from tilth.arguments import of_kind
from tilth.errors import StudyFrameError
from tilth.studies.columns import cast, refuse

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_CELLS, MOST_ARMS = 400, 40
"""More take more time and memory than a forecast is worth."""

_CELL = ("arm", "ratio", "replicate")


@dataclass(frozen=True)
class Measured:
    """Cells of some arms.

    Attributes:
        arms: Whose cells they are.
        places: Which arm each cell belongs to, (cells,).
        ratios: Of each cell, (cells,).
        replicates: Which repetition each cell belongs to, (cells,).
        correct: Questions answered right, (cells,); NaN where losses are known instead.
        asked: Questions, (cells,); likewise.
        losses: Of each cell, (cells,); None where answers are counted.
        outcomes: 1 for right, 0 for wrong, NaN for not asked: (cells, questions); None where not known.
    """

    arms: Sequence[Arm]
    places: NDArray[np.intp]
    ratios: Floats
    replicates: NDArray[np.intp]
    correct: Floats
    asked: Floats
    losses: Floats | None = None
    outcomes: Floats | None = None

    def __len__(self) -> int:
        return len(self.places)

    def without_twins(self) -> Measured:
        """The same with each cell once: up to ratio 1, an arm that begins as another one is that one."""
        names = {arm.name: place for place, arm in enumerate(self.arms)}
        begun = np.array([names.get(arm.begins_as or "", place) for place, arm in enumerate(self.arms)])
        places = np.where(self.ratios <= 1, begun[self.places], self.places)
        chosen: dict[tuple[int, float, int], int] = {}
        for cell in np.argsort(places != self.places, kind="stable"):  # an arm's own cells go first
            key = (int(places[cell]), float(self.ratios[cell]), int(self.replicates[cell]))
            chosen.setdefault(key, int(cell))
        kept = np.array(sorted(chosen.values()))
        return Measured(
            self.arms,
            places[kept],
            self.ratios[kept],
            self.replicates[kept],
            self.correct[kept],
            self.asked[kept],
            None if self.losses is None else self.losses[kept],
            None if self.outcomes is None else self.outcomes[kept],
        )


def read_measured(
    frame: pl.DataFrame, outcomes: pl.DataFrame | None, arms_of: Callable[[Sequence[str]], Sequence[Arm]]
) -> Measured:
    """The cells of a frame with arm, ratio and either correct and n, or loss.

    Args:
        frame: See `tilth.forecast`.
        outcomes: Likewise.
        arms_of: Gives the arms of the names that stand in the frame.

    Raises:
        StudyFrameError: A column is missing or of another kind, or a value is impossible.
        ValueError: There are too many cells or arms.
    """
    import polars as pl

    of_kind(frame, pl.DataFrame, "frame", "a polars frame with arm, ratio, correct and n")
    if not frame.height:
        raise StudyFrameError("the frame has no row; give one for each cell that was measured")
    has_losses = "loss" in frame.columns
    needed = ("arm", "ratio", "loss") if has_losses else ("arm", "ratio", "correct", "n")
    schema = {"arm": pl.String(), "ratio": pl.Float64(), "replicate": pl.Int64()}
    schema |= {"loss": pl.Float64()} if has_losses else {"correct": pl.Int64(), "n": pl.Int64()}
    cells = cast(frame, schema, needed).with_columns(pl.col("replicate").fill_null(0))
    refuse(cells, ~((pl.col("ratio") > 0) & pl.col("ratio").is_finite()), "ratio", "it must be above 0")
    if has_losses:
        if outcomes is not None or "correct" in frame.columns:
            raise StudyFrameError(
                "the frame has losses and right answers; leave out what is not to be forecast"
            )
        refuse(cells, ~((pl.col("loss") > 0) & pl.col("loss").is_finite()), "loss", "it must be above 0")
    else:
        refuse(cells, pl.col("n") < 1, "n", "it must be at least 1")
        refuse(cells, ~pl.col("correct").is_between(0, pl.col("n")), "correct", "it must be from 0 to n")
    refuse(
        cells, pl.struct(_CELL).is_duplicated(), "arm", "another row is the same cell; tell replicates apart"
    )
    cells = cells.sort(_CELL)  # in one order, whatever the rows' was: so the same cells give the same draws
    names = cells["arm"].unique(maintain_order=True).to_list()
    if cells.height > MOST_CELLS or len(names) > MOST_ARMS:
        raise ValueError(
            f"{cells.height:,} cells of {len(names):,} arms; {MOST_CELLS} cells and {MOST_ARMS} arms at most"
        )
    none = np.full(cells.height, np.nan)
    return Measured(
        arms=arms_of(names),
        places=np.array([names.index(name) for name in cells["arm"]]),
        ratios=cells["ratio"].to_numpy(),
        replicates=cells["replicate"].to_numpy(),
        correct=none if has_losses else cells["correct"].cast(pl.Float64).to_numpy(),
        asked=none if has_losses else cells["n"].cast(pl.Float64).to_numpy(),
        losses=cells["loss"].to_numpy() if has_losses else None,
        outcomes=None if outcomes is None or has_losses else _answers(cells, outcomes),
    )


def _answers(cells: pl.DataFrame, outcomes: pl.DataFrame) -> Floats:
    """Which questions were answered right, as a matrix (cells, questions)."""
    import polars as pl

    of_kind(outcomes, pl.DataFrame, "outcomes", "a polars frame with arm, ratio, question_id and correct")
    schema = {"arm": pl.String(), "ratio": pl.Float64(), "replicate": pl.Int64()}
    schema |= {"question_id": pl.String(), "correct": pl.Boolean()}
    given = cast(outcomes, schema, ("arm", "ratio", "question_id", "correct"))
    given = given.with_columns(pl.col("replicate").fill_null(0))
    refuse(
        given, pl.struct(*_CELL, "question_id").is_duplicated(), "question_id", "it stands twice in its cell"
    )
    known = given.join(cells.select(*_CELL).with_row_index("cell"), on=_CELL, how="inner")
    counted = known.group_by("cell").agg(pl.len().alias("asked"), pl.col("correct").sum().alias("right"))
    told = cells.with_row_index("cell").join(counted, on="cell", how="left", maintain_order="left")
    short = told.filter(
        (pl.col("asked") != pl.col("n")) | (pl.col("right") != pl.col("correct")).fill_null(value=True)
    )
    if short.height:
        cell = short.row(0, named=True)
        raise StudyFrameError(
            f'outcomes: arm "{cell["arm"]}" at ratio {cell["ratio"]:g} has {cell["right"] or 0} of '
            f"{cell['asked'] or 0} correct, but the frame says {cell['correct']} of {cell['n']}; give an "
            "outcome for every question"
        )
    return answers(known, cells.height)


def answers(outcomes: pl.DataFrame, cells: int) -> Floats:
    """Right and wrong of so many cells, as `Measured.outcomes` has them.

    `outcomes` has `cell`, which counts from 0, `question_id` and `correct`.
    """
    import polars as pl

    questions = outcomes["question_id"].unique().sort()  # in any order of rows the sums are the same
    columns = outcomes["question_id"].replace_strict(questions, pl.int_range(len(questions), eager=True))
    array = np.full((cells, len(questions)), np.nan)
    array[outcomes["cell"].to_numpy(), columns.to_numpy()] = outcomes["correct"].cast(pl.Float64).to_numpy()
    return array
