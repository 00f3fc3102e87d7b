"""What a study shows: accuracy curves, where they cross and how far they lie apart, each with its interval.

Intervals bootstrap replicates and questions independently (Owen 2007, "The pigeonhole bootstrap"), with the
same draws for every strategy and amount of data, so that what strategies share cancels out of their
difference. With few replicates such an interval is too narrow rather than too wide. The questions asked
here are those of Chan et al. 2024 (arXiv 2409.19759): from which ratio on another strategy is better than
answer augmentation, and whether the choice matters less with more data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tilth.arguments import of_kind
from tilth.checks.intervals import wilson
from tilth.studies.options import OPTIONS, Line, with_options

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Axis = Literal["ratio", "rows", "rows_per_seed", "usd"]

PANEL = ("test", "task", "teacher", "writer", "student", "student_options", "seed_rows", "check", "seeds")
"""Columns that must agree for cells to be compared. Each combination is a panel of its own."""

_ACCOUNTS = ("rows", "rows_per_seed", "queries", "usd")
_TOLD = ("trained_on", "cut_off")
"""Columns whose means are told beside them."""


def accuracy(
    studies: pl.DataFrame,
    outcomes: pl.DataFrame | None = None,
    *,
    level: float = 0.95,
    draws: int = 2000,
    random_state: int = 0,
) -> pl.DataFrame:
    """Mean accuracy over replicates for each panel, strategy with its options, and ratio.

    Cells that are not complete are left out. Columns: those of `PANEL`, strategy, options, ratio, rows,
    rows_per_seed, queries, usd, trained_on, cut_off (means over replicates; null where unknown), replicates,
    n_test, accuracy, low, high (shares from 0 to 1) and interval: "bootstrap" over replicates and questions,
    or "wilson", test sampling only, with one replicate or without outcomes.
    """
    records: list[dict[str, Any]] = []
    for panel in _panels(studies, outcomes):
        drawn = panel.resample(draws, random_state) if len(panel.replicates) > 1 else None
        if drawn is not None:
            low, high = _interval(drawn, level)
        else:
            low, high = wilson(panel.mean * panel.n_test, panel.n_test, level)
        for s, (strategy, options) in enumerate(panel.lines):
            for x, ratio in enumerate(panel.ratios):
                if np.isnan(panel.mean[s, x]):
                    continue
                records.append(
                    {
                        **panel.key,
                        "strategy": strategy,
                        "options": options,
                        "ratio": ratio,
                        **{name: _number(panel.accounts[name][s, x]) for name in (*_ACCOUNTS, *_TOLD)},
                        "replicates": int(panel.present[s, x].sum()),
                        "n_test": int(panel.n_test[s, x]),
                        "accuracy": panel.mean[s, x],
                        "low": low[s, x],
                        "high": high[s, x],
                        "interval": "wilson" if drawn is None else "bootstrap",
                    }
                )
    columns = dict.fromkeys(("strategy", "options", "interval"), "String") | dict.fromkeys(
        ("ratio", *_ACCOUNTS, *_TOLD, "accuracy", "low", "high"), "Float64"
    )
    columns |= dict.fromkeys(("replicates", "n_test"), "Int64")
    order = ["strategy", "options", "ratio", *_ACCOUNTS, *_TOLD]
    order += ["replicates", "n_test", "accuracy", "low", "high", "interval"]
    return _frame(records, studies, {name: columns[name] for name in order})


def crossings(
    studies: pl.DataFrame,
    outcomes: pl.DataFrame | None = None,
    *,
    x: Axis = "ratio",
    level: float = 0.95,
    draws: int = 2000,
    random_state: int = 0,
) -> pl.DataFrame:
    """Where one strategy passes another for good: it is above from there to the last point measured.

    Between points, accuracy is taken as linear in log `x`. One row for each panel and ordered pair:
    those of `PANEL`, passing, passing_options, overtaken, overtaken_options, state ("crossed"; "from the
    start": above at every point; "not reached": not above at the last), crossing (in units of `x`; null
    unless crossed), low and high (-inf: at or before `first`, inf: beyond `last`; null without outcomes),
    probability (share of draws in which it is above at the last point), first, last (the range compared)
    and x.

    Raises:
        ValueError: Two cells differ in nothing but their ids: the frame holds more than one study.

    Example:
        >>> import polars as pl, tilth
        >>> from tilth.studies.frame import read_studies
        >>> columns = {"strategy": ["answer-augmentation"] * 2 + ["new-question"] * 2, "ratio": [1, 4] * 2}
        >>> columns |= {"correct": [40, 50, 30, 70], "n_test": 100, "seeds": 50, "teacher": "a-model"}
        >>> found = tilth.crossings(read_studies(pl.DataFrame(columns))).filter(passing="new-question")
        >>> found.select("overtaken", "state", pl.col("crossing").round(2)).row(0)
        ('answer-augmentation', 'crossed', 1.59)
    """
    records: list[dict[str, Any]] = []
    for panel in _panels(studies, outcomes):
        drawn = panel.resample(draws, random_state)
        for passing, overtaken in permutations(range(len(panel.lines)), 2):
            grid = panel.grid(x, (passing, overtaken))
            if not grid.size:
                continue
            log = np.log(grid)
            gap = panel.at(x, passing, panel.mean, grid) - panel.at(x, overtaken, panel.mean, grid)
            point = float(_passes(gap[:, None], log)[0])
            low = high = probability = None
            if drawn is not None:
                gaps = panel.at(x, passing, drawn, grid) - panel.at(x, overtaken, drawn, grid)
                bounds = np.quantile(
                    _passes(gaps, log), [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf"
                )
                low, high = (float(np.exp(bound)) if np.isfinite(bound) else float(bound) for bound in bounds)
                probability = float(np.mean(gaps[-1] > 0))
            records.append(
                {
                    **panel.key,
                    **_line("passing", panel.lines[passing]),
                    **_line("overtaken", panel.lines[overtaken]),
                    "state": "crossed"
                    if np.isfinite(point)
                    else "not reached"
                    if point > 0
                    else "from the start",
                    "crossing": float(np.exp(point)) if np.isfinite(point) else None,
                    "low": low,
                    "high": high,
                    "probability": probability,
                    "first": float(grid[0]),
                    "last": float(grid[-1]),
                    "x": x,
                }
            )
    columns = dict.fromkeys(("passing", "passing_options", "overtaken", "overtaken_options"), "String")
    columns |= {"state": "String", "crossing": "Float64"}
    columns |= dict.fromkeys(("low", "high", "probability", "first", "last"), "Float64") | {"x": "String"}
    return _frame(records, studies, columns)


def spread(
    studies: pl.DataFrame,
    outcomes: pl.DataFrame | None = None,
    *,
    x: Axis = "ratio",
    level: float = 0.95,
    draws: int = 2000,
    random_state: int = 0,
) -> pl.DataFrame:
    """How far the best strategy lies above the worst, at each amount of data that all were measured at.

    Columns: those of `PANEL`, at (in units of `x`), spread, low, high (shares from 0 to 1), noise (the
    spread that chance alone would show between strategies that do not differ; a spread near it says
    nothing), best, best_options, worst, worst_options, change (from the first point to this), change_low,
    change_high, shrinks (share of draws in which this spread is below the first) and x. Null without
    outcomes: low, high, noise, change_low, change_high, shrinks. Being a maximum, a resampled spread leans
    upwards.
    """
    records: list[dict[str, Any]] = []
    for panel in _panels(studies, outcomes):
        everyone = range(len(panel.lines))
        grid = panel.grid(x, tuple(everyone))
        if not grid.size or len(everyone) < 2:
            continue
        mean = np.stack([panel.at(x, s, panel.mean, grid) for s in everyone])
        point = np.ptp(mean, axis=0)
        bounds: dict[str, Floats] = {}
        if (resampled := panel.resample(draws, random_state)) is not None:
            drawn = np.stack([panel.at(x, s, resampled, grid) for s in everyone])
            apart = np.ptp(drawn, axis=0)
            bounds["low"], bounds["high"] = _interval(apart, level)
            bounds["noise"] = np.nanmean(np.ptp(drawn - mean[..., None], axis=0), axis=-1)
            bounds["change_low"], bounds["change_high"] = _interval(apart - apart[0], level)
            bounds["shrinks"] = np.mean(apart < apart[0], axis=-1)
        for g, at in enumerate(grid):
            records.append(
                {
                    **panel.key,
                    "at": at,
                    "spread": point[g],
                    **{name: values[g] for name, values in bounds.items()},
                    **_line("best", panel.lines[int(mean[:, g].argmax())]),
                    **_line("worst", panel.lines[int(mean[:, g].argmin())]),
                    "change": point[g] - point[0],
                    "x": x,
                }
            )
    columns = dict.fromkeys(("at", "spread", "low", "high", "noise"), "Float64")
    columns |= dict.fromkeys(("best", "best_options", "worst", "worst_options"), "String")
    columns |= dict.fromkeys(("change", "change_low", "change_high", "shrinks"), "Float64") | {"x": "String"}
    return _frame(records, studies, columns)


def _line(column: str, line: Line) -> dict[str, str]:
    strategy, options = line
    return {column: strategy, f"{column}_options": options}


def _passes(gaps: Floats, log_x: Floats) -> Floats:
    """Log x from where a column of `gaps` (points, draws) stays above 0; -inf: always, inf: never."""
    points = len(log_x)
    not_above = ~(gaps > 0)
    last = points - 1 - np.argmax(not_above[::-1], axis=0)
    always = ~not_above.any(axis=0)
    here = np.clip(last, 0, max(points - 2, 0))
    after = np.minimum(here + 1, points - 1)
    columns = np.arange(gaps.shape[1])
    left, right = gaps[here, columns], gaps[after, columns]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        where = log_x[here] + np.nan_to_num(-left / (right - left)) * (log_x[after] - log_x[here])
    return np.where(always, -np.inf, np.where(last == points - 1, np.inf, where))


def _interval(drawn: Floats, level: float) -> tuple[Floats, Floats]:
    quantile = np.nanquantile if np.isnan(drawn).any() else np.quantile
    low, high = quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=-1)
    return low, high


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True)
class _Panel:
    """The cells of one panel as arrays over (line, ratio[, replicate[, question]])."""

    key: dict[str, Any]
    lines: list[Line]
    ratios: list[float]
    replicates: list[int]
    present: NDArray[np.bool_]
    accuracies: Floats
    n_test: Floats
    accounts: dict[str, Floats]
    outcomes: Floats | None

    @property
    def mean(self) -> Floats:
        """Mean accuracy over replicates; NaN where no cell is."""
        return _mean(self.accuracies)

    def resample(self, draws: int, random_state: int) -> Floats | None:
        """Mean accuracies (strategy, ratio, draw), every strategy and ratio under the same draws."""
        if self.outcomes is None:
            return None
        replicates, questions = self.outcomes.shape[2:]
        share = np.full(questions, 1 / questions)
        by_question = np.random.default_rng([random_state % 2**64, 0]).multinomial(
            questions, share, size=draws
        )
        share = np.full(replicates, 1 / replicates)
        by_replicate = np.random.default_rng([random_state % 2**64, 1]).multinomial(
            replicates, share, size=draws
        )
        by_question = by_question.T.astype(np.float64)
        asked = ~np.isnan(self.outcomes)
        right = np.nan_to_num(self.outcomes) @ by_question
        counts = questions if asked.all() else asked.astype(np.float64) @ by_question
        with np.errstate(invalid="ignore"):
            drawn = right / counts
            weights = by_replicate.T * ~np.isnan(drawn)
            mean: Floats = (np.nan_to_num(drawn) * weights).sum(axis=2) / weights.sum(axis=2)
        return mean

    def places(self, x: Axis, strategy: int) -> tuple[NDArray[np.intp], Floats]:
        """Which ratios of a strategy have a place on `x`, in rising order, and where."""
        xs = np.array(self.ratios) if x == "ratio" else self.accounts[x][strategy]
        usable = np.flatnonzero(~np.isnan(self.mean[strategy]) & (np.nan_to_num(xs) > 0))
        _, first = np.unique(xs[usable], return_index=True)
        places: NDArray[np.intp] = usable[first]
        return places, np.asarray(xs[places], dtype=np.float64)

    def grid(self, x: Axis, strategies: tuple[int, ...]) -> Floats:
        """The points at which any of the strategies was measured, within the range of all of them."""
        places = [self.places(x, s)[1] for s in strategies]
        if any(not place.size for place in places):
            return np.empty(0)
        points: Floats = np.unique(np.concatenate(places))
        low, high = max(place[0] for place in places), min(place[-1] for place in places)
        return np.asarray(points[(points >= low) & (points <= high)], dtype=np.float64)

    def at(self, x: Axis, strategy: int, values: Floats, grid: Floats) -> Floats:
        """A strategy's `values` (strategy, ratio, ...) at the points of `grid`, linear in log x between."""
        indices, xs = self.places(x, strategy)
        known = values[strategy][indices]
        if len(xs) == 1:
            return np.asarray(np.repeat(known, len(grid), axis=0), dtype=np.float64)
        right = np.clip(np.searchsorted(xs, grid), 1, len(xs) - 1)
        share = np.log(grid / xs[right - 1]) / np.log(xs[right] / xs[right - 1])
        share = share.reshape(-1, *[1] * (known.ndim - 1))
        return np.asarray((1 - share) * known[right - 1] + share * known[right], dtype=np.float64)


def _panels(studies: pl.DataFrame, outcomes: pl.DataFrame | None) -> Iterator[_Panel]:
    import polars as pl

    of_kind(studies, pl.DataFrame, "studies", "a study's frame, study.frame")
    if outcomes is not None:
        of_kind(outcomes, pl.DataFrame, "outcomes", "a study's outcomes, study.outcomes")
    needed = (*PANEL, "strategy", "ratio", "replicate", "complete", "n_test")
    if missing := [name for name in needed if name not in (*studies.columns, *OPTIONS.values())]:
        raise ValueError(f"studies: column {missing[0]!r} is missing; pass a study's frame, study.frame")
    cells = with_options(studies).filter(pl.col("complete") & (pl.col("n_test") > 0))
    for _, group in cells.group_by(PANEL, maintain_order=True):
        asked = None
        if outcomes is not None:
            asked = outcomes.join(group.select("cell_id", "test"), on=["cell_id", "test"], how="semi")
        yield _panel(group, asked)


def _panel(cells: pl.DataFrame, outcomes: pl.DataFrame | None) -> _Panel:
    lines = cells.select("strategy", "options").unique(maintain_order=True).rows()
    ratios = sorted(cells["ratio"].unique().to_list())
    replicates = sorted(cells["replicate"].unique().to_list())
    places = [
        (lines.index((strategy, options)), ratios.index(ratio), replicates.index(replicate))
        for strategy, options, ratio, replicate in cells.select(
            "strategy", "options", "ratio", "replicate"
        ).iter_rows()
    ]
    if len(set(places)) < len(places):
        raise ValueError("studies: two cells differ in nothing but their ids; filter the frame to one study")
    index = tuple(np.array(places).T)
    shape = (len(lines), len(ratios), len(replicates))

    def spread_out(column: str) -> Floats:
        array = np.full(shape, np.nan)
        if column not in cells.columns:  # a frame made by hand may not tell it
            return array
        array[index] = cells[column].cast(float).fill_null(np.nan).to_numpy()
        return array

    accuracies = spread_out("accuracy")
    return _Panel(
        key=cells.select(PANEL).row(0, named=True),
        lines=lines,
        ratios=ratios,
        replicates=replicates,
        present=~np.isnan(accuracies),
        accuracies=accuracies,
        n_test=np.nan_to_num(_mean(spread_out("n_test"))),
        accounts={name: _mean(spread_out(name)) for name in (*_ACCOUNTS, *_TOLD)},
        outcomes=None if outcomes is None else _answers(cells, outcomes, index, shape),
    )


def _mean(values: Floats) -> Floats:
    """Mean over replicates of what is there; NaN where nothing is."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.nan_to_num(values).sum(axis=2) / there.sum(axis=2)
    return mean


def _answers(
    cells: pl.DataFrame, outcomes: pl.DataFrame, index: tuple[Any, ...], shape: tuple[int, ...]
) -> Floats | None:
    """1 for right, 0 for wrong, NaN for not asked: (strategy, ratio, replicate, question)."""
    import polars as pl

    place = dict(zip(cells["cell_id"].to_list(), zip(*index, strict=True), strict=True))
    if outcomes["cell_id"].n_unique() < len(place):
        return None
    questions = outcomes["question_id"].unique().sort()
    columns = outcomes["question_id"].replace_strict(questions, pl.int_range(len(questions), eager=True))
    rows = np.array([place[cell] for cell in outcomes["cell_id"].to_list()]).T
    array = np.full((*shape, len(questions)), np.nan)
    array[(*rows, columns.to_numpy())] = outcomes["correct"].cast(pl.Float64).to_numpy()
    return array


def _frame(records: list[dict[str, Any]], studies: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    import polars as pl

    schema = {name: with_options(studies).schema[name] for name in PANEL} | {
        name: getattr(pl, dtype) for name, dtype in columns.items()
    }
    return pl.DataFrame(records, schema=schema)
