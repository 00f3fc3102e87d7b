"""Written questions that are a seed's in other words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import kind_of
from tilth.curate.duplicates.shingles import Shingles, shingles
from tilth.curate.texts import tokenised
from tilth.seeds import Seeds
from tilth.strategies import registry

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class SeedQuestions:
    """The seeds' questions, ready to be compared with.

    Attributes:
        frame: `seed`, a number from 0, `id`, and `text`, the question as it is compared.
        shingles: Those of the questions.
    """

    frame: pl.DataFrame
    shingles: Shingles

    @classmethod
    def of(cls, against: Seeds | pl.DataFrame) -> SeedQuestions:
        """Of seeds, or of a frame with `question` and, where it has one, `seed_id`."""
        import polars as pl

        frame = against.frame if isinstance(against, Seeds) else against
        if not isinstance(frame, pl.DataFrame):
            raise TypeError(f"against is {kind_of(against)}; pass seeds, or a frame with the column question")
        if "question" not in frame.columns:
            raise ValueError(f"against: column 'question' is missing; it has {', '.join(frame.columns[:20])}")
        own = pl.col("seed_id") if "seed_id" in frame.columns else pl.int_range(pl.len())
        question = pl.col("question").cast(pl.String)
        named = frame.select(id=own.cast(pl.String), text=tokenised(question)).with_row_index("seed")
        return cls(named, shingles(frame["question"].cast(pl.String)))

    def alike(self, batch: pl.DataFrame, threshold: float) -> pl.DataFrame:
        """The rows whose question was written and is alike to a seed's: `place`, `id`, `score`.

        Args:
            batch: `place` and `question`, with `strategy` and `seed_id` where the rows have them.
            threshold: The Jaccard from which two are alike.
        """
        import numpy as np
        import polars as pl

        questions = batch["question"].cast(pl.String)
        own = shingles(questions)
        n_seed = pl.DataFrame({"seed": self.frame["seed"], "n_seed": np.diff(self.shingles.starts)})
        n_row = pl.DataFrame({"n_row": np.diff(own.starts)}).with_row_index("at")
        union = pl.col("n_seed") + pl.col("n_row") - pl.col("shared")
        pairs = (
            _flat(own, "at")
            .join(_flat(self.shingles, "seed"), on="hash")
            .group_by("at", "seed")
            .agg(shared=pl.len().cast(pl.Int64))
            .join(n_seed, on="seed")
            .join(n_row, on="at")
            .with_columns(score=pl.col("shared") / union)
            .filter(pl.col("score") >= threshold)
        )
        of_rows = batch.with_row_index("at").with_columns(text=tokenised(pl.col("question").cast(pl.String)))
        found = (
            pairs.join(of_rows, on="at")
            .join(self.frame.rename({"text": "seed_text"}), on="seed")
            .filter(~_wanted(batch).fill_null(value=False))
        )
        return found.sort("place", -pl.col("score"), "seed").unique(
            "place", keep="first", maintain_order=True
        )


def _flat(of: Shingles, name: str) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    owner = np.repeat(np.arange(len(of), dtype=np.uint32), np.diff(of.starts))
    return pl.DataFrame({name: owner, "hash": of.hashes})


def _wanted(batch: pl.DataFrame) -> pl.Expr:
    """Whether a row is meant to say what the seed says: it answers it, or is its rephrase."""
    import polars as pl

    own = (
        pl.col("seed_id").cast(pl.String) == pl.col("id")
        if "seed_id" in batch.columns
        else pl.lit(value=True)
    )
    answers = pl.col("text") == pl.col("seed_text")
    if "strategy" not in batch.columns:
        return answers & own
    made_of = {name: _ingredients(name) for name in batch["strategy"].drop_nulls().unique().to_list()}
    rephrasing = [name for name, found in made_of.items() if "rephrases" in found]
    answering = [name for name, found in made_of.items() if found == {"answers"}]
    return (own & (answers | pl.col("strategy").is_in(rephrasing))) | pl.col("strategy").is_in(answering)


def _ingredients(strategy: str) -> set[str]:
    kind = registry.available().get(strategy)
    return set() if kind is None else set(kind.ingredients)
