"""The teachers that a workbench offers where the user brought none: the simulation, and local models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tilth
from tilth.errors import ModelMissing
from tilth.teacher.local import installed
from tilth.teacher.local.server import find_server

if TYPE_CHECKING:
    from tilth.teacher import Teacher

SIMULATION = "simulation"
_MOST = 8


class Teachers:
    """The choice of a teacher. Nothing is started, read or downloaded before one is chosen.

    Attributes:
        offered: Each as the page shows it, by "name" and "title"; empty where there is nothing to choose.
        chosen: The name of the one that teaches.
    """

    def __init__(self, *, own: bool) -> None:
        """`own` says that the user brought a teacher."""
        titles = [] if own else _local_titles()
        first = [{"name": SIMULATION, "title": "simulation"}] if titles else []
        self.offered = [*first, *({"name": f"local:{t}", "title": f"{t}, on this machine"} for t in titles)]
        self.chosen = SIMULATION

    def choose(self, name: str) -> Teacher:
        """The teacher of that name, which is the chosen one from now on.

        Raises:
            ValueError: None of that name is offered.
            ModelMissing: It has gone since.
        """
        if name not in [each["name"] for each in self.offered]:
            raise ValueError("there is no such teacher here; run the cell again to see which there are")
        kind, _, title = name.partition(":")
        teacher: Teacher = tilth.demo.teacher() if kind == SIMULATION else tilth.local(title)
        self.chosen = name
        return teacher


def _local_titles() -> list[str]:
    try:
        find_server(None)
    except ModelMissing:
        return []
    return list(dict.fromkeys(model.title for model in installed()))[:_MOST]
