"""What a card says of which rows were taken: verdicts, options, parts, and what each curation step found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tilth.export.card.markdown import bullets, code, counted

if TYPE_CHECKING:
    from tilth.export.papers import Papers

_REASONING = {
    "inline": "a model's thinking stands in the response, where it gave any",
    "drop": "a model's thinking is left out",
    "field": "a model's thinking stands in a field of its own",
}


def selection(papers: Papers) -> str:
    """The rows that were given, and what of them was written."""
    return bullets(_selection(papers))


def _selection(papers: Papers) -> Iterator[str]:
    rows, written = papers.rows, sum(papers.parts.values())
    yield f"Written: {written:,} of {counted(rows.given, 'row')}, by verdict: {_names(papers.verdicts)}"
    for name, counts in rows.counts.items():
        told = ", ".join(f"{code(value)} {count:,}" for value, count in counts.items())
        if told:
            yield f"Of the rows given, by {name}: {told}"
    for verdict, causes in rows.causes.items():
        yield f"Causes of {verdict}: " + ", ".join(f"{code(cause)} {n:,}" for cause, n in causes.items())
    if rows.reused:
        yield f"Replies taken over from another run's file: {counted(rows.reused, 'row')}"
    options = papers.options
    yield f"Reasoning: {_REASONING[options.reasoning]}"
    if options.answers == "only":
        yield "Answers: the read answer alone, without its explanation"
    if options.system is not True:
        yield "System prompts: " + ("left out" if options.system is False else code(options.system))
    if options.metadata:
        yield f"In front of the questions of the first 90 % of rows: {_names(options.metadata)}"
    if len(papers.parts) > 1:
        yield f"Parts: {_parts(papers)}"


def _parts(papers: Papers) -> str:
    counts = ", ".join(f"{code(name)} {count:,}" for name, count in papers.parts.items())
    if papers.shares is None:
        return f"{counts}, as they were given"
    wanted = ", ".join(f"{code(name)} {share:.1%}" for name, share in papers.shares.items())
    return (
        f"{counts} (wanted: {wanted}), split by seed with random state {papers.random_state}: rows of one "
        "seed, of one question, or made from each other stand in one part"
    )


def curation(papers: Papers) -> str:
    """What each step refused, and why."""
    return bullets(_curation(papers))


def _curation(papers: Papers) -> Iterator[str]:
    for step, told in papers.rows.steps.items():
        reasons = ", ".join(f"{code(reason)} {count:,}" for reason, count in told["reasons"].items())
        refused = counted(told["refused"], "row")
        yield f"{code(step)} refused {refused}{f': {reasons}' if reasons else ''}"
    yield "Thresholds stand in a reason where a step says them; the frame keeps no other record of them."


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(code, names))
