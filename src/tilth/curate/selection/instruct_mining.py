"""InstructMining's rule: the rows that it expects the least loss of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.curate.selection.method import Choice, Pool, SelectionMethod, best

if TYPE_CHECKING:
    import numpy as np

_CONSTANT = 0.0274
_REWARD, _UNDERSTANDABILITY, _NATURALNESS, _COHERENCE = -0.0078, 0.4421, -0.3212, -0.1520


@dataclass(frozen=True)
class InstructMining(SelectionMethod):
    """Takes the rows with the lowest log loss by the linear rule of Cao et al. (arXiv 2307.06290).

    log L = 0.0274 - 0.0078 reward + 0.4421 understandability - 0.3212 naturalness - 0.1520 coherence, with
    R2 0.522, as a later source gives it. `score` is minus log L. The four indicators come from a reward
    model and from UniEval; none can be computed without these models, so they must stand in columns. The
    paper's others (length, perplexity, MTLD, distance to neighbours) have no weight in the rule. A row that
    lacks an indicator is not taken.

    Attributes:
        reward: The column of the reward model's scores.
        understandability: The column of UniEval's scores of this name, 0 to 1.
        naturalness: Likewise.
        coherence: Likewise.

    Example:
        >>> import polars as pl
        >>> scores = {name: [0.5, 0.9] for name in ("reward", "naturalness", "coherence")}
        >>> rows = pl.DataFrame({"question": ["a", "b"], **scores, "understandability": [0.5, 0.5]})
        >>> tilth.curate.select(rows, 1, tilth.curate.InstructMining())["keep"].to_list()
        [False, True]
    """

    name = "instruct-mining"
    reward: str = "reward"
    understandability: str = "understandability"
    naturalness: str = "naturalness"
    coherence: str = "coherence"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.reward, self.understandability, self.naturalness, self.coherence)

    def choose(self, pool: Pool, n: int, rng: np.random.Generator) -> Choice:
        loss = (
            _CONSTANT
            + _REWARD * pool.numbers(self.reward)
            + _UNDERSTANDABILITY * pool.numbers(self.understandability)
            + _NATURALNESS * pool.numbers(self.naturalness)
            + _COHERENCE * pool.numbers(self.coherence)
        )
        return Choice(best(-loss, n), -loss)
