"""What a study's runs may spend: the limits of the study, and what each of its runs has left of them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from tilth.engine.budget import NANO, Amount, Budget


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
    others = own_doubt = Amount()
    taken_over = 0
    for own, state, count, *amounts in file.execute(_SPENT, (run_id,)):
        amount = Amount(*map(int, amounts))
        if state == "reused":
            taken_over += count if own else 0
        elif not own:
            others += amount
        elif state != "settled":
            own_doubt += amount
    if whole is None:
        return RunLimit(Budget(queries=queries), frozenset(), taken_over)
    by_study = {
        name for name, most in (("tokens", whole.tokens), ("dollars", whole.nano)) if most is not None
    }
    if whole.queries is not None:
        left = whole.queries - others.queries - own_doubt.queries + taken_over
        if left < queries:
            queries = max(0, left)
            by_study.add("queries")
    tokens = None if whole.tokens is None else max(0, whole.tokens - others.tokens)
    usd = None if whole.nano is None else max(0, whole.nano - others.nano) / NANO
    return RunLimit(Budget(queries=queries, tokens=tokens, usd=usd), frozenset(by_study), taken_over)


# A call that is reserved still was out when its process died.
_SPENT = """
SELECT run_id = ?, state, count(*),
    CASE state WHEN 'settled' THEN total(queries) ELSE total(worst_queries) END,
    CASE state WHEN 'settled' THEN total(prompt_tokens + completion_tokens) ELSE total(worst_tokens) END,
    CASE state WHEN 'settled' THEN total(nano) ELSE total(worst_nano) END
FROM ledger WHERE state <> 'freed' GROUP BY 1, 2
"""
