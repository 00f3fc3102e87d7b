"""What a run that is at work is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tilth.engine.file.format.records import RunRecord
from tilth.engine.file.journal import Journal
from tilth.engine.file.writes import JUDGING_ANEW
from tilth.engine.growing.asks.connection import ModelConnection
from tilth.engine.growing.asks.controls import Controls
from tilth.engine.growing.execution import Execution
from tilth.strategies.base import Role

_JUDGED_BY = ("check", "verdict_options", JUDGING_ANEW)
"""Settings that say how stored rows are judged: they are true as soon as that is done."""


@dataclass(frozen=True)
class ActiveParts:
    """What a run that is at work has, and a run that was only opened has not."""

    execution: Execution
    journal: Journal
    roles: Mapping[Role, ModelConnection]
    controls: Controls
    closes: bool
    earlier: RunRecord | None = None

    @property
    def connections(self) -> Sequence[ModelConnection]:
        """The models' connections, each once."""
        return tuple(dict.fromkeys(self.roles.values()))

    def addresses(self, known: Mapping[str, str | None]) -> dict[str, str | None]:
        """Where the models are: an address that did not answer takes no other's place."""
        answered = {str(role): one.model.address for role, one in self.roles.items() if one.answered}
        return {**known, **answered}

    def finished_before(self, settings: Mapping[str, Any]) -> RunRecord | None:
        """What the file held, where that was finished; by what its rows are judged now, as `settings` say."""
        if self.earlier is None or self.earlier.status != "finished":
            return None
        kept = {name: value for name, value in self.earlier.settings.items() if name not in _JUDGED_BY}
        now = {name: settings[name] for name in _JUDGED_BY if name in settings}
        return replace(self.earlier, settings=kept | now)
