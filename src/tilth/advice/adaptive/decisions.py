"""What an adaptive run has decided, as its file holds it: a frame of the decisions, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.advice.adaptive.pools import ARMS
from tilth.arguments import of_kind
from tilth.engine.run import Run
from tilth.errors import JournalError, StudyFrameError
from tilth.studies.frame import Results, outcomes_schema, read_outcomes, read_studies
from tilth.studies.test_sets import VALIDATION

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType

ADAPTIVE = "adaptive"
KEY = "round "
"""Before the number of a round: what its decision is journalled under."""

CHANGED = "a decision of its run was changed in the file"

_ABOUT_STUDENT = ("student", "student_options")


def decisions_schema() -> dict[str, PolarsDataType]:
    """Columns and dtypes of `decisions`."""
    import polars as pl

    return {
        "round": pl.Int32(),
        "queries": pl.Int64(),
        "usd": pl.Float64(),
        "cells": pl.Int32(),
        "arm": pl.String(),
        "words": pl.String(),
        "within": pl.Float64(),
        "expected_loss": pl.Float64(),
        "then": pl.String(),
        "ratio": pl.Float64(),
        "reason": pl.String(),
    }


def decisions(run: Run) -> pl.DataFrame:
    """The decisions of a run with the strategy `adaptive`, in their order; a live run's so far.

    Columns: `round`, before which it was decided; `queries` and `usd`, spent until then; `cells`, how many
    were measured for it; `arm`, which was ahead, and `words`, `within` and `expected_loss`, how sure that was
    (see `tilth.Advice`); `then`, "measure" or "commit"; `ratio`, up to which pools are grown to be measured,
    null for "commit"; `reason`, in a sentence.

    Raises:
        ValueError: The run is of another strategy.
        JournalError: What its file holds of them was changed.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(50), tilth.demo.teacher()
        >>> strategy = tilth.Adaptive(tilth.demo.questions().head(300))
        >>> run = tilth.generate_sync(seeds, strategy, 800, teacher=teacher)
        >>> tilth.decisions(run).select("then", "ratio", "queries").head(2).rows()
        [('measure', 0.5, 0), ('measure', 1.0, 97)]
    """
    import polars as pl

    names = decisions_schema()
    told = [{**{name: one.get(name) for name in names}, "cells": len(one["cells"])} for one in _records(run)]
    try:
        return pl.DataFrame(told, schema=names, strict=True)
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise _changed(run) from error


def evidence_of(run: Run) -> Results:
    """The cells that a run has measured, as a study's frame, and the outcomes of its validation questions.

    Raises:
        ValueError: The run is of another strategy, or has measured nothing yet.
        JournalError: What its file holds of them was changed.
    """
    models = {"teacher": run.teacher_name, "writer": run.writer_name, "simulated": run.simulated}
    records = _records(run)
    cells = [cell for one in records for cell in one["cells"]]
    if not cells:
        raise ValueError(
            "evidence: the run has measured nothing yet; wait for it, or give it a larger budget: pools for "
            "measuring may take a third"
        )
    try:
        asked = {len(cell["right"]) if set(cell["right"]) <= {"0", "1"} else 0 for cell in cells}
        if len(asked) > 1 or not all(cell["arm"] in ARMS for cell in cells):
            raise _changed(run)
        return cells_frame(cells, {**records[-1]["about"], "run_id": run.id, **models})
    except (LookupError, TypeError, ValueError, StudyFrameError) as error:
        raise _changed(run) from error


def cells_frame(cells: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> Results:
    """Cells as a study's frame, and the outcomes of their questions.

    Args:
        cells: As they are journalled.
        about: Columns that all of them share: seeds, task, student and the like.
    """
    import polars as pl

    run_id = str(about.get("run_id", ""))
    told, outcomes = [], []
    for cell in cells:
        arm, ratio, right = cell["arm"], cell["ratio"], cell["right"]
        cell_id = f"{run_id}:{arm}:{ratio:g}"
        own = {name: cell[name] for name in ("ratio", "rows", "queries", "usd", "seconds")}
        own |= {name: cell[name] for name in ("trained_on", "cut_off", "machine")}
        counted = {"test": VALIDATION, "n_test": len(right), "correct": right.count("1")}
        told.append({**about, **own, **counted, "strategy": arm, "cell_id": cell_id, "check": "filter"})
        outcomes += [
            {"cell_id": cell_id, "test": VALIDATION, "question_id": str(place), "correct": one == "1"}
            for place, one in enumerate(right)
        ]
    frame = read_studies(pl.DataFrame(told, infer_schema_length=None), study_id=run_id)
    return frame, read_outcomes(pl.DataFrame(outcomes, schema_overrides=outcomes_schema()), frame)


def _records(run: Run) -> list[dict[str, Any]]:
    of_kind(run, Run, "run", "a run with the strategy adaptive")
    if run.strategy_name != ADAPTIVE:
        raise ValueError(f"the run's strategy is {run.strategy_name}, which decides nothing; take adaptive")
    held = run.decisions
    found: list[dict[str, Any]] = []
    while (record := held.get(f"{KEY}{len(found)}")) is not None:
        if not (isinstance(record, dict) and isinstance(record.get("cells"), list)):
            raise _changed(run)
        found.append(record)
    return found


def _changed(run: Run) -> JournalError:
    return JournalError(f"{run.path}: {CHANGED}")
