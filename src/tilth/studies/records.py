"""A measured cell as the study's frame has it: one record for each test set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.checks.intervals import wilson
from tilth.engine.budget import NANO
from tilth.students.asking import AskingStudent
from tilth.students.base import Student
from tilth.studies import store
from tilth.studies.base_lines import ZERO_SHOT, BaseLine
from tilth.studies.grid import Cell, Cut
from tilth.studies.inputs import StudyInputs
from tilth.studies.options import DEFAULTS, student_options
from tilth.studies.training.measure import CellAnswers

Columns = dict[str, Any]
"""The columns of a record that are known before its student is trained."""


def columns_of_cell(inputs: StudyInputs, cell: Cell, part: Cut, rows: int, run_id: str) -> Columns:
    """Those of a cell that was cut out of a run."""
    planned = cell.run
    return {
        "run_id": run_id,
        "strategy": planned.strategy.name,
        "options": planned.options,
        "seeds": cell.seeds,
        "ratio": float(cell.ratio),
        "budget_queries": cell.budget.queries,
        "rows": rows,
        "rows_per_seed": rows / cell.seeds,
        "replicate": planned.replicate,
        "random_state": inputs.grid.random_state_of(planned.replicate),
        "student": cell.student.name,
        "student_options": student_options(cell.student),
        "seed_rows": cell.seed_rows,
        "check": cell.check,
        "queries": part.cost.queries,
        "usd": part.cost.nano / NANO if inputs.priced else None,
        "simulated": inputs.simulated or _is_simulated(cell.student),
        "complete": part.complete,
    }


def columns_of_base_line(inputs: StudyInputs, line: BaseLine) -> Columns:
    """Those of a cell that nothing was grown for."""
    return {
        "run_id": None,
        "strategy": line.kind,
        "options": DEFAULTS,
        "seeds": line.seeds,
        "ratio": 0.0,
        "budget_queries": 0,
        "rows": 0,
        "rows_per_seed": 0.0,
        "replicate": line.replicate,
        "random_state": inputs.grid.random_state_of(line.replicate),
        "student": line.student.name,
        "student_options": student_options(line.student),
        "seed_rows": line.kind != ZERO_SHOT,
        "check": "label",
        "queries": 0,
        "usd": 0.0,
        "simulated": inputs.simulated or _is_simulated(line.student),
        "complete": True,
    }


def records(study_id: str, inputs: StudyInputs, own: Columns, told: CellAnswers) -> list[dict[str, Any]]:
    """The records of a cell, one for each test set."""
    found = []
    for name, answers in told.answers.items():
        correct = sum(right for _, right in answers)
        low, high = wilson(correct, len(answers))
        found.append(
            {
                **own,
                "study_id": study_id,
                "cell_id": told.cell_id,
                "test": name,
                "n_test": len(answers),
                "correct": correct,
                "accuracy": correct / len(answers),
                "ci_low": float(low),
                "ci_high": float(high),
                "cut_off": told.cut_off.get(name),
                "trained_on": told.trained_on,
                "seconds": told.seconds,
                "machine": told.machine,
                "task": inputs.task.name,
                "teacher": inputs.teacher.name,
                "writer": inputs.writer.name,
            }
        )
    return found


def _is_simulated(student: Student) -> bool:
    """Whether it asks a rule-based stand-in."""
    return isinstance(student, AskingStudent) and student.asked.simulated


def outcomes(inputs: StudyInputs, told: CellAnswers) -> Mapping[str, list[store.Answer]]:
    """A cell's answers by test set, each with its question's id."""
    return {
        name: [
            (question, answer, right)
            for question, (answer, right) in zip(frame["question_id"], told.answers[name], strict=True)
        ]
        for name, frame in inputs.tests.items()
    }
