"""What a study's runs may spend: the limits of the study, and what each of its runs has left of them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tilth.engine.budget import NANO, Budget
from tilth.engine.file.format.sums import sums


@dataclass(frozen=True)
class RunLimit:
    """The limit of one of a study's runs.

    Attributes:
        budget: What the engine is given: calls in doubt of earlier sittings do not take from its queries.
        by_study: Those limits that are the whole study's: once one of them is reached, the study is over.
        taken_over: Replies that the run had taken over from other files when the limit was set.
    """

    budget: Budget
    by_study: frozenset[str]
    taken_over: int


def limit_of_run(file: sqlite3.Connection, run_id: str, queries: int, whole: Budget | None) -> RunLimit:
    """The limit of a run whose largest cell takes `queries`, by what all runs of the file have spent so far.

    The queries of a cell are counted wherever they were paid, calls in doubt aside; the study's only here,
    calls in doubt with them.
    """
    own, every = sums(file, run_id), sums(file, None)
    [(taken_over,)] = file.execute(
        "SELECT count(*) FROM ledger WHERE run_id = ? AND state = 'reused'", (run_id,)
    )
    if whole is None:
        return RunLimit(Budget(queries=queries), frozenset(), taken_over)
    others = every.counted - own.counted
    by_study = {
        name for name, most in (("tokens", whole.tokens), ("dollars", whole.nano)) if most is not None
    }
    if whole.queries is not None:
        left = whole.queries - others.queries - own.in_doubt.queries + taken_over
        if left < queries:
            queries = max(0, left)
            by_study.add("queries")
    tokens = None if whole.tokens is None else max(0, whole.tokens - others.tokens)
    usd = None if whole.nano is None else max(0, whole.nano - others.nano) / NANO
    return RunLimit(Budget(queries=queries, tokens=tokens, usd=usd), frozenset(by_study), taken_over)
