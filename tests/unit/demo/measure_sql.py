"""Measures the simulated teacher over its sample database; its table is a part of what `measure` prints."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.demo.sets import seeds
from tilth.demo.sql.reader import read_question
from tilth.demo.sql.sets import Asked, draw_questions, draw_seeds
from tilth.seeds import Seed
from tilth.tasks import Task, get

TASK: Task = get(seeds(1, task="sql").task)


def ask(knobs: Knobs, purpose: str, question: str, temperature: float, seed: int) -> str:
    """The simulation's reply to one of the SQL task's own prompts."""
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


def agrees(knobs: Knobs, question: str, temperature: float, seed: int, reference: str) -> bool:
    """Whether the simulation's answer gives on both states the rows that the reference gives, if any."""
    verdict = TASK.check(ask(knobs, "answer", question, temperature, seed), reference, question)
    return verdict.verdict != "rejected"


def read_right(asked: Sequence[Asked]) -> float:
    """The share of questions whose reading gives the right rows on both states, nothing injected."""
    readings = [read_question(one.question) for one in asked]
    right = [
        reading is not None and TASK.check(reading.sql, one.reference, one.question).accepted
        for reading, one in zip(readings, asked, strict=True)
    ]
    return sum(right) / len(right)


def answers_right(knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
    """Answer augmentation: the share of right answers."""
    right = [
        agrees(knobs, one.question, temperature, place, one.reference) for place, one in enumerate(asked)
    ]
    return sum(right) / len(right)


def rephrases_right(knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
    """Question rephrase: the share of rephrasings that are answered as their seed is."""
    right = [
        agrees(
            knobs, written(knobs, "rephrase", one.question, temperature, place), temperature, place,
            one.reference,
        )
        for place, one in enumerate(asked)
    ]  # fmt: skip
    return sum(right) / len(right)


def rephrases_unfaithful(knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
    """The share of rephrasings that read to another query than their seed does."""
    unfaithful = []
    for place, one in enumerate(asked):
        before = read_question(one.question)
        after = read_question(written(knobs, "rephrase", one.question, temperature, place))
        unfaithful.append(before is None or after is None or after.sql != before.sql)
    return sum(unfaithful) / len(unfaithful)


def new_questions_right(knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
    """New question: the share answered as the reader reads them; a misreading of its own goes unseen."""
    right = []
    for place, one in enumerate(asked):
        question = written(knobs, "new-question", one.question, temperature, place)
        reading = read_question(question)
        right.append(reading is not None and agrees(knobs, question, temperature, place, reading.sql))
    return sum(right) / len(right)


def new_questions_empty(knobs: Knobs, asked: Sequence[Asked], temperature: float) -> float:
    """The share of new questions whose slip-free query returns nothing on both states."""
    empty = []
    for place, one in enumerate(asked):
        reading = read_question(written(knobs, "new-question", one.question, temperature, place))
        empty.append(reading is not None and not TASK.check(reading.sql, reading.sql).accepted)
    return sum(empty) / len(empty)


def milliseconds(purpose: str, questions: Sequence[str]) -> float:
    """CPU milliseconds of a reply in this process, HTTP left out."""
    read_question.cache_clear()
    started = time.process_time()
    for place, question in enumerate(questions):
        ask(Knobs(), purpose, question, 0.7, place)
    return 1000 * (time.process_time() - started) / len(questions)


def table() -> Iterator[str]:
    """The table's lines."""
    fresh = draw_seeds(4000, 77)
    for name, asked in (
        ("4,000 fresh questions of the seeds' distribution", fresh),
        ("400 held-out questions (test)", draw_questions("held-out", "test")),
        ("70 hand-written questions (test)", draw_questions("hand-written", "test")),
        ("30 hand-written questions (validation)", draw_questions("hand-written", "validation")),
    ):
        yield f"| read right: {name} | {read_right(asked):.1%} |"
    for skill in (0.25, 1.0, 4.0):
        for name, share in (
            ("answer-augmentation", answers_right),
            ("question-rephrase", rephrases_right),
            ("new-question", new_questions_right),
        ):
            value = share(Knobs(skill=skill), fresh[:1000], 0.7)
            yield f"| labels right at T 0.7, skill {skill:g}, drift 0.3: {name} | {value:.1%} |"
        value = rephrases_unfaithful(Knobs(skill=skill), fresh[:1000], 0.7)
        yield f"| rephrasings unfaithful at T 0.7, skill {skill:g} | {value:.1%} |"
    value = new_questions_empty(Knobs(), fresh[:1000], 0.7)
    yield f"| new questions that nothing in the database answers, drift 0.3 | {value:.1%} |"
    for purpose in ("answer", "rephrase", "new-question"):
        spent = milliseconds(purpose, [one.question for one in fresh[:1000]])
        yield f"| CPU ms a reply, HTTP left out: {purpose} | {spent:.2f} |"
