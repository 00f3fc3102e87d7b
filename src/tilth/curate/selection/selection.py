"""`select`: n of the rows, by a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tilth.arguments import kind_of, number_of, random_state_of
from tilth.curate.embedding import Embedder, embedder_of
from tilth.curate.selection.facility_location import FacilityLocation
from tilth.curate.selection.instruct_mining import InstructMining
from tilth.curate.selection.kmeans_quality import KMeansQuality
from tilth.curate.selection.method import Choice, Pool, SelectionMethod
from tilth.curate.selection.pass_rate import PassRateBand
from tilth.curate.selection.random_draw import Random
from tilth.curate.selection.score_weighted import ScoreWeighted
from tilth.curate.steps import Batches, curated, text_columns
from tilth.errors import tell

if TYPE_CHECKING:
    import polars as pl

    from tilth.curate.steps import Frame

METHODS: dict[str, type[SelectionMethod]] = {
    method.name: method
    for method in (FacilityLocation, InstructMining, KMeansQuality, PassRateBand, Random, ScoreWeighted)
}
"""The methods that a name alone chooses; the others need a target, so pass an object of theirs."""


def select(
    rows: Frame,
    n: float,
    method: str | SelectionMethod = "random",
    *,
    on: str | Sequence[str] | None = None,
    embedder: Embedder | None = None,
    random_state: int = 0,
) -> Frame:
    """Keeps n of the rows, and says of each of the others that it was not chosen.

    Most published methods do not beat a random draw of the same size and cost (arXiv 2503.01807). Measured on
    the demo study, which says nothing of language models (tests/bench/SELECTION.md): facility location beat
    it in three of four settings and was below it in the fourth, target similarity was below it in all four,
    and k-means was not told from it. With no measurement of your own, take "random".

    Args:
        rows: A frame, or a lazy one, whose texts are read batch by batch; rows already refused are not
            looked at and do not count.
        n: How many to keep, from 1; or a float in (0, 1), the share of the rows that may be chosen, rounded
            and at least 1.
        method: A name ("facility-location", "instruct-mining", "k-means-quality", "pass-rate", "random",
            "score-weighted"), or an object with options, such as `tilth.curate.KMeansQuality(k=50)`.
            `KShot` and `TargetSimilarity` need a target, so only an object will do.
        on: The columns whose texts are embedded, where the method compares vectors: question and response,
            or which of them there is. All vectors are held in memory (float32).
        embedder: What embeds them; `tilth.curate.TfIdf()` where not given.
        random_state: What draws are made from.

    Returns:
        The rows with `score` (the method's, null for none), `keep`, `reason`, `select_score`; with
        `cluster` where the method makes clusters, and `embedder`, its name, where it compares vectors.
        Where fewer than n can be chosen, those are kept, and a TilthWarning says so.

    Raises:
        TypeError: An argument is of the wrong kind.
        ValueError: n is out of range, a name unknown, or a column missing.

    Example:
        >>> import polars as pl
        >>> import tilth.curate
        >>> rows = pl.DataFrame({"question": ["a", "b", "c"], "judge_score": [0.1, 0.9, 0.5]})
        >>> by_score = tilth.curate.ScoreWeighted(temperature=0)
        >>> tilth.curate.select(rows, 2, by_score)["keep"].to_list()
        [False, True, True]
    """
    chosen: SelectionMethod = _method_of(method)
    share = isinstance(n, float)
    if share and not 0 < n < 1:
        raise ValueError(f"n is {n}; pass a whole number from 1, or a share between 0 and 1")
    if not share and number_of(n, "n") < 1:
        raise ValueError(f"n is {n}; pass 1 or more")
    state = random_state_of(random_state) % 2**64
    columns: tuple[str, ...] = text_columns(on, rows) if chosen.embeds else ()
    known = embedder_of(embedder)

    def find(batches: Batches) -> pl.DataFrame:
        import numpy as np

        pool = Pool(batches, columns, known)
        wanted = max(1, round(n * len(pool))) if share else int(n)
        fitting = min(wanted, len(pool))
        choice = chosen.choose(pool, fitting, np.random.default_rng(state)) if fitting else None
        if choice is None or len(choice.taken) < wanted:
            taken = 0 if choice is None else len(choice.taken)
            tell(f"select: {wanted} rows were asked for, and {taken} can be chosen by {chosen.name!r}")
        return _findings(pool, choice, chosen, known)

    read: list[str] = list(dict.fromkeys((*columns, *chosen.columns)))
    return curated(rows, "select", read, find)


def _method_of(method: str | SelectionMethod) -> SelectionMethod:
    if isinstance(method, SelectionMethod):
        return method
    if not isinstance(method, str):
        raise TypeError(f"method is {kind_of(method)}; pass a name, or an object such as KMeansQuality(k=50)")
    if method in ("k-shot", "target-similarity"):
        raise ValueError(
            f"method {method!r} needs a target; pass an object, such as TargetSimilarity(target)"
        )
    if method not in METHODS:
        raise ValueError(f"no method is named {method[:40]!r}; there are {', '.join(sorted(METHODS))}")
    return METHODS[method]()


def _findings(pool: Pool, choice: Choice | None, method: SelectionMethod, embedder: Embedder) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    size = len(pool)
    if choice is None:
        choice = Choice(np.zeros(0, np.int64), np.full(size, np.nan))
    keep = np.zeros(size, dtype=bool)
    keep[choice.taken] = True
    if np.count_nonzero(keep) != len(choice.taken):
        raise ValueError(f"method {method.name!r} took a row twice")
    why = choice.refused or {}
    told = [None if kept else why.get(row, f"not chosen by {method.name}") for row, kept in enumerate(keep)]
    found = pl.DataFrame(
        {
            "place": pool.place,
            "score": pl.Series(choice.score, dtype=pl.Float64, nan_to_null=True),
            "keep": keep,
            "reason": pl.Series(told, dtype=pl.String),
        }
    )
    if choice.cluster is not None:
        found = found.with_columns(cluster=pl.Series(choice.cluster, dtype=pl.Int64))
    if method.embeds:
        found = found.with_columns(embedder=pl.lit(embedder.name))
    return found
