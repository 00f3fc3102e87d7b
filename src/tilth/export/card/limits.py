"""What a user of an export should not take it for, in sentences that hold of these rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tilth.export.card.markdown import counted

if TYPE_CHECKING:
    from tilth.export.papers import Papers


def limits(papers: Papers) -> Iterator[str]:
    """A sentence for each limit."""
    rows, runs = papers.rows, papers.runs
    if rows.simulated or any(run["simulated"] for run in runs):
        yield "A rule-based simulation answered, not a language model: these rows show how the tool works."
    else:
        yield "Language models wrote these rows: what they get wrong or say one-sidedly stands here, too."
    verdicts = rows.counts.get("verdict", {})
    if "unverified" in papers.verdicts and verdicts.get("unverified"):
        yield (
            f"Of the rows given, {verdicts['unverified']:,} are unverified: nothing could judge whether they "
            "are right."
        )
    if not verdicts:
        yield "No verdict came with the rows: nothing says whether they are right."
    elif verdicts.get("accepted"):
        yield (
            "Accepted means that a check found no fault: an answer can agree with a reference or with other "
            "answers by a wrong way."
        )
    if "rejected" in papers.verdicts and verdicts.get("rejected"):
        yield f"Rejected rows are among those written: {counted(verdicts['rejected'], 'row')} of those given."
    if any(run["check"] is False for run in runs):
        yield "A run was grown with check=False: its rows were not checked."
    if doubt := sum(run["spent"]["in_doubt"] for run in runs):
        yield (
            f"{counted(doubt, 'query', 'queries')} in doubt: sent, perhaps paid, and of no use to any row."
        )
    if not rows.decontaminated:
        yield (
            "The rows were compared with no test set here: before a benchmark is reported, look for its "
            "questions among them (tilth.curate.contamination)."
        )
    if "duplicates" not in rows.steps:
        yield "Near-duplicates were not looked for here."
    if len(papers.parts) < 2:
        yield "There is no validation part."
    yield (
        "Names, places and persons are made up or a model's memory. Nothing was searched for personal or "
        "harmful content."
    )
    yield (
        "Built-in prompts are in English; the language of the rows is that of seeds and models, and was not "
        "looked at."
    )
