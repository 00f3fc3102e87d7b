"""The command that grows rows from seeds of one's own: `generate`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tilth
from tilth.cli import UsageError
from tilth.cli.databases import sql_task
from tilth.cli.running import calling, local_model, refuse_unsavable, run_to_its_end
from tilth.strategies import registry
from tilth.strategies.check import with_checks

if TYPE_CHECKING:
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.strategies.check import Check
    from tilth.teacher import Teacher

CHECKS: Mapping[str, Callable[[], Check]] = {
    "answerable": lambda: tilth.checks.Answerable(),  # noqa: PLW0108 - loaded when it is used
    "resolve": lambda: tilth.checks.Resolve(),  # noqa: PLW0108
    "agreement": lambda: tilth.checks.Agreement(),  # noqa: PLW0108
}
"""The checks that ask and need no model of their own."""


def generate(options: Namespace) -> int:
    """Grows rows from the user's seeds with a model."""
    if options.queries is None and options.tokens is None and options.usd is None:
        asked = "a limit is missing beside --rows" if options.rows is not None else "a budget is missing"
        raise UsageError(f"{asked}; pass --queries N, --tokens N or --usd X")
    refuse_unsavable(options, seeds=options.seeds, run=options.out)
    if options.database and options.task != "sql":
        raise UsageError("--database says what task sql asks; pass --task sql as well")
    checks = _checks(options)
    seeds = tilth.read_seeds(
        options.seeds,
        question=options.question,
        answer=None if options.no_answer else options.answer,
        task=sql_task(options.database) if options.task == "sql" else options.task,
        context=None if options.context is None else _names(options.context),
        duplicates="keep" if options.keep_duplicates else "error",
        on_fault="skip" if options.skip_faults else "error",
        encoding=options.encoding,
    )
    return run_to_its_end(
        seeds,
        with_checks(_strategy(options, seeds), checks),
        tilth.Budget(queries=options.queries, tokens=options.tokens, usd=options.usd, rows=options.rows),
        options,
        teacher=_teacher(options),
        writer=_writer(options),
        path=Path(options.out) if options.out else None,
        random_state=options.random_state,
    )


def _strategy(options: Namespace, seeds: Seeds) -> Strategy:
    given = (options.validation, options.student)
    if options.strategy != tilth.Adaptive.name:
        if given != (None, None):
            raise UsageError("--validation and --student belong to --strategy adaptive; leave them out")
        return registry.get(options.strategy)
    if options.validation is None:
        raise UsageError("--strategy adaptive decides by questions with answers; pass --validation FILE")
    questions = tilth.read_seeds(
        options.validation,
        question=options.question,
        answer=options.answer,
        task=seeds.task,
        context=None if options.context is None else _names(options.context),
        encoding=options.encoding,
    )
    return tilth.Adaptive(questions, options.student)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _teacher(options: Namespace) -> Teacher:
    if options.local is None:
        if options.context_tokens is not None:
            raise UsageError("--context-tokens belongs to a model on this machine; pass --local as well")
        return _model(options.model, options.base_url, options, **_sampling(options))
    if options.base_url is not None and options.writer is None and options.judge is None:
        raise UsageError("--local runs its own server; leave out --base-url")
    return local_model(options.local or None, options, structured=options.structured, **_sampling(options))


def _model(name: str, base_url: str | None, options: Namespace, **sampling: Any) -> Teacher:
    known = {"price": options.price, "structured": options.structured}
    return tilth.Teacher(name, base_url=base_url, **known, **calling(options), **sampling)


def _writer(options: Namespace) -> Teacher | None:
    """The model that writes questions; None where that is the teacher."""
    if options.writer is None:
        if options.writer_base_url:
            raise UsageError("--writer-base-url says where the writer is; pass --writer MODEL as well")
        return None
    return _model(options.writer, options.writer_base_url or options.base_url, options, **_sampling(options))


def _sampling(options: Namespace) -> dict[str, Any]:
    """What the teacher and the writer are told: part of the run's identity."""
    known = {"temperature": options.temperature, "system": options.system}
    return {name: value for name, value in known.items() if value is not None}


def _checks(options: Namespace) -> list[Check]:
    """The checks that ask which were asked for, in that order, the judge last."""
    names = _names(options.checks or "")
    if unknown := [name for name in names if name not in CHECKS]:
        raise UsageError(
            f"there is no check {unknown[0]!r}; there are {', '.join(CHECKS)}, and --judge MODEL"
        )
    chosen = [CHECKS[name]() for name in names]
    if options.judge:
        model = _model(options.judge, options.judge_base_url or options.base_url, options)
        chosen.append(tilth.checks.Judge(model, "helpfulness" if options.rubric is None else options.rubric))
    elif options.judge_base_url:
        raise UsageError("--judge-base-url says where the judge is; pass --judge MODEL as well")
    elif options.rubric is not None:
        raise UsageError("--rubric says what a judge scores by; pass --judge MODEL as well")
    return chosen
