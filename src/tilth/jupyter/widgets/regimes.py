"""The workbench's study: what is chosen, how far it is, and what its charts and cells show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tilth import students, tasks
from tilth.advice.adaptive.decisions import ADAPTIVE
from tilth.engine.run import OVER
from tilth.jupyter import protocol
from tilth.jupyter.secrets import without_secrets
from tilth.jupyter.widgets import traits
from tilth.jupyter.widgets.advice.charts import KINDS, AdviceCharts
from tilth.jupyter.widgets.confirmation import costly, study_question
from tilth.jupyter.widgets.run_feed import stop
from tilth.jupyter.widgets.saving import targets
from tilth.jupyter.widgets.study_charts import Figures
from tilth.jupyter.widgets.study_choices import UNPLANNED, Choices, WorkbenchStudies
from tilth.studies.start import open_study
from tilth.studies.test_sets import VALIDATION
from tilth.studies.training.standing import in_words

if TYPE_CHECKING:
    from tilth.charts import Figure
    from tilth.engine.budget import Budget
    from tilth.studies.study import Study
    from tilth.teacher import Teacher

_STATUS_SECONDS, _UNSEEN_SECONDS = 0.5, 1.0
_WRONG = 50
"""The most questions shown of those a student got wrong."""

IDLE: dict[str, Any] = {
    "state": "idle",
    **dict.fromkeys(("reason", "waiting", "next_try", "training", "path", "error")),
    **dict.fromkeys(("cells", "all_cells", "runs", "all_runs", "queries", "most_queries", "seconds"), 0),
    "chosen": False,
}
"""The `study_status` trait before the first study."""

Answer = tuple[str, dict[str, Any], list[bytes]]
"""A reply's type, its fields and its buffers."""


class Mark(NamedTuple):
    """How far a study is: its file, the cells that are measured, and whether it is at work."""

    path: Path
    cells: int
    live: bool


class Regimes:
    """Owns what a workbench shows of its study. The study itself belongs to the kernel.

    Attributes:
        teacher_state: How the teacher does by the study; None where it tells nothing of it.
        mark: How far the study is; None before the first.
        advised: Charts of the workbench's advice, which stand beside those of the study.

    Args:
        studies: The studies of this workbench.
        offered: The workbench's strategies, as the `strategies` trait has them.
        budget: The workbench's, which the grid that is chosen at first keeps.
        write: Sets traits of the workbench.
        ask: Puts a question about a plan to the user, as `Question.ask` does.
    """

    def __init__(
        self,
        studies: WorkbenchStudies,
        offered: Mapping[str, Mapping[str, Any]],
        budget: Budget,
        write: Callable[..., None],
        ask: Callable[..., None],
    ) -> None:
        # adaptive measures the others itself
        compared = {name: info for name, info in offered.items() if name != ADAPTIVE}
        self._offered = {name: info for name, info in compared.items() if info["usable"]}
        self._write = write
        self._ask = ask
        self._lock = threading.RLock()
        self.advised = AdviceCharts()
        self._take(studies, budget)

    def _take(self, studies: WorkbenchStudies, budget: Budget) -> None:
        self._studies = studies
        self._figures: Figures | None = None
        self._due: float | None = None
        self.teacher_state: traits.TeacherState | None = None
        self.mark: Mark | None = None
        self._choices = self._grown = studies.usual(self._offered, budget)
        if found := studies.newest():
            self._choices = found[1]
            self._follow(found[0], found[1])
        self._plan = UNPLANNED

    def ask_another(self, teacher: Teacher, budget: Budget) -> None:
        """Makes studies of this teacher from now on, and shows the newest of them."""
        with self._lock:
            self._take(replace(self._studies, teacher=teacher), budget)
        self.plan()

    @property
    def study(self) -> Study | None:
        """The study that is shown; None before the first."""
        return self._figures.study if self._figures else None

    @property
    def questions(self) -> int:
        """How many validation questions its studies ask."""
        tests = self._studies.tests
        return tests[VALIDATION].height if VALIDATION in tests else 0

    def evidence(self) -> Study | None:
        """The study that is shown, where it can be advised by: its strategies are measured to decide by.

        While it is at work all of them must be, for the first would be called the best until then.
        """
        import polars as pl

        study, chosen = self.study, self._grown
        if study is None:
            return None
        live = study.status not in OVER
        cells = study.frame.filter((pl.col("test") == VALIDATION) & pl.col("complete"))
        least = len(chosen.strategies) if live else min(2, len(chosen.strategies))
        return study if cells["strategy"].n_unique() >= max(1, least) else None

    def traits(self) -> dict[str, Any]:
        """The `regimes` trait, what can be chosen and is, and the `study_status` trait, how far it is."""
        studies = self._studies
        offers = {
            "tests": [
                {"name": name, "questions": frame.height, "decides": name == VALIDATION}
                for name, frame in studies.tests.items()
            ],
            "strategies": list(self._offered),
            "students": [
                {"name": name, "about": kind.about, "cost": kind.cost}
                for name, kind in students.offered(studies.seeds.task_name).items()
            ],
            "axes": ["ratio", "rows", "rows_per_seed", *(["usd"] if studies.priced() else [])],
            "choices": asdict(self._choices),
            "plan": self._plan,
        }
        return {"regimes": offers, "study_status": self._status()}

    def plan(self) -> None:
        """Plans the study of what is chosen, and shows the plan."""
        with self._lock:
            self._plan = self._studies.planned(self._choices)
        self._write(**self.traits())

    def tick(self, now: float, *, seen: bool) -> float | None:
        """Writes what is due; in how many seconds to call again, None where nothing will come."""
        figures = self._figures
        if figures is None or self._due is None:
            return None
        if now < self._due:
            return self._due - now
        live = figures.study.status not in OVER  # read before the status, which is then the last one
        status = self._status()
        self.teacher_state = traits.teacher_state(self._studies.teacher, status["state"], status["queries"])
        self._write(study_status=status)
        self.mark = Mark(figures.study.path, status["cells"], live)
        pause = _STATUS_SECONDS if seen else _UNSEEN_SECONDS
        self._due = now + pause if live else None
        return pause if live else None

    # Requests.

    def on_plan(self, **chosen: Any) -> None:
        """Takes other choices; shows the study that was made of them, if there is one."""
        with self._lock:
            if self.study and self.study.status not in OVER:
                raise ValueError("a study is at work; stop it before choosing another grid")
            self._choices = self._chosen(**chosen)
            path = self._studies.path_of(self._choices)
            if path.exists():
                self._follow(open_study(path), self._choices)
            self.plan()

    def on_run(self, **seen: Any) -> None:
        """Starts the study of the choices in sight, or goes on; asks first where that may cost money."""
        with self._lock:
            choices = self._choices
        if seen and not self._chosen(**seen).same_as(choices):
            raise ValueError("the choices in the page could not be taken; look at them, and press again")
        models = costly(self._studies.models)
        if not models:
            self._start(choices, confirm=False)
            return
        plan = self._studies.planned(choices)
        if plan["problem"]:
            raise ValueError(plan["problem"])
        text = study_question(plan["queries"], plan["usd"], models)
        self._ask(choices, text, partial(self._confirmed, choices), priced=plan["usd"] is not None)

    def on_stop(self) -> None:
        """Stops it; what was measured is kept."""
        stop(self._required().study)

    def on_chart(self, kind: str, axis: str, test: str, theme: str) -> Answer:
        """A chart as Vega-Lite, in words, and its points; or why there is none."""
        try:
            if kind in KINDS:
                drawn = self.advised.drawn(kind, axis, theme, self.study)
            else:
                drawn = self._required().chart(kind, axis, test, theme)
        except ValueError as error:
            drawn = {"spec": None, "words": "", "points": [], "problem": str(error)}
        return "regimes-chart", drawn, []

    def on_cell(self, cell_id: str, test: str) -> Answer:
        """A cell: its record for each test set, and what its student got wrong in one of them."""
        import polars as pl

        found = self._required().study.cell(cell_id)
        records = {record["test"]: record for record in found["records"].to_dicts()}
        if test not in records:
            raise ValueError(f"this cell was not measured on {test!r}; it was on {', '.join(records)}")
        task = tasks.get(self._studies.seeds.task)
        missed = found["outcomes"].filter((pl.col("test") == test) & ~pl.col("correct"))
        shown = missed.head(_WRONG).join(
            self._studies.tests[test], on="question_id", how="left", maintain_order="left"
        )
        wrong = [
            {
                "question": question,
                "answer": answer,
                "reference": task.read(reference, question).answer or reference,
            }
            for question, answer, reference in shown.select("question", "answer", "reference").iter_rows()
        ]
        cell = {**records[test], "tests": list(records.values()), "wrong": wrong, "missed": missed.height}
        return "regimes-cell", {"cell": protocol.plain(cell)}, []

    def on_save(
        self, path: str, kind: str, axis: str, tests: tuple[str, ...], theme: str, existing: str = "ask"
    ) -> Answer:
        """Writes the figure; those of several test sets to a file each, named for its set."""
        if not path.strip():
            raise ValueError("give the file a name, such as regimes.svg")
        target = Path(path).expanduser()
        several = len(tests) > 1
        meant = [target.with_stem(f"{target.stem}-{test}") if several else target for test in tests]
        files = targets(meant, existing)
        saved = [
            self._figure(kind, axis, test, theme).save(file) for test, file in zip(tests, files, strict=True)
        ]
        sizes = sum(each.stat().st_size for each in saved)
        return "regimes-save", {"paths": [traits.shown_path(each) for each in saved], "bytes": sizes}, []

    def _figure(self, kind: str, axis: str, test: str, theme: str) -> Figure:
        if kind in KINDS:
            return self.advised.figure(kind, axis, theme)
        return self._required().figure(kind, axis, test, theme)

    # The study.

    def _chosen(
        self, strategies: Iterable[str], sizes: Iterable[int], ratios: Iterable[float], **others: Any
    ) -> Choices:
        names = set(strategies)
        return Choices(
            strategies=tuple(name for name in self._offered if name in names),
            sizes=tuple(sorted(set(sizes))),
            ratios=tuple(sorted(set(ratios))),
            **others,
        )

    def _start(self, choices: Choices, *, confirm: bool) -> None:
        with self._lock:
            self._follow(self._studies.start(choices, confirm=confirm), choices)
        self._write(study_status=self._status())

    def _confirmed(self, choices: Choices) -> None:
        if choices != self._choices:
            raise ValueError("the choices have changed since the question; press Run study again")
        self._start(choices, confirm=True)

    def _follow(self, study: Study, grown: Choices) -> None:
        self._grown = grown
        self._figures, self._due = Figures(study), 0.0

    def _required(self) -> Figures:
        if self._figures is None:
            raise ValueError("there is no study yet; press Run study")
        return self._figures

    def _status(self) -> dict[str, Any]:
        study = self.study
        if study is None:
            return IDLE
        p, error = study.progress, study.error
        return {
            "state": p.status,
            "reason": p.reason,
            "waiting": p.waiting,
            "next_try": p.next_try,
            "cells": p.cells,
            "all_cells": p.all_cells,
            "runs": p.runs,
            "all_runs": p.all_runs,
            "queries": p.queries,
            "most_queries": p.most_queries,
            "seconds": p.seconds,
            "training": in_words(p.training) or None,
            "path": traits.shown_path(study.path),
            "error": None if error is None else without_secrets(str(error) or type(error).__name__),
            "chosen": study.path == self._studies.path_of(self._choices),
        }
