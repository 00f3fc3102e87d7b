"""Measures the simulated teacher; `python -m tests.unit.demo.measure` prints the tables of RESULTS.md."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction

from tests.unit.demo import measure_sql

from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.demo.reader import read_question
from tilth.demo.sets import draw_questions, draw_seeds
from tilth.demo.world import Problem
from tilth.seeds import Seed
from tilth.tasks import get

TASK = get("numeric")


def ask(knobs: Knobs, purpose: str, question: str, temperature: float, seed: int) -> str:
    """The simulation's reply to one of the numeric task's own prompts."""
    shown = Seed("s", 0, question)
    prompt = {
        "answer": lambda: TASK.answer(question),
        "rephrase": lambda: TASK.rephrase(shown),
        "new-question": lambda: TASK.write_new_question(shown),
    }[purpose]()
    return reply(knobs, prompt.messages, temperature, seed)


def written(knobs: Knobs, purpose: str, question: str, temperature: float, seed: int) -> str:
    """The question that a writer ask brings."""
    text = ask(knobs, purpose, question, temperature, seed)
    assert text.startswith("Question: ")
    return text.removeprefix("Question: ")


def labelled(knobs: Knobs, question: str, temperature: float, seed: int) -> Fraction | None:
    """The answer that the simulation gives to a question, as the numeric task reads it."""
    answer = TASK.read(ask(knobs, "answer", question, temperature, seed)).answer
    return None if answer is None else Fraction(answer)


def read_right(problems: Sequence[Problem]) -> float:
    """The share of questions whose reading has the right value, nothing injected."""
    readings = [read_question(problem.question) for problem in problems]
    right = [
        reading is not None and reading.value == problem.answer
        for reading, problem in zip(readings, problems, strict=True)
    ]
    return sum(right) / len(right)


def answers_right(knobs: Knobs, seeds: Sequence[Problem], temperature: float) -> float:
    """Answer augmentation: the share of right answers."""
    right = [
        labelled(knobs, seed.question, temperature, place) == seed.answer for place, seed in enumerate(seeds)
    ]
    return sum(right) / len(right)


def rephrases_right(knobs: Knobs, seeds: Sequence[Problem], temperature: float) -> float:
    """Question rephrase: the share of rephrasings that are answered as their seed is."""
    right = []
    for place, seed in enumerate(seeds):
        question = written(knobs, "rephrase", seed.question, temperature, place)
        right.append(labelled(knobs, question, temperature, place) == seed.answer)
    return sum(right) / len(right)


def new_questions_right(knobs: Knobs, seeds: Sequence[Problem], temperature: float) -> float:
    """New question: the share answered as the reader reads them; a misreading of its own goes unseen."""
    right = []
    for place, seed in enumerate(seeds):
        question = written(knobs, "new-question", seed.question, temperature, place)
        reading = read_question(question)
        right.append(reading is not None and labelled(knobs, question, temperature, place) == reading.value)
    return sum(right) / len(right)


def milliseconds(purpose: str, questions: Sequence[str]) -> float:
    """CPU milliseconds of a reply in this process, HTTP left out."""
    read_question.cache_clear()
    started = time.process_time()
    for place, question in enumerate(questions):
        ask(Knobs(), purpose, question, 0.7, place)
    return 1000 * (time.process_time() - started) / len(questions)


def main() -> None:
    """Prints both tables."""
    head = ["| what | measured |", "| --- | --- |"]
    lines = ["## Arithmetic word problems", "", *head]
    fresh = draw_seeds(4000, 77)
    for name, problems in (
        ("4,000 fresh questions of the seeds' distribution", fresh),
        ("400 held-out questions (test)", draw_questions("held-out", "test")),
        ("120 hand-written questions (test)", draw_questions("hand-written", "test")),
        ("40 hand-written questions (validation)", draw_questions("hand-written", "validation")),
    ):
        lines.append(f"| read right: {name} | {read_right(problems):.1%} |")
    shares: tuple[tuple[str, Callable[[Knobs, Sequence[Problem], float], float]], ...] = (
        ("answer-augmentation", answers_right),
        ("question-rephrase", rephrases_right),
        ("new-question", new_questions_right),
    )
    for skill in (0.25, 1.0, 4.0):
        for name, share in shares:
            value = share(Knobs(skill=skill), fresh[:2000], 0.7)
            lines.append(f"| labels right at T 0.7, skill {skill:g}, drift 0.3: {name} | {value:.1%} |")
    for purpose in ("answer", "rephrase", "new-question"):
        spent = milliseconds(purpose, [seed.question for seed in fresh[:2000]])
        lines.append(f"| CPU ms a reply, HTTP left out: {purpose} | {spent:.2f} |")
    lines += ["", "## Questions over the sample database", "", *head, *measure_sql.table()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
