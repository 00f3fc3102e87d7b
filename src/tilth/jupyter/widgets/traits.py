"""What the workbench's traits say of its parts: seeds, models, strategies, and what a plan would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tilth
from tilth import students, tasks
from tilth.arguments import of_kind
from tilth.engine.planning.estimate import estimate
from tilth.jupyter.doctor import version_of
from tilth.strategies import registry
from tilth.strategies.check import with_checks
from tilth.studies.test_sets import VALIDATION, refuse_shared_questions, test_sets

if TYPE_CHECKING:
    import polars as pl

    from tilth.engine.budget import Budget
    from tilth.engine.recipe import Recipe
    from tilth.jupyter.widgets.teachers import Teachers
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.strategies.check import Check
    from tilth.studies.test_sets import TestSet
    from tilth.teacher import Teacher

IDLE: dict[str, Any] = {
    "state": "idle",
    **dict.fromkeys(
        (
            "strategy",
            "reason",
            "notice",
            "holder",
            "limit_queries",
            "usd",
            "limit_usd",
            "eta",
            "waiting",
            "next_try",
            "path",
            "error",
        )
    ),
    **dict.fromkeys(("queries", "accepted", "rejected", "unverified", "rowless", "rows"), 0),
    **dict.fromkeys(("in_doubt", "in_flight", "rate", "seconds", "last"), 0),
}
"""The `status` trait before the first run."""

TeacherState = tuple[str, str]
"""How a teacher does, and a note on it."""

_PLANNED = ("ratio", "rows", "rows_per_seed", "usd", "seconds", "queries")
UNPLANNED: dict[str, Any] = {**dict.fromkeys(_PLANNED), "sources": {}, "problem": None}
"""The `plan` trait while there is no plan yet."""


def seeds(source: Any) -> Seeds:
    """`Seeds`, or whatever `tilth.read_seeds` reads; the demo's for None."""
    from tilth.seeds import Seeds, read_seeds

    if source is None:
        return tilth.demo.seeds()
    return source if isinstance(source, Seeds) else read_seeds(source)


def model(given: Teacher | str | None) -> Teacher | None:
    """A teacher, or the one of that name."""
    from tilth.teacher import Teacher

    if given is None or isinstance(given, str):
        return Teacher(given) if given else None
    return of_kind(given, Teacher, "a model", "a tilth.Teacher, or a model's name")


def tests(
    test: TestSet | Mapping[str, TestSet] | None,
    validation: TestSet | None,
    seeds: Seeds,
    *,
    demo: bool,
) -> dict[str, pl.DataFrame]:
    """The test sets and the validation set by name; the demo's where they are meant, none where not given."""
    if test is None and demo:
        test = {kind: tilth.demo.questions(kind) for kind in ("same", "held-out", "hand-written")}
        validation = tilth.demo.questions("same", "validation") if validation is None else validation
    if test is None:
        if validation is not None:
            raise ValueError("validation= needs test= beside it: questions that only final results see")
        return {}
    return test_sets(test, validation, tasks.get(seeds.task))


def configured(
    strategy: str | Strategy, tests: Mapping[str, pl.DataFrame], seeds: Seeds
) -> dict[str, Strategy]:
    """Strategies with options of their own, by name: the given one, and `adaptive` where it can decide."""
    own = {} if isinstance(strategy, str) else {strategy.name: strategy}
    return {**_adaptive(tests, seeds), **own}


def _adaptive(tests: Mapping[str, pl.DataFrame], seeds: Seeds) -> dict[str, Strategy]:
    """By its name; nothing where it lacks questions to decide by, or a student to train on this machine."""
    if VALIDATION not in tests:
        return {}
    from tilth.advice.adaptive.strategy import Adaptive  # it loads NumPy

    try:
        refuse_shared_questions(seeds, {VALIDATION: tests[VALIDATION]})
        students.usual(seeds.task_name)
        return {Adaptive.name: Adaptive(tests[VALIDATION])}
    except ValueError:  # too few questions, seeds among them, or no student
        return {}


def shown_path(path: Path) -> str:
    """A path as a notebook may keep it: relative where it can be, and without the name of the home folder."""
    path = path.absolute()
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(base):
            return prefix + path.relative_to(base).as_posix()
    return path.as_posix()


def context(
    seeds: Seeds,
    teacher: Teacher,
    writer: Teacher | None,
    path: Path | None,
    state: str | None = None,
    note: str | None = None,
    checks: Sequence[Check] = (),
    teachers: Teachers | None = None,
) -> dict[str, Any]:
    """The `context` trait; `state` and `note` say how the teacher does where that is known."""
    usual = ("ready", "A rule-based simulation, no language model.")
    if not teacher.simulated:
        usual = ("unknown", "It has not been called yet.")
    return {
        "version": version_of("tilth") or "not installed",
        "title": "Tilth",
        "seeds": {
            "count": len(seeds),
            "name": seeds.name,
            "task": seeds.task if isinstance(seeds.task, str) else seeds.task.name,
        },
        "teacher": {
            "name": teacher.name,
            "simulated": teacher.simulated,
            "state": state or usual[0],
            "note": note or usual[1],
        },
        "writer": {"name": writer.name} if writer else None,
        "checks": [
            {"title": check.title, "about": (type(check).__doc__ or "").strip().partition("\n")[0]}
            for check in checks
        ],
        "path": None if path is None else shown_path(path),
        "teachers": teachers.offered if teachers else [],
        "chosen_teacher": teachers.chosen if teachers and teachers.offered else "",
    }


def teacher_state(teacher: Teacher, status: str, queries: int) -> TeacherState | None:
    """How the teacher of a run or a study of this status does; None where that tells nothing of it."""
    if status == "waiting":
        return "failing", "It gives nothing but failures."
    return ("ready", "It has answered.") if queries and not teacher.simulated else None


def offers(
    seeds: Seeds, configured: Mapping[str, Strategy], checks: Sequence[Check] = ()
) -> dict[str, dict[str, Any]]:
    """The `strategies` trait by name: every installed strategy, and why these seeds cannot feed it."""
    task = tasks.get(seeds.task)
    found = {}
    by_name = {name: kind for name, kind in registry.available().items() if kind.by_name}
    for name, kind in {**by_name, **{n: type(s) for n, s in configured.items()}}.items():
        strategy = configured.get(name) or registry.get(kind)
        cost = with_checks(strategy, checks).cost(task)
        needs_reference = "reference" in strategy.needs
        usable = seeds.has_references or not needs_reference
        found[name] = {
            "name": name,
            "title": strategy.title,
            "about": (kind.__doc__ or "").strip().partition("\n")[0],
            "queries_per_row": cost.queries / cost.rows,
            "needs_reference": needs_reference,
            "usable": usable,
            "why_not": None if usable else "it needs a reference for every seed",
        }
    return found


def require_usable(offered: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """`name`, if these seeds can feed that strategy; raises `ValueError` that says what they can."""
    if name not in offered:
        if name in registry.available():
            registry.get(name)  # says what more it must be given
        raise ValueError(f"no strategy is called {name!r}; there are {', '.join(offered)}")
    if not offered[name]["usable"]:
        raise ValueError(f"{name} cannot be used with these seeds: {offered[name]['why_not']}")
    return name


def planned(recipe: Recipe, budget: Budget) -> dict[str, Any]:
    """The `plan` trait."""
    try:
        plan = estimate(recipe, budget)
    except ValueError as error:
        return problem(str(error))
    return {
        **{name: getattr(plan, name) for name in _PLANNED},
        "sources": {name: f"{_range_in_words(name, plan)}{source}" for name, source in plan.sources.items()},
        "problem": None,
    }


def _range_in_words(name: str, plan: tilth.Plan) -> str:
    """The range of a number as a hover text begins: "74 to 150; "."""
    spread = plan.ranges.get(name)
    if spread is None or spread.low == spread.high:
        return ""
    low, high = (
        f"${value:,.2f}" if name == "usd" else f"{value:,.0f}{' s' if name == 'seconds' else ''}"
        for value in (spread.low, spread.high)
    )
    return f"{low} to {high}; "


def problem(text: str) -> dict[str, Any]:
    """The `plan` trait where there is no plan: it says why."""
    return {**UNPLANNED, "problem": text}
