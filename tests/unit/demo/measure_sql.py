"""Measures the simulated teacher over its sample database; its table is a part of what `measure` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.unit.demo.measured import Measured

from tilth.demo.knobs import Knobs
from tilth.demo.sets import seeds
from tilth.demo.sql.reader import Reading, read_question
from tilth.demo.sql.sets import Asked, draw_questions, draw_seeds
from tilth.tasks import Task, get

TASK: Task = get(seeds(1, task="sql").task)


class OverDatabase(Measured[Asked, str]):
    """The simulation at questions over a database, which mean the rows of a query on both states."""

    def meant(self, one: Asked) -> str:
        return one.reference

    def gist(self, reading: Reading) -> str:
        return reading.sql

    def reads_right(self, one: Asked) -> bool:
        reading = read_question(one.question)
        return reading is not None and TASK.check(reading.sql, one.reference, one.question).accepted

    def agrees(self, knobs: Knobs, question: str, temperature: float, seed: int, meant: str) -> bool:
        verdict = TASK.check(self.ask(knobs, "answer", question, temperature, seed), meant, question)
        return verdict.verdict != "rejected"

    def rephrases_unfaithful(self, knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
        """The share of rephrasings that read to another query than their seed does."""
        unfaithful = []
        for place, one in enumerate(asked):
            before = read_question(one.question)
            after = read_question(self.written(knobs, "rephrase", one.question, temperature, place))
            unfaithful.append(before is None or after is None or after.sql != before.sql)
        return sum(unfaithful) / len(unfaithful)

    def new_questions_empty(self, knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
        """The share of new questions whose slip-free query returns nothing on both states."""
        empty = []
        for place, one in enumerate(asked):
            reading = read_question(self.written(knobs, "new-question", one.question, temperature, place))
            empty.append(reading is not None and not TASK.check(reading.sql, reading.sql).accepted)
        return sum(empty) / len(empty)


MEASURED = OverDatabase(TASK, read_question, asked=1000)
ask, written = MEASURED.ask, MEASURED.written
read_right, answers_right = MEASURED.read_right, MEASURED.answers_right
rephrases_right, rephrases_unfaithful = MEASURED.rephrases_right, MEASURED.rephrases_unfaithful
new_questions_right = MEASURED.new_questions_right


def table() -> Iterator[str]:
    """The table's lines."""
    fresh = draw_seeds(4000, 77)
    yield from MEASURED.lines_read(
        {
            "4,000 fresh questions of the seeds' distribution": fresh,
            "400 held-out questions (test)": draw_questions("held-out", "test"),
            "70 hand-written questions (test)": draw_questions("hand-written", "test"),
            "30 hand-written questions (validation)": draw_questions("hand-written", "validation"),
        }
    )
    for skill in (0.25, 1.0, 4.0):
        yield from MEASURED.lines_right(skill, fresh)
        value = MEASURED.rephrases_unfaithful(Knobs(skill=skill), fresh[: MEASURED.asked], 0.7)
        yield f"| rephrasings unfaithful at T 0.7, skill {skill:g} | {value:.1%} |"
    value = MEASURED.new_questions_empty(Knobs(), fresh[: MEASURED.asked], 0.7)
    yield f"| new questions that nothing in the database answers, drift 0.3 | {value:.1%} |"
    yield from MEASURED.lines_spent(fresh)
