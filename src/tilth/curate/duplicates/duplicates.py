"""`duplicates`: which rows say again what another row, or a seed, says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tilth.arguments import number_of
from tilth.curate.duplicates.near import near as near_of
from tilth.curate.duplicates.near import signatures
from tilth.curate.duplicates.of_seeds import SeedQuestions
from tilth.curate.duplicates.semantic import semantic as semantic_of
from tilth.curate.duplicates.shingles import Shingles, shingles
from tilth.curate.embedding import Embedder, embedder_of
from tilth.curate.steps import PLACE, Batches, curated, text_columns

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from tilth.curate.steps import Frame
    from tilth.seeds import Seeds

_KEPT_BY = ("verdict", "judge_score", "row_id", "seed_id", "strategy", "question")
"""Columns that decide which of several rows is kept, and how it is told."""


def duplicates(
    rows: Frame,
    against: Seeds | pl.DataFrame | None = None,
    *,
    on: str | Sequence[str] | None = None,
    near: float | None = 0.8,
    semantic: float | None = None,
    embedder: Embedder | None = None,
) -> Frame:
    """Refuses rows that say what a kept row, or a seed, says already.

    Rows are taken in an order: accepted before unverified ones, then those with the higher judge's score,
    then as they stand. A row is refused if it is alike to one that is kept before it, so rows that are each
    alike to the next do not all fall to the first. Two rows are alike by one of three kinds:

    - "exact": the same text, but for upper case, blanks and compatible characters (NFKC).
    - "near": of all the shingles (three tokens in a row) that two texts have, they share at least `near`
      (Jaccard). Pairs are found by MinHash and locality-sensitive hashing (Broder 1997; Indyk and Motwani
      1998), at the threshold with 98 in 100 chances, and each is then measured exactly. Two questions that
      differ in a number only are alike, if they are long.
    - "semantic": the cosine of their vectors is at least `semantic`; Open Knowledge takes 0.9
      (arXiv 2408.15915). Work grows with the square of the rows that are kept so far. A row that was alike to
      one that then falls by this kind falls with it, and is told by its kind and figure.

    Against seeds, questions alone are compared, by the same thresholds of "near": a written question that is
    a seed in other words is refused by the kind "seed". An answer to a seed's own question is none, nor is a
    rephrase of a row's own seed by a strategy that rephrases.

    Args:
        rows: Rows, lazily or not: of a lazy frame hashes are held in memory, 8 bytes a token, and no texts.
        against: Seeds, or a frame with `question`.
        on: The columns whose texts are compared; question and response, or which of them there is.
        near: The Jaccard from which two texts are alike, above 0 up to 1; None looks for none.
        semantic: The cosine from which they are, above 0 up to 1; None looks for none.
        embedder: What makes vectors; `tilth.curate.TfIdf()` where not given.

    Returns:
        The rows with `score` (the Jaccard, or cosine, to the kept one), `keep`, `reason`, `duplicate_kind`,
        `duplicate_of` (the kept row's `row_id`, or its number from 0, or the seed's id) and `cluster`, a
        number that a kept row and those refused for it share.

    Raises:
        ValueError: A column is missing, or a threshold makes no sense.
        TypeError: `rows` is no frame, or `against` neither seeds nor a frame.

    Example:
        >>> import polars as pl
        >>> rows = pl.DataFrame({"question": ["Who wrote Emma?", "Who wrote Faust?", "who wrote  emma?"]})
        >>> found = tilth.curate.duplicates(rows)
        >>> found.select("keep", "duplicate_kind", "duplicate_of").rows()
        [(True, None, None), (True, None, None), (False, 'exact', '0')]
    """
    for name, value in (("near", near), ("semantic", semantic)):
        if value is not None and not 0 < number_of(value, name) <= 1:
            raise ValueError(
                f"{name} is {value}; pass more than 0 and at most 1, or None for none of its kind"
            )
    known = embedder_of(embedder)
    columns: tuple[str, ...] = text_columns(on, rows)
    seeds: SeedQuestions | None = None if against is None else SeedQuestions.of(against)
    read = dict.fromkeys((*columns, *(["question"] if seeds else [])))

    def find(batches: Batches) -> pl.DataFrame:
        return _Search(batches, columns, near, semantic, known, seeds).findings()

    return curated(rows, "duplicates", list(read), find, optional=[n for n in _KEPT_BY if n not in read])


class _Search:
    """One look through the rows."""

    def __init__(
        self,
        batches: Batches,
        columns: Sequence[str],
        near: float | None,
        semantic: float | None,
        embedder: Embedder,
        seeds: SeedQuestions | None,
    ) -> None:
        self._batches, self._columns = batches, columns
        self._near, self._semantic = near, semantic
        self._embedder, self._seeds = embedder, seeds

    def findings(self) -> pl.DataFrame:
        import numpy as np
        import polars as pl

        facts, of, keys = self._read()
        kind: dict[int, tuple[str, int | str, float]] = {
            row: ("seed", seed, score)
            for row, seed, score in facts.filter(pl.col("seed").is_not_null())
            .select("at", "seed", "seed_score")
            .iter_rows()
        }
        order = facts.sort("unverified", -pl.col("judged"), "at", nulls_last=True)["at"].to_numpy()
        order = order[~np.isin(order, list(kind))].astype(np.int64)
        texts = facts["text"].to_numpy()
        _, first = np.unique(texts[order], return_index=True)
        owner = {int(texts[order[place]]): int(order[place]) for place in first}
        for row in np.delete(order, first).tolist():
            kind[row] = ("exact", owner[int(texts[row])], 1.0)
        order = order[np.sort(first)]
        if self._near is not None and keys is not None:
            found = near_of(of, keys, order, self._near)
            kind |= {row: ("near", other, score) for row, (other, score) in found.items()}
            order = order[~np.isin(order, list(found))]
        if self._semantic is not None and len(order):
            found = semantic_of(self._vectors(facts.height), order, self._semantic)
            kind |= {row: ("semantic", other, score) for row, (other, score) in found.items()}
        for row, (_, other, _) in list(kind.items()):
            if isinstance(other, int) and other in kind:  # it was kept for a while: both fall to the same
                kind[row] = kind[other]
        return self._told(facts, kind)

    def _read(self) -> tuple[pl.DataFrame, Shingles, NDArray[np.uint64] | None]:
        """What is held of each row, their shingles, and the keys of these."""
        import numpy as np
        import polars as pl

        facts, parts, keys = [], [], []
        for batch in self._batches():
            text = self._texts(batch)
            plain = (
                text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
            )
            found = batch.select(
                PLACE,
                _either(batch, "row_id", pl.String).alias("row_id"),
                (_either(batch, "verdict", pl.String) == "unverified")
                .fill_null(value=False)
                .alias("unverified"),
                _either(batch, "judge_score", pl.Float64).alias("judged"),
            ).with_columns(text=plain.hash(seed=0))
            schema = pl.Schema({PLACE: pl.UInt32, "seed": pl.String, "seed_score": pl.Float64})
            seeds = pl.DataFrame(schema=schema)
            if self._seeds is not None:
                alike = self._seeds.alike(batch, self._near if self._near is not None else 1.0)
                seeds = alike.select(PLACE, seed="id", seed_score="score").cast(schema)
            facts.append(found.join(seeds, on=PLACE, how="left", maintain_order="left"))
            if self._near is not None:
                parts.append(shingles(text))
                if len(text):
                    keys.append(signatures(parts[-1], self._near))
        whole = pl.concat(facts).with_row_index("at")
        return whole, Shingles.joined(parts), np.concatenate(keys) if keys else None

    def _texts(self, batch: pl.DataFrame) -> pl.Series:
        import polars as pl

        texts = [pl.col(name).cast(pl.String).fill_null("") for name in self._columns]
        return batch.select(text=pl.concat_str(texts, separator="\n"))["text"]

    def _vectors(self, height: int) -> NDArray[np.float32]:
        import numpy as np

        fitted = self._embedder.fitted(self._texts(batch).to_list() for batch in self._batches())
        vectors = [fitted.embed(self._texts(batch).to_list()) for batch in self._batches() if batch.height]
        return np.concatenate(vectors)

    def _told(self, facts: pl.DataFrame, kind: dict[int, tuple[str, int | str, float]]) -> pl.DataFrame:
        import polars as pl

        refused = pl.DataFrame(
            {
                "at": list(kind),
                "duplicate_kind": [name for name, _, _ in kind.values()],
                "other": [other if isinstance(other, int) else None for _, other, _ in kind.values()],
                "seed_of": [other if isinstance(other, str) else None for _, other, _ in kind.values()],
                "score": [score for _, _, score in kind.values()],
            },
            schema={
                "at": pl.UInt32,
                "duplicate_kind": pl.String,
                "other": pl.UInt32,
                "seed_of": pl.String,
                "score": pl.Float64,
            },
        )
        name = pl.coalesce("row_id", pl.col(PLACE).cast(pl.String))
        names = facts.select(other="at", kept_name=name)
        # a kept row leads its cluster, though it was refused as near to none
        heads = refused.drop_nulls("other").select(at="other").unique().with_columns(leads=pl.lit(value=True))
        told = (
            facts.join(refused, on="at", how="left", maintain_order="left")
            .join(names, on="other", how="left", maintain_order="left")
            .join(heads, on="at", how="left", maintain_order="left")
        )
        kept = pl.col("duplicate_kind").is_null()
        of = pl.coalesce("seed_of", "kept_name")
        figure = (pl.col("score") * 100).round().cast(pl.Int64).cast(pl.String)
        why = {
            "exact": pl.format("the same text as row {}", of),
            "near": pl.format("it shares {} % of the shingles of row {}", figure, of),
            "semantic": pl.format("it says what row {} says (cosine {})", of, pl.col("score").round(3)),
            "seed": pl.format("its question is seed {} in other words ({} % of shingles shared)", of, figure),
        }
        reason = pl.coalesce(pl.when(pl.col("duplicate_kind") == k).then(text) for k, text in why.items())
        cluster = pl.when(pl.col("leads")).then("at").otherwise("other").cast(pl.Int64)
        return told.select(
            PLACE,
            "score",
            keep=kept,
            reason=reason,
            duplicate_kind="duplicate_kind",
            duplicate_of=of,
            cluster=cluster,
        )


def _either(batch: pl.DataFrame, column: str, dtype: type[pl.DataType]) -> pl.Expr:
    """A column, or nulls where there is none."""
    import polars as pl

    return pl.col(column).cast(dtype) if column in batch.columns else pl.lit(None, dtype)
