"""The workbench's advice: which evidence it rests on, and when it is worked out anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tilth.jupyter.widgets import advice_words

if TYPE_CHECKING:
    from tilth.advice.advice import Advice
    from tilth.engine.budget import Budget
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
        budget: Callable[[], Budget],
        write: Callable[..., None],
        fail: Callable[[str, Exception], str],
        *,
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._seeds, self._evidence, self._regimes = seeds, evidence, regimes
        self._titles = {name: info["title"] for name, info in offered.items()}
        self._usable = {name for name, info in offered.items() if info["usable"]}
        self._budget, self._write, self._fail, self._submit = budget, write, fail, submit
        self._mark: Mark | None = None
        self._wanted, self._due = False, 0.0

    def renew(self) -> None:
        """Works it out anew, for something it rests on has changed."""
        self._wanted = True
        self._submit(self._work)

    def tick(self, now: float) -> float | None:
        """Works it out anew where the study has come further; in how many seconds to call again, if at all.

        Of a study at work more will come soon, so that not each cell is worth an advice.
        """
        mark = self._regimes.mark if self._regimes else None
        if mark == self._mark:
            return None
        if mark is not None and mark.live and now < self._due:
            return self._due - now
        self._mark, self._due = mark, now + _PAUSE_SECONDS
        self.renew()
        return None

    def _work(self) -> None:
        if not self._wanted:  # another call has taken what changed into account
            return
        self._wanted = False
        began = time.monotonic()
        try:
            self._tell()
        except (ValueError, TypeError) as error:
            self._show(None, advice_words.problem(str(error)))
        except Exception as error:  # noqa: BLE001 - logged and shown
            self._show(None, advice_words.problem(self._fail("the advice", error)))
        now = time.monotonic()
        self._due = max(self._due, now + _PAUSE_TIMES * (now - began))

    def _tell(self) -> None:
        from tilth.advice.advise import advised  # it loads SciPy

        study = self._regimes.evidence() if self._regimes else None
        evidence = self._evidence if study is None else study
        advice = advised(self._seeds, self._budget(), evidence=evidence)
        # In the workbench's own study a strategy is set as it would be in its run.
        offered = self._usable if study is None else self._usable | {advice.arm}
        self._show(advice, advice_words.told(advice, self._titles, offered, note=self._note))

    def _show(self, advice: Advice | None, shown: dict[str, Any]) -> None:
        if self._regimes:
            self._regimes.advice = advice
        self._write(advice=shown)

    @property
    def _note(self) -> str:
        """What would tell more where nothing is measured."""
        if self._regimes and self._regimes.questions:
            return (
                "a study, in the tab Regimes, measures your strategies on its "
                f"{self._regimes.questions:,} validation questions"
            )
        return "pass test= and validation= to the workbench, and compare strategies in a study"
