"""What is believed of learning curves before any point of one is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from tilth.strategies.base import INGREDIENTS

if TYPE_CHECKING:
    from tilth.strategies.base import Ingredient


@dataclass(frozen=True)
class Prior:
    """Beliefs about curves over doublings of the data, in units of the link. Tuples are averaged over.

    The defaults are for the logit of accuracy over log2(ratio). Two sources agree on them: published tables
    of fine-tuned models (+0.16 logits a doubling, sd 0.15, over 14 series; 0.27 a doubling at ratio 2 to 4
    and 0.07 at 4 to 39), and a development set of 13 pools of the demo (new questions: 0.36, 0.19, 0.16, 0.10
    at ratio 2, 4, 8, 16). In both the slope falls, hence the damping.

    Attributes:
        slopes: Mean slope of new questions, for each doubling.
        gains: Mean slopes of what rows are made of, relative to each other: curves of rephrases flatten
            earlier (arXiv 2409.19759, figure 2).
        damping: Doublings after ratio 1 in which slopes fall to 1/e; infinite: they do not.
        slope_sd: Standard deviation of an arm's own slope about the mean.
        roughness: Standard deviation of the part of a slope that changes along the curve.
        memory: Doublings over which that part is remembered.
        after_answers: What is left of the slope of answers alone after ratio 1, where no question is new.
        likeness: How much of two arms' slopes is shared where they are made of the same.
        training_sd: Standard deviation of what the noise of a training adds to a point.
        replicate_sd: Standard deviation of what all points of a replicate share, where there are several.
        level_sd: Standard deviation of where all curves begin.
        arm_sd: Standard deviation of where one begins, about the others.
    """

    slopes: tuple[float, ...] = (0.1, 0.3)
    gains: Mapping[Ingredient, float] = field(
        default_factory=lambda: {"answers": 1.0, "rephrases": 0.5, "new questions": 1.0}
    )
    damping: tuple[float, ...] = (2.0, 5.0, inf)
    slope_sd: float = 0.15
    roughness: tuple[float, ...] = (0.2, 0.4, 0.8)
    memory: tuple[float, ...] = (1.0, 3.0)
    after_answers: tuple[float, ...] = (0.0, 0.3, 1.0)
    likeness: float = 0.7
    training_sd: tuple[float, ...] = (0.05, 0.1)
    replicate_sd: float = 0.15
    level_sd: float = 2.0
    arm_sd: float = 0.7

    def knowing(self, gains_from_answers: bool | None) -> Prior:
        """The prior of a student that says whether a second answer to a question teaches it anything."""
        if gains_from_answers is None:
            return self
        left = tuple(one for one in self.after_answers if (one > 0) == gains_from_answers)
        return replace(self, after_answers=left)

    def even(self) -> Prior:
        """The same without a belief that favours an arm: what it calls clear, the evidence calls clear."""
        return replace(self, gains=dict.fromkeys(self.gains, 1.0), after_answers=(1.0,))


ACCURACY = Prior()

LOSS = Prior(
    slopes=(0.06,),
    gains=dict.fromkeys(INGREDIENTS, 1.0),
    damping=(inf,),
    slope_sd=0.0,
    roughness=(0.05, 0.1, 0.2),
    memory=(3.0, 6.0, 12.0),
    after_answers=(1.0,),
    training_sd=(0.002, 0.006),
)
"""For minus the log of a test loss, over any amount of data: chosen on fine-tuning curves of 30 models on
flan and gigaword (arXiv 2402.02314), and looked at once on wmt19. What their rows are made of is of no
account."""
