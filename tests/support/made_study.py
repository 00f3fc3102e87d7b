"""Studies with known answers: frames and per-question outcomes made from accuracies one chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tilth.studies.frame import read_outcomes, read_studies

RATIOS = (1, 2, 4, 8, 16)
COVERAGE: dict[str, dict[int, Sequence[float]]] = {
    "answer-augmentation": {25: (0.25, 0.25, 0.25, 0.26, 0.25), 100: (0.45, 0.46, 0.46, 0.46, 0.46)},
    "question-rephrase": {25: (0.18, 0.23, 0.24, 0.24, 0.25), 100: (0.27, 0.35, 0.39, 0.41, 0.43)},
    "new-question": {25: (0.16, 0.20, 0.29, 0.37, 0.45), 100: (0.30, 0.37, 0.46, 0.53, 0.58)},
    "answers-then-new": {25: (0.25, 0.27, 0.34, 0.41, 0.49), 100: (0.45, 0.47, 0.53, 0.58, 0.63)},
}
"""Accuracies by strategy and seeds at each of `RATIOS`: new questions pass answers between 2 and 4."""


def made_study(
    accuracies: Mapping[str, Mapping[int, Sequence[float]]] = COVERAGE,
    *,
    ratios: Sequence[float] = RATIOS,
    replicates: int = 3,
    questions: int = 400,
    drawn: bool = True,
    tests: Sequence[str] = ("same",),
    **columns: Any,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A study's frame and outcomes. Not `drawn`: the first questions are right, exactly as many as asked."""
    cells: list[dict[str, Any]] = []
    outcomes: list[pl.DataFrame] = []
    rng = np.random.default_rng(7)
    for test in tests:
        hardness = rng.random(questions)
        for strategy, by_seeds in accuracies.items():
            for seeds, by_ratio in by_seeds.items():
                for ratio, accuracy in zip(ratios, by_ratio, strict=True):
                    for replicate in range(replicates):
                        luck = 0.1 * rng.standard_normal(questions) if drawn else 0.0
                        order = hardness if drawn else (np.arange(questions) + 0.5) / questions
                        correct = order + luck < accuracy
                        cell = f"{strategy}/{seeds}/{ratio}/{replicate}"
                        cells.append(
                            {
                                "cell_id": cell,
                                "strategy": strategy,
                                "seeds": seeds,
                                "ratio": float(ratio),
                                "replicate": replicate,
                                "student": "parser",
                                "test": test,
                                "n_test": questions,
                                "correct": int(correct.sum()),
                                "rows": int(seeds * ratio / (1 if strategy == "answer-augmentation" else 2)),
                                "queries": int(seeds * ratio),
                                "usd": seeds * ratio * 4e-4,
                                "task": "numeric",
                                "teacher": "demo",
                                "simulated": True,
                            }
                            | columns
                        )
                        names = [f"q{place}" for place in range(questions)]
                        outcomes.append(
                            pl.DataFrame(
                                {"cell_id": cell, "test": test, "question_id": names, "correct": correct}
                            )
                        )
    frame = read_studies(pl.DataFrame(cells))
    return frame, read_outcomes(pl.concat(outcomes), frame)
