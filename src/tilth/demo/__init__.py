"""The embedded default: a simulated teacher, seeds and questions that need no key, no network and no GPU.

    teacher = tilth.demo.teacher(skill=1.0, drift=0.3)
    run = tilth.start(tilth.demo.seeds(100), "new-question", 400, teacher=teacher)
    run = tilth.start(tilth.demo.seeds(100, task="sql"), "new-question", 400, teacher=teacher)

The teacher is a rule-based simulation and no language model. It reads arithmetic word problems, and
questions over its sample database, by cue words, says them in other words, and invents new ones; it
misreads what its cues do not cover, and on top of that it slips at the rates in `RATES`. Its author chose
these numbers, and they set where curves cross: what it shows is how the tools work and what can happen,
and nothing about any model. To other text, and other databases, it replies that it is a simulation.

Measured (tests/unit/demo/RESULTS.md): it reads all of 4,000 fresh questions of the seeds' kind, 46 % of the
held-out and 48 % of the hand-written test questions; over its database 99.9 %, 81 % and 61 %. At
temperature 0.7, skill 1 and drift 0.3, 92.7 % of its answers to seeds are right, 92.0 % to its own
rephrasings, and 92.8 % of those to its new questions agree with its own slip-free reading; over its
database 91.9 %, 92.0 % and 93.1 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilth.demo.process import Server, serve
from tilth.demo.rates import RATES
from tilth.demo.sets import questions, seeds
from tilth.demo.sql.database import database

if TYPE_CHECKING:
    from tilth.demo.client import DemoTeacher

__all__ = ["RATES", "Server", "database", "questions", "seeds", "serve", "teacher"]


def teacher(skill: float = 1.0, drift: float = 0.3) -> DemoTeacher:
    """The simulated teacher: a rule-based simulation, no language model. Its calls cost nothing.

    It answers over HTTP from a process of its own on 127.0.0.1, started at first use, shared by all demo
    teachers of this process, and gone with it. A reply depends on the two knobs, the messages, the
    temperature and the sampling seed, and on nothing else.

    Args:
        skill: From 0.1 to 10; every rate of injected mistakes in `RATES` is divided by it.
        drift: Share, 0 to 1, of new questions that are stories of its own; the others change names,
            things, numbers and at times a sentence of the seed.

    Raises:
        ValueError: A knob is out of range.

    Example:
        >>> tilth.demo.teacher(skill=2.0).simulated
        True
    """
    from tilth.demo.client import DemoTeacher

    return DemoTeacher(skill, drift)
