"""What the Advice box says of an advice: texts and numbers of bounded size, as its trait holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tilth.jupyter import protocol
from tilth.jupyter.secrets import without_secrets
from tilth.printable import printable

if TYPE_CHECKING:
    import polars as pl

    from tilth.advice.advice import Advice

UNTOLD: dict[str, Any] = {
    "words": "",
    "problem": None,
    "notices": [],
    "strategy": "",
    "title": "",
    "offered": False,
    **dict.fromkeys(("mean", "low", "high", "queries")),
    "source": "",
    "reasons": [],
    "assumptions": [],
    "split": [],
    "arms": [],
    "all_arms": 0,
    "next": [],
    "next_note": None,
    "seeds_worth": None,
    "charted": False,
    "decisions": [],
}
"""The `advice` trait while nothing is known of it yet."""

_SENTENCES, _ARMS, _NEXT = 10, 8, 3
"""The most reasons, arms and cells that are shown."""
_CHARACTERS, _NAME = 600, 80
"""The most characters of a sentence, and of a name."""
_LEAST_POINTS = 0.0005
"""What a cell must be expected to add to be worth a measurement: as little as is shown of it."""

_ENDS = tuple(re.compile(end + r"(?![^(]*\))") for end in ("[:;] ", ", "))
"""Where the first part of a sentence ends: before what follows a colon, else a comma, outside brackets."""


def problem(text: str) -> dict[str, Any]:
    """The `advice` trait where there is no advice: it says why."""
    return {**UNTOLD, "problem": printable(without_secrets(text), _CHARACTERS)}


def told(advice: Advice, titles: Mapping[str, str], offered: Iterable[str], *, note: str) -> dict[str, Any]:
    """The `advice` trait.

    Args:
        advice: What is to be said.
        titles: Of strategies, by their names.
        offered: Arms that can be chosen as they are.
        note: What would tell more, where nothing is measured.
    """
    rows = advice.table.to_dicts()
    title = partial(_title, titles)
    chosen = next((row for row in rows if row["arm"] == advice.arm), {})
    others = [row for row in rows if row is not chosen]
    shown = [row for row in rows if row is chosen or row in others[: _ARMS - 1]]

    worth_it = [row for row in advice.next.to_dicts() if row["points"] >= _LEAST_POINTS][:_NEXT]
    measured = advice.forecast is not None
    reasons = _sentences(advice.reasons)
    fields = {
        **UNTOLD,
        "words": advice.words,
        "notices": _sentences(advice.notices),
        "strategy": printable(advice.strategy, _NAME),
        "title": title(advice.arm),
        "offered": advice.arm in offered,
        **{name: chosen.get(name) for name in ("mean", "low", "high", "queries")},
        "source": _source(advice),
        "reasons": [_reason(one, {row["arm"]: title(row["arm"]) for row in others}) for one in reasons],
        "assumptions": _sentences(advice.assumptions),
        "split": [{"part": part, "queries": queries} for part, queries in advice.split.items()],
        "arms": [{**row, "arm": title(row["arm"]), "advised": row is chosen} for row in shown],
        "all_arms": len(rows),
        "next": [{**row, "arm": title(row["arm"])} for row in worth_it],
        "next_note": None if worth_it else _next_note(advice) if measured else note,
        "seeds_worth": advice.seeds_worth and printable(str(advice.seeds_worth), _CHARACTERS),
        "charted": measured,
    }
    plain: dict[str, Any] = protocol.plain(fields)
    return plain


def decided(decisions: pl.DataFrame, titles: Mapping[str, str]) -> list[dict[str, str]]:
    """What an adaptive run has decided, as `tilth.decisions` has it: each what came of it, and why."""
    found = []
    for one in decisions.tail(_SENTENCES).iter_rows(named=True):
        title, measures = _title(titles, one["arm"]), one["then"] == "measure"
        then = f"measure up to ratio {one['ratio'] or 0:g}" if measures else f"commit to {title}"
        ahead = f"; {title} is ahead, {one['words']}" if one["cells"] and measures else ""
        texts = (f"after {one['queries'] or 0:,} queries: {then}", f"{one['reason']}{ahead}")
        head, text = _sentences(texts)
        found.append({"head": head, "text": text})
    return found


def _title(titles: Mapping[str, str], arm: str) -> str:
    """An arm as people read it: with the title of its strategy."""
    name = next((name for name in titles if arm == name or arm.startswith((f"{name} ", f"{name},"))), "")
    return printable(titles[name] + arm[len(name) :] if name else arm, _NAME)


def _sentences(texts: Iterable[str]) -> list[str]:
    return [printable(without_secrets(text), _CHARACTERS) for text in list(texts)[:_SENTENCES]]


def _reason(sentence: str, others: Mapping[str, str]) -> dict[str, str]:
    """A sentence as its first part, which is in sight, and the rest, which is a click away.

    One that begins with another arm compares it; `others` gives their titles.
    """
    found = next((found for end in _ENDS if (found := end.search(sentence))), None)
    if found is None:
        return {"head": sentence, "text": ""}
    head = sentence[: found.start()]
    head = f"compared with {others[head]}" if head in others else head
    return {"head": head, "text": sentence[found.end() :]}


def _source(advice: Advice) -> str:
    """Where the advised arm's figure comes from."""
    if advice.evidence is None:
        return "nothing is measured; what others have published speaks of other students"
    cells = advice.evidence.height
    few = int(advice.evidence["n_test"].min())  # type: ignore[arg-type]
    return (
        f"forecast from {cells:,} measured {'cell' if cells == 1 else 'cells'} on {few:,} validation "
        "questions; 90% interval"
    )


def _next_note(advice: Advice) -> str:
    if advice.next.is_empty():
        return "every arm is measured as far as this budget goes"
    return "no single cell more is expected to change the choice"
