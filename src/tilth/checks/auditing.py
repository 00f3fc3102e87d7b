"""Auditing a judge: whether the reasons it gives are true, and whether they say what matters."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tilth.arguments import of_kind
from tilth.checks.judge import Judge, subject
from tilth.checks.trials import REPLY_FORMAT, RESPONSE, AboutEach, asked_about, drawn_rows
from tilth.errors import Malformed
from tilth.seeds import Seed
from tilth.strategies.base import Ask, Candidate, Role, Unit, UnitCost
from tilth.strategies.check import EVIDENCE
from tilth.strategies.structured import Form, fill_in
from tilth.tasks.base import Prompt, Task
from tilth.teacher import Teacher

if TYPE_CHECKING:
    import polars as pl

    from tilth.teacher.client import ReplyFormat

CRITIQUE = "critique"
"""Where the seed made of a row keeps what the judge said of it."""

_AUDITED = "audit"
_ASKS = 5
_MOST_CLAIMS = 20
_CRITIQUE_WORDS = 100

_WRITTEN = Form(
    "critique",
    {"critique": "text"},
    {"critique": "what is right and what is wrong with the response, in a few sentences"},
    words=_CRITIQUE_WORDS,
)
_SPLIT = Form(
    "claims",
    {"claims": "texts"},
    {"claims": f"every claim the critique makes of the response, one by one, {_MOST_CLAIMS} at most"},
)
_HELD = Form(
    "held",
    {"reason": "text", "holds": "yes-nos"},
    {"reason": "what speaks for and against the claims", "holds": "whether each claim holds, in their order"},
)


@dataclass(frozen=True)
class Audit:
    """How good a judge's reasons are, by the word of another model.

    Attributes:
        precision: Mean share of its claims that are true, 0 to 1; None where none could be audited.
        recall: Mean share of the other model's own claims that it makes too.
        f1: Mean of their harmonic means.
        frame: One record a critique: seed_id, question, critique, claims, true, reference_claims, stated,
            precision, recall, f1 (null where the auditor's replies were malformed), problem.
        path: The file of its run, with every exchange.

    Example:
        >>> import polars as pl
        >>> from pathlib import Path
        >>> tilth.checks.Audit(0.5, 1.0, 2 / 3, pl.DataFrame({"f1": [2 / 3]}), Path("audit.tilth"))
        <Audit of 1 critiques: 50% of what they claim is true, 100% of what matters is said, F1 0.67>
    """

    precision: float | None
    recall: float | None
    f1: float | None
    frame: pl.DataFrame
    path: Path

    def __repr__(self) -> str:
        if self.f1 is None:
            return f"<Audit of {self.frame.height} critiques: none could be audited>"
        return (
            f"<Audit of {self.frame.height} critiques: {self.precision:.0%} of what they claim is true, "
            f"{self.recall:.0%} of what matters is said, F1 {self.f1:.2f}>"
        )


def audit(
    rows: pl.DataFrame,
    auditor: Teacher,
    *,
    n: int = 10,
    path: str | Path | None = None,
    random_state: int = 0,
    confirm: bool = False,
) -> Audit:
    """Audits what a judge said of some rows, claim by claim; blocks until it has.

    The auditor writes a critique of its own, both are split into claims, and it says which of the judge's
    claims are true and which of its own the judge makes too. Five queries a critique, ten at most, and one
    in all for how it gives structured replies. It is an audit on a few rows, for choosing a judge or a
    rubric, and no check of every row; its word is that of a model, too.

    Args:
        rows: `run.rows` of a run with a `Judge`.
        auditor: The model that audits: one at least as able as the judge.
        n: How many rows to take, at most.
        path: The run's file; made from its identity where not given, so that the same call resumes.
        random_state: What the rows are drawn from.
        confirm: True lets it spend real dollars.

    Raises:
        ValueError: No row holds a judge's reason.
        ConfirmationNeeded: Real dollars without `confirm=True`.

    Source: MetaCritique (the critique of critique), with all claims of a critique in one query instead of
    one query a claim.

    Example:
        >>> import json
        >>> async def model(messages, response_format, **settings):  # a stand-in that finds all well
        ...     fields = response_format["json_schema"]["schema"]["properties"]
        ...     well = {"string": "Well.", "integer": 5, "boolean": True, "array": ["Well."]}
        ...     return json.dumps({name: well[field["type"]] for name, field in fields.items()})
        >>> judge = tilth.checks.Judge(tilth.Teacher(model))
        >>> seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "new-question", 20, teacher=teacher, checks=[judge])
        >>> async def auditor(messages, response_format, **settings):
        ...     fields = response_format["json_schema"]["schema"]["properties"]
        ...     well = {"string": "Well.", "boolean": True}
        ...     lists = {name: [well[f["items"]["type"]]] for name, f in fields.items() if "items" in f}
        ...     return json.dumps({name: lists.get(name) or well[f["type"]] for name, f in fields.items()})
        >>> found = tilth.checks.audit(run.rows, tilth.Teacher(auditor), n=3)
        >>> found.frame.height
        3
    """
    import polars as pl

    of_kind(rows, pl.DataFrame, "rows", "a frame, such as run.rows")
    of_kind(auditor, Teacher, "auditor", "a tilth.Teacher")
    said = pl.col("extra").str.json_path_match(f"$.{EVIDENCE}.{Judge.name}.reason")
    judged = rows.with_columns(verdict=pl.lit(None, pl.String))  # what was rejected is audited too
    seeds = drawn_rows(judged, n, random_state, {CRITIQUE: said})
    longest = max(len(seed.extra[RESPONSE] + seed.extra[CRITIQUE]) for seed in seeds)
    strategy = _Auditing(auditor, longest)
    run = asked_about(seeds, strategy, path=path, random_state=random_state, confirm=confirm)
    return _audit(run.rows, run.path)


class _Auditing(AboutEach):
    """Compares the judge's critique of a row with one of the auditor's, claim by claim."""

    name = "auditing"
    title = "Audit"
    needs = frozenset({"question", RESPONSE, CRITIQUE})

    def __init__(self, auditor: Teacher, longest: int) -> None:
        super().__init__(auditor)
        self.longest = longest

    def identity(self) -> dict[str, Any]:
        """Nothing but its kind: the auditor is the run's teacher, the critiques are its seeds."""
        return {"name": self.name, "version": self.version, "options": {}}

    def cost(self, task: Task) -> UnitCost:
        """A critique, two lists of claims, and two comparisons; each may need to be corrected."""
        return UnitCost(judge=_ASKS, most_judge=2 * _ASKS)

    def prompts(self, seed: Seed, task: Task) -> Iterable[tuple[Role, Prompt]]:
        """What the auditor is shown of the longest row, replies of its own aside."""
        yield (
            "judge",
            _HELD.prompt(subject(seed.question, "x" * self.longest, seed.reference), _AUDITED, "schema"),
        )

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        """The critique, with what the audit found."""
        seed = unit.seed
        critique = seed.extra[CRITIQUE]
        try:
            found = await _found(ask, seed, critique, unit.data[REPLY_FORMAT])
        except Malformed as error:
            found = {"problem": str(error)}
        yield Candidate(seed.question, critique, extra={_AUDITED: found})


async def _found(ask: Ask, seed: Seed, critique: str, reply_format: ReplyFormat) -> dict[str, Any]:
    async def filled(form: Form, content: str) -> dict[str, Any]:
        return await fill_in(ask, form, content, _AUDITED, "judge", reply_format)

    async def claims(text: str) -> list[str]:
        content = (
            f"Below is a critique of a response. Split it into its claims.\n\n<critique>\n{text}\n</critique>"
        )
        return list((await filled(_SPLIT, content))["claims"])[:_MOST_CLAIMS]

    async def held(claims: Sequence[str], content: str) -> list[bool]:
        listed = "\n".join(f"{place}. {claim}" for place, claim in enumerate(claims, start=1))
        answers: list[bool] = (await filled(_HELD, f"{content}\n\n<claims>\n{listed}\n</claims>"))["holds"]
        if len(answers) != len(claims):
            raise Malformed(f"{_AUDITED}: {len(answers)} answers to {len(claims)} claims")
        return answers

    shown = subject(seed.question, seed.extra[RESPONSE], seed.reference)
    own = (await filled(_WRITTEN, f"Criticise the response below.\n\n{shown}"))["critique"]
    theirs, reference = await claims(critique), await claims(own)
    if not theirs or not reference:
        raise Malformed(f"{_AUDITED}: a critique without a claim")
    true = await held(theirs, f"Say of each claim below whether it is true of this response.\n\n{shown}")
    stated = await held(
        reference,
        "Say of each claim below whether this critique states or implies it.\n\n"
        f"<critique>\n{critique}\n</critique>",
    )
    return {"claims": theirs, "true": true, "reference_claims": reference, "stated": stated}


def _audit(rows: pl.DataFrame, path: Path) -> Audit:
    import polars as pl

    records = []
    for row in rows.iter_rows(named=True):
        found = json.loads(row["extra"])[_AUDITED]
        record = {
            "seed_id": row["seed_id"],
            "question": row["question"],
            "critique": row["response"],
            **found,
        }
        if "problem" not in found:
            precision, recall = fmean(found["true"]), fmean(found["stated"])
            both = precision + recall
            record |= {
                "precision": precision,
                "recall": recall,
                "f1": 2 * precision * recall / both if both else 0.0,
            }
        records.append(record)
    texts, truths = pl.List(pl.String), pl.List(pl.Boolean)
    frame = pl.DataFrame(
        records,
        schema={
            **dict.fromkeys(("seed_id", "question", "critique"), pl.String),
            "claims": texts,
            "true": truths,
            "reference_claims": texts,
            "stated": truths,
            **dict.fromkeys(("precision", "recall", "f1"), pl.Float64),
            "problem": pl.String,
        },
    )

    def mean(column: str) -> float | None:
        known = frame[column].drop_nulls().to_list()
        return fmean(known) if known else None

    return Audit(mean("precision"), mean("recall"), mean("f1"), frame, path)
