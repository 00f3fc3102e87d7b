"""The workbench: seeds, a plan and a budget on one side, samples as they arrive on the other."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

import tilth
from tilth.arguments import path_of
from tilth.engine.budget import Budget
from tilth.engine.recipe import checks_given
from tilth.engine.run import OVER
from tilth.engine.start import start_recipe
from tilth.errors import BudgetError
from tilth.jupyter import fallback, protocol
from tilth.jupyter.widgets import traits
from tilth.jupyter.widgets.advice.box import AdviceBox
from tilth.jupyter.widgets.advice.words import UNTOLD
from tilth.jupyter.widgets.base import Widget, chart_bundle
from tilth.jupyter.widgets.confirmation import Question, run_question
from tilth.jupyter.widgets.regimes import IDLE as NO_STUDY
from tilth.jupyter.widgets.regimes import Regimes
from tilth.jupyter.widgets.run_display import RunDisplay
from tilth.jupyter.widgets.run_feed import page_of, stop
from tilth.jupyter.widgets.run_plans import RunPlans
from tilth.jupyter.widgets.saving import AlreadyThere, save_rows
from tilth.jupyter.widgets.study_choices import PATIENCE, WorkbenchStudies
from tilth.jupyter.widgets.teachers import Teachers
from tilth.jupyter.widgets.views import Views
from tilth.strategies import registry

if TYPE_CHECKING:
    import polars as pl

    from tilth.advice.evidence import Source
    from tilth.checks import Calibration
    from tilth.engine.growing.rows import CheckMode
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.strategies.check import Check
    from tilth.studies.study import Study
    from tilth.studies.test_sets import TestSet
    from tilth.teacher import Teacher

DEFAULT_QUERIES = 300


class Workbench(Widget):
    """Grows rows from seeds under a budget, with controls.

    With no arguments it works on the demo's seeds with the demo's teacher, a rule-based simulation that
    needs no key and no network; where a model and a server for it are installed (see `tilth.local`), the
    page offers that model instead. A run belongs to the kernel: closing the widget, or running its cell
    again, never stops it, and a new workbench on its path follows it.

    Args:
        seeds: `Seeds`, or anything `tilth.read_seeds` reads. The demo's where not given.
        teacher: A `Teacher`, or a model's name. Needed with seeds of your own.
        writer: The model that writes and rephrases questions; the teacher where not given.
        strategy: The strategy chosen at first, by name, or a `Strategy` with options.
        budget: A `Budget`, or a number of queries; 300 queries where not given.
        path: The run's file; made from seeds, strategy and identity where not given. Another strategy's
            run goes beside it.
        random_state: Decides the order of the seeds and all that strategies draw.
        test: Questions that only final results see: a frame with question and reference, or up to three of
            them by name. With them strategies can be compared; the demo's where no seeds are given.
        validation: Questions that decisions may see, measured beside the test sets.
        check: As `tilth.start` takes it; the stream shows rejected samples in any case.
        checks: Checks that ask, as `tilth.start` takes them.
        calibration: What `tilth.checks.calibrate` said of the run's judge, to be shown beside its scores.
        evidence: What the page's advice rests on until its own study has measured the strategies on
            validation questions: as `tilth.advise` takes it. None: nothing is measured.

    Raises:
        ValueError: A strategy that these seeds cannot feed, a budget that cannot be meant, or a test set
            that lacks something.
        BundleMissing: The widget's JavaScript was not built.

    Example:
        >>> tilth.Workbench(tilth.demo.seeds(20), teacher=tilth.demo.teacher()).close()
    """

    _one_way = frozenset(
        {
            *("context", "strategies", "plan", "advice", "status", "regimes", "study_status", "notice"),
            *("_esm", "_css"),
        }
    )
    _reading: ClassVar[frozenset[str]] = frozenset({"page", "open", "quality", "save", "regimes-cell"})
    _instant: ClassVar[frozenset[str]] = frozenset({"view"})
    _drawing: ClassVar[frozenset[str]] = frozenset({"regimes-chart", "regimes-save", "vega"})

    _regimes: Regimes | None = None
    _told: traits.TeacherState | None = None

    context = traitlets.Dict().tag(sync=True)
    strategies: traitlets.List[Any] = traitlets.List().tag(sync=True)
    strategy = traitlets.Unicode().tag(sync=True)
    budget_queries = traitlets.Int().tag(sync=True)
    budget_usd = traitlets.Float().tag(sync=True)
    plan = traitlets.Dict().tag(sync=True)
    advice = traitlets.Dict(UNTOLD).tag(sync=True)
    status = traitlets.Dict(traits.IDLE).tag(sync=True)
    regimes = traitlets.Dict().tag(sync=True)
    study_status = traitlets.Dict(NO_STUDY).tag(sync=True)

    def __init__(
        self,
        seeds: Any = None,
        teacher: Teacher | str | None = None,
        writer: Teacher | str | None = None,
        strategy: str | Strategy = "new-question",
        budget: Budget | int | None = None,
        path: str | Path | None = None,
        random_state: int = 0,
        test: TestSet | Mapping[str, TestSet] | None = None,
        validation: TestSet | None = None,
        check: CheckMode = "label",
        checks: Sequence[Check] = (),
        calibration: Calibration | None = None,
        evidence: Source | Sequence[Source] | None = None,
    ) -> None:
        if seeds is not None and teacher is None:
            raise ValueError(
                'teacher is missing; pass tilth.Teacher("a-model"), or tilth.demo.teacher() to try out'
            )
        self._seeds: Seeds = traits.seeds(seeds)
        self._teacher = traits.model(teacher) or tilth.demo.teacher()
        self._writer = traits.model(writer)
        self._teachers = Teachers(own=teacher is not None)
        self._path = None if path is None else path_of(path).absolute()
        self._check, self._checks, self._calibration = check, checks_given(checks), calibration
        # Its tokens and its goal are no control of the page.
        self._given_budget = limits = Budget.of(DEFAULT_QUERIES if budget is None else budget)
        strategy = strategy if isinstance(strategy, str) else registry.get(strategy)
        name = strategy if isinstance(strategy, str) else strategy.name
        tests = traits.tests(test, validation, self._seeds, demo=seeds is None)
        configured = traits.configured(strategy, tests, self._seeds)
        self._offered = traits.offers(self._seeds, configured, self._checks)
        traits.require_usable(self._offered, name)
        own = (self._seeds, self._teacher, self._writer)
        self._plans = RunPlans(*own, configured, self._checks, random_state, name, self._path)
        self._starting = threading.Lock()
        self._question = Question(partial(self._push, "confirm"))
        self._views = Views(self.close)
        self._display = RunDisplay(self._teacher, self._write, self._push, self._wake.set)
        if tests:
            studies = WorkbenchStudies(*own, tests, configured, random_state, path=self._path)
            self._regimes = Regimes(studies, self._offered, limits, self._write, self._question.ask)
        self._advice = AdviceBox(
            *(self._seeds, self._offered, evidence, self._regimes),
            run=lambda: self.run,
            budget=self._budget,
            write=self._write,
            fail=self._fail,
            submit=partial(self._submit, pool=self._drawers),
        )
        super().__init__(
            context=self._context(),
            strategies=list(self._offered.values()),
            strategy=name,
            budget_queries=limits.queries or 0,
            budget_usd=limits.usd or 0.0,
            plan=traits.UNPLANNED,
            **(self._regimes.traits() if self._regimes else {}),
        )
        self.observe(self._chosen, ("strategy", "budget_queries", "budget_usd"))
        self.observe(lambda _change: self._advice.renew(), ("budget_queries", "budget_usd"))
        self._follow_existing()
        self._views.take_over(self._plans.path_of(name))
        self._submit(self._replan)  # not in the cell that makes the workbench: a study's plan takes a while
        if self._regimes:
            self._submit(self._regimes.plan)
        self._advice.renew()

    @property
    def run(self) -> Run | None:
        """The run that is shown; None before the first."""
        return self._display.run

    @property
    def study(self) -> Study | None:
        """The study that is shown; None before the first."""
        return self._regimes.study if self._regimes else None

    @property
    def rows(self) -> pl.DataFrame:
        """The run's rows so far, as `run.rows` gives them; an empty frame before the first run."""
        return self._display.rows

    def generate(self, *, confirm: bool = False) -> Run:
        """Starts the run, resumes it where it stopped, or raises its limits: what the Generate button does.

        Args:
            confirm: True lets it spend real dollars without a limit in dollars; the button asks instead.

        Raises what `tilth.start` raises.
        """
        return self._start(self.strategy, self._budget(), confirm=confirm)

    # What the page and the user choose.

    @traitlets.validate("strategy")
    def _valid_strategy(self, proposal: Any) -> str:
        try:
            return traits.require_usable(self._offered, proposal["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    @traitlets.validate("budget_queries", "budget_usd")
    def _valid_limit(self, proposal: Any) -> Any:
        value = proposal["value"]
        if not 0 <= value < 1e12:
            raise traitlets.TraitError(f"a budget of {value} cannot be meant; 0 is no limit")
        return value

    def _chosen(self, _change: Any) -> None:
        self._submit(self._replan)

    def _replan(self) -> None:
        try:
            self._write(plan=self._plans.planned(self.strategy, self._budget()))
        except BudgetError as error:
            self._write(plan=traits.problem(str(error)))
        except Exception as error:  # noqa: BLE001 - logged and shown
            self._write(plan=traits.problem(self._fail("the plan", error)))

    def _budget(self) -> Budget:
        queries, usd = self.budget_queries or None, self.budget_usd or None
        return replace(self._given_budget, queries=queries, usd=usd)

    # Requests.

    def _answer(self, request: protocol.Request) -> tuple[dict[str, Any], list[bytes]]:
        self._views.shown()
        part, _, name = request.type.rpartition("-")
        take = getattr(self._comparing(), f"on_{name}") if part else getattr(self, f"_on_{name}")
        try:
            kind, fields, buffers = take(**request.fields) or ("ok", {}, [])
        except AlreadyThere as found:
            kind, fields, buffers = "exists", found.fields, []
        return protocol.reply(request.id, kind, **fields), buffers

    def _on_generate(self, **seen: Any) -> None:
        self._take_plan(seen)
        name, budget = self.strategy, self._budget()
        self._refuse_another(name)
        models = self._plans.unagreed(name, budget)
        if not models:
            self._start(name, budget, confirm=False)
            return
        plan = self._plans.planned(name, budget)
        if plan["problem"]:
            raise ValueError(plan["problem"])
        text, then = run_question(budget, plan["usd"], models), partial(self._confirmed, name, budget)
        self._question.ask((name, budget), text, then, priced=plan["usd"] is not None)

    def _take_plan(self, seen: dict[str, Any]) -> None:
        """Takes the plan that the page shows: what was chosen last may still be on its way here."""
        if others := {name: value for name, value in seen.items() if getattr(self, name) != value}:
            self.set_state(others)
        if any(getattr(self, name) != value for name, value in others.items()):
            raise ValueError("the plan in the page could not be taken; look at it, and press Generate again")

    def _confirmed(self, name: str, budget: Budget) -> None:
        if (name, budget) != (self.strategy, self._budget()):
            raise ValueError("the plan has changed since the question; press Generate again")
        self._start(name, budget, confirm=True)

    def _on_confirm(self, token: str, yes: bool) -> None:
        self._question.answer(token, yes=yes)

    def _on_teacher(self, name: str) -> None:
        with self._starting:
            for one in (self.run, self.study):
                if one is not None and one.status not in OVER:
                    raise ValueError("stop what is at work before another teacher is asked")
            self._teacher = teacher = self._teachers.choose(name)
            self._plans = replace(self._plans, teacher=teacher)
            self._display.leave(teacher)
            self._follow_existing()
        self._write(context=self._context())
        self._replan()
        if self._regimes:
            self._regimes.ask_another(teacher, self._budget())
            self._advice.renew()

    def _on_vega(self) -> tuple[str, dict[str, Any], list[bytes]]:
        return "vega", {}, [chart_bundle()]

    def _comparing(self) -> Regimes:
        if (regimes := self._regimes) is None:
            raise ValueError("there are no test questions; pass test= to compare strategies")
        return regimes

    def _on_pause(self) -> None:
        self._required().pause()

    def _on_resume(self) -> None:
        self._required().resume()

    def _on_stop(self) -> None:
        stop(self._required())

    def _on_view(self, open: bool, views: int | None = None) -> None:
        self._views.told(visible=open, count=views)
        self._display.looked_at(watched=open)

    def _on_page(
        self, after: int, limit: int, verdicts: tuple[str, ...] | None, contains: str
    ) -> tuple[str, dict[str, Any], list[bytes]]:
        fields, stream = page_of(self._required(), after, limit, verdicts, contains)
        return "page", fields, [stream]

    def _on_open(self, row_id: str) -> tuple[str, dict[str, Any], list[bytes]]:
        return "opened", {"detail": protocol.plain(self._required().detail(row_id))}, []

    def _on_quality(self) -> tuple[str, dict[str, Any], list[bytes]]:
        calibration = self._calibration.to_json() if self._calibration else None
        fields = {"quality": self._required().quality.to_json(), "calibration": calibration}
        return "quality", protocol.plain(fields), []

    def _on_save(
        self, format: str, path: str, verdicts: tuple[str, ...] | None, existing: str = "ask"
    ) -> tuple[str, dict[str, Any], list[bytes]]:
        return "saved", save_rows(self._required(), path, format, verdicts, existing), []

    def _required(self) -> Run:
        if (run := self.run) is None:
            raise ValueError("there is no run yet; press Generate")
        return run

    # The run.

    def _start(self, name: str, budget: Budget, *, confirm: bool) -> Run:
        with self._starting:
            self._refuse_another(name)
            recipe = self._plans.recipe(name)
            path = self._plans.path_of(name, recipe)
            run = start_recipe(recipe, budget, path, confirm=confirm, check=self._check, patience=PATIENCE)
            self._display.follow(run)
        return run

    def _refuse_another(self, name: str) -> None:
        if (live := self.run) and live.status not in OVER and live.strategy_name != name:
            raise ValueError(f"a run of {live.strategy_name} is at work; stop it before starting {name}")

    def _follow_existing(self) -> None:
        """Shows the run that is there already, at work or ended, if Generate would go on with it."""
        recipe = self._plans.recipe(self.strategy)
        path = self._plans.path_of(self.strategy, recipe)
        if path.exists():
            run = tilth.open_run(path)
            if run.id == recipe.run_id:
                self._display.follow(run)

    # The flusher's side.

    def _tick(self, now: float) -> float | None:
        seen = self._views.open
        dues = [
            self._display.tick(now, seen=seen),
            self._regimes.tick(now, seen=seen) if self._regimes else None,
            self._advice.tick(now),
        ]
        by_run, by_study = self._display.teacher_state, self._regimes.teacher_state if self._regimes else None
        told = by_study if by_study and (by_study[0] == "failing" or not by_run) else by_run
        if told != self._told:
            self._told = told
            self._write(context=self._context(*told or ()))
        return min((due for due in dues if due is not None), default=None)

    def _context(self, state: str | None = None, note: str | None = None) -> dict[str, Any]:
        own = (self._seeds, self._teacher, self._writer, self._path, state, note)
        return traits.context(*own, checks=self._checks, teachers=self._teachers)

    def close(self) -> None:
        """Closes the widget and its views. A run goes on: it belongs to the kernel."""
        super().close()
        if display := getattr(self, "_display", None):  # it may come before `__init__` has run
            display.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._views.shown()
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        status = self._display.status() or self.status
        says = (self.context, self.strategy, status, traits.shown_path(self._plans.path_of(self.strategy)))
        still = fallback.still(*says, self._seeds.frame, self.rows)
        return fallback.beside(data, still), metadata
