"""The causes: why a row is not accepted, or a unit has no row, in fixed words for machines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Why(NamedTuple):
    """Why something is not accepted or not there: the cause for machines, the reason for people."""

    cause: str
    reason: str


OTHER = "other"
"""Of checks and tasks by others that name no cause of their own."""

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        # the reply
        "refused": "the model refused to reply",
        "filtered": "a content filter stopped the reply",
        "error": "the endpoint answered with an error in the reply's place",
        "malformed": "the reply is not in the form that was asked for",
        "cut-off": "the reply reached its limit before its end",
        "context-full": "the model's context was full before the reply's end, as its tokens show",
        "empty": "the reply is empty, its reasoning aside",
        # what a writer wrote
        "no-question": "no question could be read from the reply",
        "copy": "the written question is a seed's, or one that was written before",
        "leaked-answer": "the written question tells its answer",
        "bad-options": "the options of a written question cannot be used",
        # the answer
        "no-answer": "no answer could be read from the reply",
        "ambiguous": "the reply gives more than one answer",
        "too-long": "what was read is longer than is taken",
        "syntax-error": "the code or query that was read does not parse",
        "wrong-answer": "the answer is not the reference's",
        "not-allowed": "the query holds what may not run",
        "unknown-table": "the query reads a table that the database does not have",
        "query-failed": "the database did not run the query to its end",
        "tests-failed": "the code fails its tests",
        "code-failed": "the code raises, crashes or ends its process before or beside its tests",
        "timed-out": "the code or query took longer than it may",
        "over-limit": "the query returns or needs more than it may",
        # nothing says whether the answer is right
        "no-reference": "there is no reference, or no tests, to compare with",
        "bad-reference": "the reference cannot be read, or gives no result",
        "no-options": "the question's options are not known",
        "not-checked": "the run checks nothing",
        "no-measure": "the task compares nothing, as it is set",
        "not-run": "code is not run, as the task is set or the system is",
        "not-compared": "whether the answers agree could not be found out",
        "inconclusive": "the answers agree, but many a wrong one would",
        "untestable": "the tests cannot be carried out on such code",
        "database-failed": "the database cannot be read",
        # checks that ask
        "outvoted": "most answers to the question agree on another",
        "no-majority": "too few answers to the question agree",
        "other-solution": "a second solution has another answer",
        "unread-solution": "the second solution has no answer that could be read",
        "unanswerable": "the question was found to be not answerable",
        "judged-low": "a judge's scores are below its threshold",
        # units without a row
        "refused-request": "the endpoint refused a request for good",
        "no-reply": "a call was tried again and again while others were answered, and brought no reply",
        "no-candidate": "the strategy yielded nothing",
        OTHER: "the cause was not named",
    }
)
"""Every cause of what comes with Tilth, and what it means. Checks and tasks by others may bring words of
their own: short ones, in lower case, with hyphens."""
