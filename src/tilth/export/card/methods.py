"""The published methods that an export goes by, to be cited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilth.export.papers import Papers

_STRATEGIES = (
    "Growing rows from seeds under a budget: Chan et al., Balancing Cost and Effectiveness of Synthetic Data "
    "Generation Strategies for LLMs, arXiv 2409.19759."
)
_CHECKS = {
    "agreement": "Agreement of several answers: Wang et al., Self-Consistency Improves Chain of Thought "
    "Reasoning in Language Models, arXiv 2203.11171.",
}
_ANSWERS_ONLY = "Answers without explanations: OPT-R, arXiv 2305.12001."
_METADATA = "Metadata in front of the questions: MeCo, arXiv 2501.01956."
_TASKS = {
    "choice": "Questions with options: Clark et al., ARC, arXiv 1803.05457.",
    "numeric": "Word problems: Cobbe et al., GSM8K, arXiv 2110.14168.",
}


def methods(papers: Papers) -> Iterator[str]:
    """A sentence for each."""
    yield _STRATEGIES
    checks = {str(check.get("name")) for run in papers.runs for check in run["checks"]}
    yield from (said for name, said in _CHECKS.items() if name in checks)
    yield from (said for name, said in _TASKS.items() if name in papers.rows.counts.get("task", {}))
    if papers.options.answers == "only":
        yield _ANSWERS_ONLY
    if papers.options.metadata:
        yield _METADATA
