"""What a study's asking students may cost, told before anything is asked, and the limit on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.engine.budget import NANO, Budget
from tilth.engine.growing.asks.booking import size_of
from tilth.engine.planning.preconditions import refuse_endless, refuse_unagreed_spending
from tilth.errors import BudgetError, ConfirmationNeeded
from tilth.students.asking import AskingStudent

if TYPE_CHECKING:
    import polars as pl

    from tilth.seeds import Seeds
    from tilth.students.base import Student
    from tilth.studies.grid import Grid
    from tilth.tasks.base import Task
    from tilth.teacher import Price, Teacher

_CHARACTERS_PER_TOKEN = 4
_REPLY_CHARACTERS = 1_000
"""What a response is taken to have where references are too short to be one, such as a number alone."""
_SHORTEST_RESPONSE = 80
_SAMPLE = 20
"""Test questions, and seeds ten times as many, that stand for all."""

_FREE = 2
"""The limit on a model that costs nothing, in what it is asked at most: lost replies are asked for again."""


@dataclass(frozen=True)
class StudentPrice:
    """What asking students take, before a study starts.

    Attributes:
        queries: The most they are asked; cells with the same demonstrations share replies.
        tokens: About how many tokens that is, prompts and answers together.
        usd: About how many US dollars; None where a price is unknown.

    Example:
        >>> student = tilth.students.InContext(tilth.demo.teacher(), shots=4)
        >>> test = tilth.demo.questions("same", "test").head(20)
        >>> grid = {"ratios": [1, 2], "replicates": 1, "test": test, "student": student}
        >>> planned = tilth.plan_study(tilth.demo.seeds(20), teacher=tilth.demo.teacher(), **grid)
        >>> planned.student.queries, planned.student.usd
        (160, 0.0)
    """

    queries: int
    tokens: int
    usd: float | None

    def __str__(self) -> str:
        dollars = "price unknown" if self.usd is None else f"about ${self.usd:,.2f}"
        return f"at most {self.queries:,} queries, about {self.tokens:,} tokens, {dollars}"


def asking(grid: Grid) -> list[AskingStudent]:
    """The students of a grid that ask."""
    return [student for student in grid.students if isinstance(student, AskingStudent)]


def models_of(students: Sequence[AskingStudent]) -> list[Teacher]:
    """The models they ask, each once, before and after they have learnt."""
    return list(dict.fromkeys(model for student in students for model in (student.asked, student.learnt)))


def price_of(
    cells: Iterable[tuple[Student, int]], seeds: Seeds, tests: Mapping[str, pl.DataFrame], task: Task
) -> StudentPrice | None:
    """What asking students take; None where there are none. Seeds stand for the rows to come.

    `cells` tells each cell's student, and the most rows it may see.
    """
    every = [(student, most) for student, most in cells if isinstance(student, AskingStudent)]
    if not every:
        return None
    questions = [question for frame in tests.values() for question in frame["question"]]
    rows, sample = _rows(seeds), questions[:: max(1, len(questions) // _SAMPLE)]
    bill = _Bill()
    for student in dict.fromkeys(student for student, _ in every):
        most = [rows for one, rows in every if one is student]
        asked, model = len(most) * len(questions), student.learnt
        sizes = [size_of(model.request(prompt)) for prompt in student.prompts(rows, sample, task)]
        prompt = round(asked * sum(sizes) / max(1, len(sizes)) / _CHARACTERS_PER_TOKEN)
        reply = asked * min(model.max_tokens, _response(seeds) // _CHARACTERS_PER_TOKEN)
        bill.add(asked, prompt, reply, model.price())
        learning = student.learning(rows, task)
        if learning is not None:
            bill.add(sum(map(bool, most)), round(learning[0] * sum(most) / rows.height), 0, learning[1])
    return StudentPrice(bill.queries, bill.tokens, None if bill.unknown else bill.nano / NANO)


@dataclass
class _Bill:
    """Adds up what students take."""

    queries: int = 0
    tokens: int = 0
    nano: int = 0
    unknown: bool = False

    def add(self, queries: int, prompt: int, reply: int, price: Price | None) -> None:
        self.queries += queries
        self.tokens += prompt + reply
        self.nano += price.nano_dollars(prompt, reply) if price else 0
        self.unknown |= price is None


def student_limit(
    students: Sequence[AskingStudent], budget: Budget | None, price: StudentPrice, *, confirm: bool
) -> Budget:
    """The limit on what students are asked; a model that is known to cost nothing needs none from its user.

    Raises:
        ConfirmationNeeded: A model may cost something, and no limit is given, or one without dollars and no
            `confirm`. The message tells the price.
        BudgetError: A limit in dollars where a price is unknown, or that nothing would ever reach.
    """
    models = models_of(students)
    names = " and ".join(sorted({model.name for model in models}))
    if budget is None:
        if price.usd == 0 and all(_is_free(model) for model in models):
            return Budget(queries=_FREE * price.queries)
        raise ConfirmationNeeded(
            f"student {' and '.join(student.name for student in students)} asks {names}: {price}. No limit "
            "is set on it; pass student_budget=tilth.Budget(usd=…) or student_budget= a number of queries"
        )
    if budget.usd is not None and price.usd is None:
        told = " and ".join(f"{student.name} {student.priced_by}" for student in students)
        raise BudgetError(
            f"student_budget has a limit in dollars, which cannot be kept: {price}; give {told}"
        )
    try:
        refuse_endless(budget, models)
        refuse_unagreed_spending(budget, models, price, confirm=confirm)
    except ConfirmationNeeded:
        raise ConfirmationNeeded(
            f"the student spends real money on {names}: {price}, with no limit in dollars; pass "
            "student_budget=tilth.Budget(queries=…, usd=…) to set one, or confirm=True"
        ) from None
    except BudgetError as error:
        raise BudgetError(f"student_budget: {error}") from None
    return budget


def _is_free(model: Teacher) -> bool:
    price = model.price()
    return price is not None and not price.prompt and not price.completion


def _rows(seeds: Seeds) -> pl.DataFrame:
    """Seeds as rows: their questions, with responses as long as those to come may be."""
    import polars as pl

    response = pl.lit("x" * _response(seeds)).alias("response")
    return seeds.frame.head(10 * _SAMPLE).select("question", response)


def _response(seeds: Seeds) -> int:
    """Characters that a response is taken to have: a reference's, where that is more than a bare answer."""
    references: list[str] = seeds.frame["reference"].drop_nulls().to_list()
    known = round(sum(map(len, references)) / len(references)) if len(references) else 0
    return known if known >= _SHORTEST_RESPONSE else _REPLY_CHARACTERS
