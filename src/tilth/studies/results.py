"""Results of a model that was trained elsewhere: its replies to a test set, graded, as a study takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth import tasks
from tilth.arguments import kind_of, listed, number_of, of_kind, whole_number_of
from tilth.engine.run import Run
from tilth.seeds import TaskLike
from tilth.studies.frame import outcomes_schema, read_studies
from tilth.studies.grid import TrainedRows
from tilth.studies.options import options_of
from tilth.studies.test_sets import test_sets
from tilth.tasks.base import Task, Verdict

if TYPE_CHECKING:
    import polars as pl

    from tilth.studies.test_sets import TestSet

Replies = Sequence[str | None]
"""A model's replies to the questions of a test set, in their order; None where it gave none."""


def results(
    answers: Replies | Mapping[str, Replies],
    *,
    test: TestSet | Mapping[str, TestSet],
    student: str,
    run: Run | None = None,
    task: str | TaskLike | None = None,
    strategy: str | None = None,
    seeds: int | None = None,
    ratio: float | None = None,
    teacher: str | None = None,
    rows: int | None = None,
    replicate: int = 0,
    seed_rows: bool = False,
    check: TrainedRows | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Grades what a model of yours answered, and gives the frame and the outcomes that `Study.add` takes.

    Each reply is read and checked as the task does it with every student. What the model was trained on is
    told by the run whose rows it learnt, or in words; what is given in words goes before what the run says,
    as for a model that saw only a part of its rows.

    Args:
        answers: The model's whole replies, one for each question of `test` and in its order, None where there
            is none; several test sets by name, as in `test`.
        test: Questions with references: one to three frames or seeds, as `tilth.study` takes them.
        student: What to call the model on charts, such as "my 7B, LoRA".
        run: The run whose rows it was trained on.
        task: The task, or its name; the run's, or "numeric", where not given.
        strategy: The strategy that grew the rows, by name.
        seeds: How many seeds they were grown from.
        ratio: Budget in queries for each seed.
        teacher: The model that answered.
        rows: How many rows it was trained on; those of the run that `Run.save` writes, where not given.
        replicate: Which repetition it is, where there are several.
        seed_rows: Whether it was trained on the seeds as well.
        check: "label" where it learnt rejected rows, too, "filter" where they were left out. "filter" with a
            run, as `Run.save` leaves them out, and "label" without, where not given.

    Returns:
        The frame, with a row for each test set, and the outcomes, with a row for each question.

    Raises:
        ValueError: The answers are not as many as the questions, something is not told, a test set does not
            fit, or the task cannot tell right answers from wrong ones.
        TypeError: An argument is of another kind.

    Example:
        >>> test = tilth.demo.questions("same", "test").head(20)
        >>> seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "answer-augmentation", 20, teacher=teacher)
        >>> answers = [f"That makes {number}." for number in test["reference"]]  # your model's replies
        >>> frame, outcomes = tilth.results(answers, test=test, run=run, student="my 7B")
        >>> frame.select("student", "strategy", "seeds", "ratio", "accuracy").row(0)
        ('my 7B', 'answer-augmentation', 10, 2.0, 1.0)
    """
    import polars as pl

    known = {} if run is None else _told_by(of_kind(run, Run, "run", "what tilth.open_run(…) returns"))
    given = {"strategy": strategy, "seeds": seeds, "ratio": ratio, "teacher": teacher, "rows": rows}
    for name, value in given.items():
        if value is not None:
            known[name] = _of_its_kind(name, value)
    if ratio is not None or rows is not None:  # a part of the run, and what that cost is not known
        known |= {"queries": None, "usd": None}
    if missing := [name for name in ("strategy", "seeds", "ratio", "teacher") if name not in known]:
        raise ValueError(f"what the model was trained on is not told: pass run=, or {', '.join(missing)}")
    if run is not None and strategy not in (None, run.strategy_name):
        raise ValueError(f"strategy={strategy!r}, but the run's is {run.strategy_name!r}; leave one out")
    if check not in (None, "label", "filter"):
        raise ValueError('check: give "label" or "filter"')
    graded = _graded(answers, test, _task(task, run))
    records = [
        {
            **known,
            "student": _named(student),
            "replicate": _of_its_kind("replicate", replicate),
            "seed_rows": of_kind(seed_rows, bool, "seed_rows", "True or False"),
            "check": check or ("label" if run is None else "filter"),
            "test": name,
            "n_test": frame.height,
            "correct": frame["correct"].sum(),
        }
        for name, frame in graded.items()
    ]
    frame = read_studies(pl.DataFrame(records))
    cell = frame["cell_id"][0]
    outcomes = pl.concat([one.with_columns(cell_id=pl.lit(cell)) for one in graded.values()])
    return frame, outcomes.select(outcomes_schema().keys())


def _named(student: str) -> str:
    name = of_kind(student, str, "student", "what to call the model")
    if not name.strip() or not name.isprintable():
        raise ValueError(f"student={name!r}: call the model by printable characters, for charts to show")
    return name


def _of_its_kind(name: str, value: Any) -> Any:
    if name in ("strategy", "teacher"):
        return of_kind(value, str, name, "its name, as text")
    return number_of(value, name) if name == "ratio" else whole_number_of(value, name)


def _told_by(run: Run) -> dict[str, Any]:
    """What a run says of the rows it grew, as a study's frame holds it."""
    progress, count = run.progress, len(run.seeds)
    known: dict[str, Any] = {
        "run_id": run.id,
        "strategy": run.strategy_name,
        "seeds": count,
        "rows": progress.accepted + progress.unverified,
        "queries": progress.queries,
        "usd": progress.usd,
        "teacher": run.teacher_name,
        "writer": run.writer_name,
        "simulated": run.simulated,
    }
    if run.strategy is not None:
        known["options"] = options_of(run.strategy)
    if count:
        known["ratio"] = _budget(run) / count
    return known


def _budget(run: Run) -> int:
    """The queries of its budget, where it used them up; else those it spent."""
    spent, limit = run.progress.queries, run.budget.queries
    unit = 1
    if run.strategy is not None and run.task is not None:
        unit = run.strategy.cost(run.task).most_queries
    return limit if limit is not None and limit - spent < unit else spent


def _task(given: str | TaskLike | None, run: Run | None) -> Task:
    if given is not None or run is None:
        return tasks.get("numeric" if given is None else given)
    if run.task is None:
        raise ValueError("the run's task needs more than its file holds; pass task=")
    return run.task


def _graded(
    answers: Replies | Mapping[str, Replies], test: TestSet | Mapping[str, TestSet], task: Task
) -> dict[str, pl.DataFrame]:
    """By test set, its outcomes."""
    import polars as pl

    sets = test_sets(test, None, task)
    given = answers if isinstance(answers, Mapping) else dict.fromkeys(sets, answers)
    if list(sets) != list(given) or (len(sets) > 1 and not isinstance(answers, Mapping)):
        names = ", ".join(map(repr, sets))
        raise ValueError(f"answers: give those of each test set by its name, which are {names}")
    graded = {}
    for name, frame in sets.items():
        replies = listed(given[name], "answers", "replies, as many as the test has questions")
        if len(replies) != frame.height:
            raise ValueError(
                f"answers: {len(replies):,} to the {frame.height:,} questions of test set {name!r}; give one "
                "for each, None where there is none"
            )
        asked = zip(replies, frame["reference"], frame["question"], strict=True)
        read = [_verdict(task, *one) for one in asked]
        judged = [verdict for verdict in read if verdict is not None]
        if judged and all(verdict.verdict == "unverified" for verdict in judged):
            raise ValueError(
                f"the task {task.name!r} can tell of no answer whether it is right ({judged[0].reason}); "
                "count them otherwise, and give Study.add a frame of strategy, seeds, ratio, teacher, "
                "correct and n_test"
            )
        graded[name] = frame.select(
            "question_id",
            test=pl.lit(name),
            answer=pl.Series([verdict and verdict.answer for verdict in read], dtype=pl.String),
            correct=pl.Series(
                [verdict is not None and verdict.accepted for verdict in read], dtype=pl.Boolean
            ),
        )
    return graded


def _verdict(task: Task, reply: str | None, reference: str, question: str) -> Verdict | None:
    if reply is None:
        return None
    if not isinstance(reply, str):
        raise TypeError(f"answers holds {kind_of(reply)}; pass replies as text, None where there is none")
    return task.check(reply, reference, question)
