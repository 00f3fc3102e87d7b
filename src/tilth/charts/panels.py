"""What all charts of a study have in common: its panels, its words and its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.studies.curves import PANEL
from tilth.studies.options import named

if TYPE_CHECKING:
    import polars as pl

_STUDENT = ("student", "student_options")
_BESIDE = "student_options"
"""The column that is told with the one beside it."""

SIMULATED = "simulated teacher; says nothing about your model"


@dataclass(frozen=True)
class Source:
    """Where a chart's numbers come from, as its subtitle says it.

    Attributes:
        cells: The study's rows for the test set that is drawn.
        outcomes: Their per-question outcomes, where known.
        test: That test set.
        base_lines: Cells of base lines for that test set, where there are any.
    """

    cells: pl.DataFrame
    outcomes: pl.DataFrame | None
    test: str
    base_lines: pl.DataFrame | None = None

    def teachers(self) -> str:
        """Who taught, and that it was simulated where it was."""
        told: dict[bool, list[str]] = {}
        for teacher, writer, simulated in (
            self.cells.select("teacher", "writer", "simulated").unique(maintain_order=True).iter_rows()
        ):
            name = f"teacher {teacher}" + (f", writer {writer}" if writer not in (None, teacher) else "")
            told.setdefault(bool(simulated), []).append(name)
        parts = [
            "; ".join(names) + (f": {SIMULATED}" if simulated else "") for simulated, names in told.items()
        ]
        return "; ".join(["T" + parts[0][1:], *parts[1:]])

    def students(self) -> str:
        """Which students were asked how many questions."""
        told = self.cells.select("student", "student_options").unique(maintain_order=True)
        students = _listed([named(*student) for student in told.iter_rows()])
        return f"Student {students}, test set “{self.test}” ({self.questions()} questions)"

    def conditions(self) -> list[str]:
        """A line that says on what students were trained, and one of answers that were cut off, where so."""
        import polars as pl

        lines: list[str] = []
        if not {"machine", "cut_off"} <= set(self.cells.columns):  # a frame of an older version
            return lines
        machines = self.cells["machine"].drop_nulls().unique(maintain_order=True).to_list()
        if machines:
            lines.append(f"Trained and asked on {_listed(machines)}")
        cut = self.cells.filter(pl.col("cut_off") > 0).group_by(*_STUDENT, maintain_order=True)
        several = self.cells.select(_STUDENT).n_unique() > 1
        for student, cells in cut:
            whose = f" of {named(str(student[0]), str(student[1]))}" if several else ""
            shares = cells["cut_off"].to_list()
            lines.append(
                f"Answers{whose} cut off at their limit: up to {percent(max(shares))} in "
                f"{len(shares)} of {self._cells_of(student)} cells"
            )
        return lines

    def _cells_of(self, student: tuple[Any, ...]) -> int:
        return sum(one == student for one in self.cells.select(_STUDENT).iter_rows())

    def interval(self, *, one_replicate: str = "Wilson, 1 replicate") -> str:
        """Which interval is drawn."""
        replicates = self.cells["replicate"].n_unique()
        if self.outcomes is not None and replicates > 1:
            return f"bootstrap over {replicates} replicates and {self.questions()} questions"
        if replicates > 1:
            return f"Wilson over {self.questions()} questions, mean of {replicates} replicates"
        return one_replicate

    def questions(self) -> str:
        """How many questions each student was asked."""
        counts = sorted(self.cells["n_test"].unique().to_list())
        return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"

    def incomplete(self) -> list[str]:
        """A line that says how many cells are missing, or none."""
        count = (~self.cells["complete"]).sum()
        return [f"Not drawn: {count} of {self.cells.height} cells, not complete"] if count else []


def percent(share: float) -> str:
    """A share in words, of which a small one is not none."""
    return f"{share:.0%}" if share >= 0.01 else "under 1%"


def panels(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The panels of a frame of curves, smallest seeds first, each with the title that tells it apart."""
    telling = [name for name in PANEL if name not in ("seeds", "test") and frame[name].n_unique() > 1]
    if "student_options" in telling and "student" not in telling:
        telling.insert(telling.index("student_options"), "student")
    ordered = frame.sort([*telling, "seeds"], nulls_last=True, maintain_order=True)
    for _, panel in ordered.group_by([*telling, "seeds"], maintain_order=True):
        first: dict[str, Any] = panel.row(0, named=True)
        told = [_told(name, first) for name in telling if name != _BESIDE]
        yield " · ".join([f"{first['seeds']:,} seeds", *told]), panel


def columns(frame: pl.DataFrame) -> int:
    """How many panels stand side by side."""
    return min(int(frame["seeds"].n_unique()), 3)


def _told(name: str, panel: Mapping[str, Any]) -> str:
    value = panel[name]
    if name == "student":
        return named(value, panel[_BESIDE])
    if name == "seed_rows":
        return "with the seeds' own rows" if value else "without the seeds' own rows"
    return f"{name} {value}" if name in ("check", "teacher", "writer") else str(value)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
