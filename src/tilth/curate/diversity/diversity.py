"""How diverse rows are: measures by group, against the budget, beside the seeds' own."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.arguments import listed, random_state_of, whole_number_of
from tilth.checks.intervals import wilson
from tilth.curate.diversity.arrivals import LEAST_ROWS, Arrivals, Group
from tilth.curate.diversity.measures import GAIN, MEASURES, NEW_TOPICS, of_texts, of_vectors, own_gain
from tilth.curate.diversity.topics import Leaders, Thresholds
from tilth.curate.diversity.vectors import Space, embedded, seed_texts
from tilth.curate.embedding import Embedder, embedder_of
from tilth.curate.steps import text_columns
from tilth.errors import tell

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from tilth.curate.embedding.embedder import Vectors
    from tilth.seeds import Seeds

DRAWS = 5
"""Samples of one size that a value is the mean of."""

USUAL_SAMPLE = 200
MOST_SAMPLE = 2_000
CHUNK = 100
"""Rows that are looked at together for the topics they open."""

_POINTS = 5
_MOST_POINTS = 100
_CELL = ("group", "queries", "rows", "n")


def schema() -> Mapping[str, Any]:
    """The columns of a frame of diversity."""
    import polars as pl

    return {
        "measure": pl.String,
        "group": pl.String,
        "queries": pl.Int64,
        "rows": pl.Int64,
        "n": pl.Int64,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "seeds_value": pl.Float64,
        "higher_is_more_diverse": pl.Boolean,
        "embedder": pl.String,
    }


def diversity(
    rows: pl.DataFrame | pl.LazyFrame,
    seeds: Seeds | pl.DataFrame | None = None,
    *,
    by: str | None = "strategy",
    at: Iterable[int] | None = None,
    measures: Iterable[str] | None = None,
    on: str | Sequence[str] = "question",
    n: int | None = None,
    embedder: Embedder | None = None,
    random_state: int = 0,
) -> pl.DataFrame:
    """How diverse the kept rows of each group are, up to each amount of budget.

    All measures but the last two depend on how many rows are looked at, so every value is the mean over 5
    samples of `n` rows, the same n for all groups, amounts and seeds.

    - `compression-ratio`: bytes of the texts over their bytes once gzipped; lower is more diverse (Shaib et
      al., arXiv 2403.00553).
    - `distinct-1` to `distinct-4`: different n-grams of tokens over all n-grams, 0 to 1; higher is more
      diverse (Li et al., arXiv 1510.03055).
    - `self-repetition`: mean of log(1 + how often a row's 4-grams stand in other rows); lower is more diverse
      (Shaib et al., arXiv 2403.00553).
    - `repeating-rows`: share of rows with a 4-gram of another row, 0 to 1; lower is more diverse (Salkar et
      al. 2022).
    - `pairwise-distance`, `nearest-distance`: mean distance (1 - cosine) of two rows, and of a row to its
      nearest other (remote clique and Chamfer distance; Cox et al., CHI 2021); higher is more diverse.
    - `vendi-score`: exp of the entropy of the eigenvalues of K / n, K being the cosines: an effective number
      of different rows, 1 to n; higher is more diverse (Friedman and Dieng, arXiv 2210.02410).
    - `diversity-gain`: mean squared distance, 2 (1 - cosine), of a row to its nearest seed; needs seeds
      (MetaMath, arXiv 2309.12284). Of the seeds: to the nearest other seed.
    - `new-topic-rate`: share of the latest n rows that opened a topic as they came: farther than half the
      seeds' median distance to their nearest other from every seed and every row that opened one before
      (the leader algorithm, Hartigan 1975). All rows are embedded for it. Of the seeds: of their latest n.

    Args:
        rows: Rows in their order of arrival, lazily or not; refused rows are not looked at, and what they
            cost counts.
        seeds: What they were grown from, or a frame.
        by: The column that tells groups apart; None takes all rows as one.
        at: Amounts of budget, in queries of the group (in rows where the frame has no `queries`). None: the
            largest budget of a group, its half, and so on, five in all.
        measures: Names from the list above; None takes all.
        on: The columns whose texts are measured.
        n: Rows in a sample; None takes 200, or fewer where the seeds or a group have fewer.
        embedder: What makes vectors; `tilth.curate.TfIdf()` where not given.
        random_state: What samples are drawn from.

    Returns:
        One line for each measure, group and amount: `measure`, `group`, `queries`, `rows` (kept up to there),
        `n`, `value`, `low` and `high` (the least and greatest of the samples; of the rate its 95% Wilson
        interval), `seeds_value` (null without seeds, or with fewer than n), `higher_is_more_diverse`,
        `embedder` (null for measures of words). Groups of fewer than 20 kept rows are left out, and a
        TilthWarning says so; amounts at which a group has fewer than n rows are left out.

    Raises:
        TypeError: An argument is of the wrong kind.
        ValueError: A measure is unknown, a number out of range, or a column missing.

    Example:
        >>> import polars as pl
        >>> seeds, teacher = tilth.demo.seeds(40), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 80, teacher=teacher, path="run.tilth")
        >>> found = tilth.curate.diversity(run.rows, seeds, measures=["diversity-gain"], at=[80])
        >>> found.select("group", "n", pl.col("value").round(3)).rows()
        [('answer-augmentation', 40, 0.0)]
    """
    import polars as pl

    names = _names(measures)
    columns = text_columns(on)
    state = random_state_of(random_state) % 2**64
    given = seed_texts(seeds, columns)
    known = embedder_of(embedder)
    arrivals = Arrivals(rows, by, columns, "diversity")
    groups = enough(arrivals.groups, "diversity")
    size = _size(n, groups, given)
    cells = _cells(groups, _amounts(at, groups), size, state)
    own = _draws(len(given), size, [state, 0]) if len(given) >= size else []
    texts = arrivals.texts(_union([draw for cell in cells for draw in cell.draws]))
    needed = any(MEASURES[name].vectors for name in names)
    space = Space.of(known, given, list(texts.values())) if needed else None
    of_seeds = _Sampled(dict(enumerate(given)), space, names).mean(own)
    if space is not None and space.seeds is not None:
        of_seeds |= _of_all_seeds(space.seeds, names, size)
    rates = _rates(arrivals, cells, space) if space is not None and NEW_TOPICS in names else {}
    sampled = _Sampled(texts, space, names)
    found = []
    for cell in cells:
        values = sampled.mean(cell.draws) | rates.get(cell.key, {})
        lines = lines_of(values, of_seeds, known.name)
        found += [line | dict(zip(_CELL, cell.key, strict=True)) for line in lines]
    frame = pl.DataFrame(found, schema=pl.Schema(schema()))
    order = pl.Enum(list(MEASURES))
    return frame.sort(pl.col("measure").cast(order), "group", "queries", maintain_order=True)


def enough(groups: Sequence[Group], what: str) -> list[Group]:
    """The groups with enough kept rows to be measured; a TilthWarning names the others."""
    few = [group.name for group in groups if len(group) < LEAST_ROWS]
    if few or not groups:
        which = f"{', '.join(few[:5])}{' …' if len(few) > 5 else ''}" or "rows"
        tell(f"{what}: {which}: fewer than {LEAST_ROWS} kept rows, not measured")
    return [group for group in groups if len(group) >= LEAST_ROWS]


def lines_of(
    values: Mapping[str, tuple[float, float, float]],
    seeds: Mapping[str, tuple[float, float, float]],
    name: str,
) -> list[dict[str, Any]]:
    """Measures as lines of a frame: value, low and high, beside the seeds' own."""
    return [
        {
            "measure": measure,
            "value": values[measure][0],
            "low": values[measure][1],
            "high": values[measure][2],
            "seeds_value": seeds[measure][0] if measure in seeds else None,
            "higher_is_more_diverse": MEASURES[measure].higher,
            "embedder": name if MEASURES[measure].vectors else None,
        }
        for measure in MEASURES
        if measure in values
    ]


def rate_of(flags: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The share of these that are true, with its 95% Wilson interval."""
    count = int(flags.sum())
    low, high = wilson(count, len(flags))
    return count / len(flags), float(low), float(high)


def of_seeds_alone(
    texts: Sequence[str], space: Space, names: Sequence[str], n: int, random_state: int
) -> dict[str, tuple[float, float, float]]:
    """The seeds' own values at samples of n; none where they are fewer."""
    if len(texts) < n or space.seeds is None:
        return {}
    found = _Sampled(dict(enumerate(texts)), space, names).mean(_draws(len(texts), n, [random_state, 0]))
    return found | _of_all_seeds(space.seeds, names, n)


@dataclass(frozen=True)
class _Cell:
    """A group up to an amount: its samples, by place in the frame."""

    group: Group
    queries: int
    rows: int
    draws: list[NDArray[np.int64]]
    n: int

    @property
    def key(self) -> tuple[str, int, int, int]:
        return self.group.name, self.queries, self.rows, self.n


@dataclass(frozen=True)
class _Sampled:
    """Texts by place, and what samples of them come to."""

    texts: Mapping[int, str]
    space: Space | None
    names: Sequence[str]

    def mean(self, draws: Sequence[NDArray[np.int64]]) -> dict[str, tuple[float, float, float]]:
        """Mean, least and greatest of each measure over the samples."""
        from threadpoolctl import threadpool_limits

        if not draws:
            return {}
        # Several threads add in an order of their own.
        with threadpool_limits(1):
            return spread([self._one(draw) for draw in draws])

    def _one(self, draw: NDArray[np.int64]) -> dict[str, float]:
        texts = [self.texts[place] for place in draw.tolist()]
        found = of_texts(texts, self.names)
        if self.space is not None:
            found |= of_vectors(embedded(self.space.embedder, texts), self.names, self.space.seeds)
        return found


def spread(found: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Mean, least and greatest of each measure over several samples, of those that all have."""
    values = {name: [one[name] for one in found if name in one] for name in MEASURES}
    return {
        name: (sum(some) / len(some), min(some), max(some))
        for name, some in values.items()
        if some and len(some) == len(found)
    }


def _of_all_seeds(seeds: Vectors, names: Sequence[str], n: int) -> dict[str, tuple[float, float, float]]:
    found: dict[str, tuple[float, float, float]] = {}
    if GAIN in names and (gain := own_gain(seeds)) is not None:
        found[GAIN] = (gain, gain, gain)
    if NEW_TOPICS in names and len(seeds) >= LEAST_ROWS:
        leaders = Leaders(Thresholds.of(seeds).topic, seeds.shape[1])
        found[NEW_TOPICS] = rate_of(leaders.add(seeds)[-n:])
    return found


def _rates(
    arrivals: Arrivals, cells: Sequence[_Cell], space: Space
) -> dict[tuple[str, int, int, int], dict[str, tuple[float, float, float]]]:
    """The new-topic rate of each cell, by its key."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    threshold = Thresholds.of(space.seeds).topic
    groups = list({cell.group.name: cell.group for cell in cells}.values())
    leaders: dict[str, Leaders] = {}
    flags: dict[str, list[NDArray[np.bool_]]] = {group.name: [] for group in groups}
    with threadpool_limits(1):
        for name, texts in arrivals.stream(groups, CHUNK):
            vectors = embedded(space.embedder, texts)
            if name not in leaders:
                leaders[name] = Leaders(threshold, vectors.shape[1])
                if space.seeds is not None:
                    leaders[name].add(space.seeds)
            flags[name].append(leaders[name].add(vectors))
    opened = {name: np.concatenate(some) for name, some in flags.items() if some}
    return {
        cell.key: {NEW_TOPICS: rate_of(opened[cell.group.name][max(0, cell.rows - cell.n) : cell.rows])}
        for cell in cells
    }


def _names(measures: Iterable[str] | None) -> tuple[str, ...]:
    if measures is None:
        return tuple(MEASURES)
    names = listed(measures, "measures", "names of measures")
    for name in names:
        if name not in MEASURES:
            raise ValueError(f"no measure is named {str(name)[:40]!r}; there are {', '.join(MEASURES)}")
    return names


def _amounts(at: Iterable[int] | None, groups: Sequence[Group]) -> list[int]:
    if at is not None:
        amounts = [whole_number_of(one, "a value in at") for one in listed(at, "at", "numbers of queries")]
        if not amounts or min(amounts) < 1 or len(amounts) > _MOST_POINTS:
            raise ValueError(f"at needs 1 to {_MOST_POINTS} numbers of queries, of 1 or more")
        return sorted(set(amounts))
    most = max((int(group.spent[-1]) for group in groups), default=0)
    return sorted({most >> halved for halved in range(_POINTS) if most >> halved})


def _size(n: int | None, groups: Sequence[Group], seeds: Sequence[str]) -> int:
    if n is not None:
        if not 2 <= whole_number_of(n, "n") <= MOST_SAMPLE:
            raise ValueError(f"n is {n}; pass 2 to {MOST_SAMPLE:,}")
        return n
    there = [len(group) for group in groups] + ([len(seeds)] if len(seeds) >= LEAST_ROWS else [])
    return min([USUAL_SAMPLE, *there])


def _cells(groups: Sequence[Group], amounts: Sequence[int], n: int, state: int) -> list[_Cell]:
    import numpy as np

    cells = []
    for group in groups:
        done = 0
        for amount in amounts:
            rows = int(np.searchsorted(group.spent, amount, side="right"))
            # A group that ends below an amount is told once, at what it spent.
            if rows < n or rows == done:
                continue
            done = rows
            at = min(amount, int(group.spent[-1]))
            key = [state, zlib.crc32(group.name.encode()), rows]
            draws = [group.places[draw] for draw in _draws(rows, n, key)]
            cells.append(_Cell(group, at, rows, draws, n))
    return cells


def _draws(count: int, n: int, key: list[int]) -> list[NDArray[np.int64]]:
    """Samples of n out of so many, in order of arrival; one where that is all of them."""
    import numpy as np

    if count == n:
        return [np.arange(n)]
    rng = np.random.default_rng(key)
    return [np.sort(rng.choice(count, n, replace=False)) for _ in range(DRAWS)]


def _union(draws: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    import numpy as np

    return np.unique(np.concatenate(draws)) if draws else np.zeros(0, np.int64)
