"""Measures the simulated teacher; `python -m tests.unit.demo.measure` prints the tables of RESULTS.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction

from tests.unit.demo import measure_sql
from tests.unit.demo.measured import Measured

from tilth.demo.arithmetic.reader import Reading, read_question
from tilth.demo.arithmetic.world import Problem
from tilth.demo.knobs import Knobs
from tilth.demo.sets import draw_questions, draw_seeds
from tilth.tasks import get

TASK = get("numeric")


class Arithmetic(Measured[Problem, Fraction]):
    """The simulation at word problems, which mean a number."""

    def meant(self, one: Problem) -> Fraction:
        return one.answer

    def gist(self, reading: Reading) -> Fraction:
        return reading.value

    def reads_right(self, one: Problem) -> bool:
        reading = read_question(one.question)
        return reading is not None and reading.value == one.answer

    def agrees(self, knobs: Knobs, question: str, temperature: float, seed: int, meant: Fraction) -> bool:
        return self.labelled(knobs, question, temperature, seed) == meant

    def labelled(self, knobs: Knobs, question: str, temperature: float, seed: int) -> Fraction | None:
        """The answer that the simulation gives to a question, as the numeric task reads it."""
        answer = TASK.read(self.ask(knobs, "answer", question, temperature, seed)).answer
        return None if answer is None else Fraction(answer)


MEASURED = Arithmetic(TASK, read_question, asked=2000)
ask, written, labelled = MEASURED.ask, MEASURED.written, MEASURED.labelled
read_right, answers_right = MEASURED.read_right, MEASURED.answers_right
rephrases_right = MEASURED.rephrases_right


def table() -> Iterator[str]:
    """The table's lines."""
    fresh = draw_seeds(4000, 77)
    yield from MEASURED.lines_read(
        {
            "4,000 fresh questions of the seeds' distribution": fresh,
            "400 held-out questions (test)": draw_questions("held-out", "test"),
            "120 hand-written questions (test)": draw_questions("hand-written", "test"),
            "40 hand-written questions (validation)": draw_questions("hand-written", "validation"),
        }
    )
    for skill in (0.25, 1.0, 4.0):
        yield from MEASURED.lines_right(skill, fresh)
    yield from MEASURED.lines_spent(fresh)


def main() -> None:
    """Prints both tables."""
    head = ["| what | measured |", "| --- | --- |"]
    lines = ["## Arithmetic word problems", "", *head, *table()]
    lines += ["", "## Questions over the sample database", "", *head, *measure_sql.table()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
