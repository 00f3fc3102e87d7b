"""The workbench's advice: which evidence it rests on, and when it is worked out anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tilth.advice.adaptive.decisions import ADAPTIVE, decisions
from tilth.engine.run import OVER
from tilth.errors import TilthError
from tilth.jupyter.widgets.advice import words

if TYPE_CHECKING:
    from tilth.advice.advice import Advice
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.jupyter.widgets.regimes import Mark, Regimes
    from tilth.seeds import Seeds

_PAUSE_SECONDS, _PAUSE_TIMES = 2.0, 10.0
"""Between two advices of a study at work: so many seconds, or so many times as long as the last one took."""


class AdviceBox:
    """Owns what a workbench shows of advice.

    Args:
        seeds: What the budget is to grow.
        offered: The workbench's strategies, as the `strategies` trait has them.
        evidence: What `tilth.advise` takes; None where the user brought none.
        regimes: The workbench's study, which is evidence before any other; None where it makes none.
        run: Gives the workbench's run, which is evidence where it decides by what it measures.
        budget: Gives the workbench's budget as it is.
        write: Sets traits of the workbench.
        fail: Logs what must not happen and gives its message.
        submit: Has this work done where nothing waits for it.
    """

    def __init__(
        self,
        seeds: Seeds,
        offered: Mapping[str, Mapping[str, Any]],
        evidence: Any,
        regimes: Regimes | None,
        *,
        run: Callable[[], Run | None],
        budget: Callable[[], Budget],
        write: Callable[..., None],
        fail: Callable[[str, Exception], str],
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._seeds, self._evidence, self._regimes = seeds, evidence, regimes
        self._titles = {name: info["title"] for name, info in offered.items()}
        self._usable = {name for name, info in offered.items() if info["usable"]}
        self._run, self._budget = run, budget
        self._write, self._fail, self._submit = write, fail, submit
        self._mark: tuple[Mark | None, tuple[str, bool] | None] = (None, None)
        self._wanted, self._due, self._decisions = False, 0.0, 0

    def renew(self) -> None:
        """Works it out anew, for something it rests on has changed."""
        self._wanted = True
        self._submit(self._work)

    def tick(self, now: float) -> float | None:
        """Works it out anew where the study or the run has come further; in how many seconds to call again.

        Of one at work more will come soon, so that not each cell is worth an advice.
        """
        study, run = self._regimes.mark if self._regimes else None, self._deciding_run
        deciding = run is not None and run.status not in OVER
        mark = (study, None if run is None else (run.id, deciding))
        live = deciding or (study is not None and study.live)
        if live and now < self._due:
            return self._due - now
        if mark != self._mark:
            self.renew()
        elif deciding:
            self._submit(self._look)
        self._mark, self._due = mark, now + _PAUSE_SECONDS
        return _PAUSE_SECONDS if deciding else None

    @property
    def _deciding_run(self) -> Run | None:
        """The workbench's run, where its strategy decides as it grows."""
        run = self._run()
        return run if run is not None and run.strategy_name == ADAPTIVE else None

    def _look(self) -> None:
        """Works it out anew where the run has decided something since."""
        run = self._deciding_run
        if run is not None and len(run.decisions) != self._decisions:
            self._wanted = True
            self._work()

    def _work(self) -> None:
        if not self._wanted:  # another call has taken what changed into account
            return
        self._wanted = False
        began = time.monotonic()
        try:
            advice, shown = self._advised()
        except Exception as error:  # noqa: BLE001 - shown, and logged where it must not happen
            told = isinstance(error, (TilthError, ValueError, TypeError))
            text = str(error) if told else self._fail("the advice", error)
            advice, shown = None, words.problem(text)
        if self._regimes:
            self._regimes.advised.advice, self._regimes.advised.run = advice, self._deciding_run
        self._write(advice=shown)
        now = time.monotonic()
        self._due = max(self._due, now + _PAUSE_TIMES * (now - began))

    def _advised(self) -> tuple[Advice | None, dict[str, Any]]:
        """The advice and what is shown of it, or of why there is none."""
        from tilth.advice.advise import advised  # it loads SciPy

        run, study = self._deciding_run, self._regimes.evidence() if self._regimes else None
        made = None if run is None else decisions(run)
        self._decisions = 0 if made is None else made.height
        decided = [] if made is None else words.decided(made, self._titles)
        measured = run if made is not None and made["cells"].sum() else None
        evidence = study or measured or self._evidence
        try:
            advice = advised(self._seeds, self._budget(), evidence=evidence)
        except (TilthError, ValueError, TypeError) as error:
            return None, {**words.problem(str(error)), "decisions": decided}
        # In the workbench's own study a strategy is set as it would be in its run.
        offered = self._usable if study is None else self._usable | {advice.arm}
        told = words.told(advice, self._titles, offered, note=self._note)
        return advice, {**told, "decisions": decided}

    @property
    def _note(self) -> str:
        """What would tell more where nothing is measured."""
        regimes = self._regimes
        if regimes is None or not regimes.questions:
            return "pass test= and validation= to the workbench, and compare strategies in a study"
        if regimes.mark is not None and regimes.mark.live:
            return "the study at work has not measured every strategy yet"
        return (
            f"a study, in the tab Regimes, measures your strategies on its {regimes.questions:,} validation "
            "questions"
        )
