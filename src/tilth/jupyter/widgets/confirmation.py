"""The question that the page puts to the user before models are asked that may cost money."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tilth.engine.budget import Budget
    from tilth.teacher import Teacher


class Question:
    """The question that waits for an answer; a later one takes its place. A yes holds for its plan."""

    def __init__(self, put: Callable[..., None]) -> None:
        """`put` shows the page a question: its token, its text, and whether the price is known."""
        self._put = put
        self._asked: tuple[str, Any, Callable[[], None]] | None = None
        self._agreed: Any = None

    def ask(self, plan: Any, text: str, then: Callable[[], None], *, priced: bool) -> None:
        """Asks the user, unless this very plan was agreed to last; `then` is what a yes leads to."""
        if plan == self._agreed:
            then()
            return
        self._asked = (uuid.uuid4().hex, plan, then)
        self._put(token=self._asked[0], text=text, priced=priced)

    def answer(self, token: str, *, yes: bool) -> None:
        """Takes the user's answer; raises `ValueError` for a question that is not asked any more."""
        asked, self._asked = self._asked, None
        if asked is None or asked[0] != token:
            raise ValueError("this question was answered already; press the button again")
        if yes:
            self._agreed = asked[1]
            asked[2]()


def costly(models: Iterable[Teacher]) -> list[Teacher]:
    """The models that may cost money, each once: no simulation, and no price that is known to be zero."""
    found = []
    for model in dict.fromkeys(models):
        price = None if model.simulated else model.price()
        if not model.simulated and (price is None or price.nano_dollars(10**6, 10**6) > 0):
            found.append(model)
    return found


def run_question(budget: Budget, usd: float | None, models: Iterable[Teacher]) -> str:
    """What is asked before a run that no limit in dollars holds back."""
    places, limits = _places(models), []
    if budget.queries is not None:
        limits.append(f"at most {budget.queries:,} queries")
    if budget.tokens is not None:
        limits.append(f"at most {budget.tokens:,} tokens")
    most = " and ".join(limits)
    if usd is None:
        said = f"This puts {most} to {places}. The price is unknown"
    else:
        said = f"This will cost about ${usd:,.2f}: {most} to {places}"
    return f"{said}, and no limit in dollars is set. Generate?"


def study_question(queries: int, usd: float | None, models: Iterable[Teacher]) -> str:
    """What is asked before a study, which no limit but its grid holds back."""
    cost = ". The price is unknown" if usd is None else f", about ${usd:,.2f} by the plan"
    return f"This study puts at most {queries:,} queries to {_places(models)}{cost}. Run it?"


def _places(models: Iterable[Teacher]) -> str:
    return " and ".join(dict.fromkeys(map(_place, models)))


def _place(model: Teacher) -> str:
    """A model with the host that it is asked at: "qwen3-8b at localhost:8000"."""
    host = urlsplit(model.address or "").netloc
    return f"{model.name} at {host}" if host else model.name
