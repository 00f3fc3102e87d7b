"""Every error that a user of Tilth may want to catch, under one root."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

_SHOWN = 20
"""Problems of seeds that a message lists; all of them stand in `SeedsError.problems`."""


class TilthError(Exception):
    """The root of Tilth's errors. A message says what is wrong, where, and what to do.

    Example:
        >>> try:
        ...     tilth.Budget(queries=-1)
        ... except tilth.TilthError as error:
        ...     print(error)
        Budget(queries=-1): give a whole number of queries, 0 or more
    """


class TilthWarning(UserWarning):
    """What a user should know and nothing stops for: seeds left out, a column in no prompt, a file's format.

    Example:
        >>> import warnings
        >>> warnings.simplefilter("ignore", tilth.TilthWarning)
    """


def tell(notice: str) -> None:
    """Warns of something that stops nothing, at the line of the user's that led to it."""
    level, frame = 1, sys._getframe()  # noqa: SLF001 - there is no other way to one's caller
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "tilth":
        level, frame = level + 1, frame.f_back
    warnings.warn(notice, TilthWarning, stacklevel=level)


# -- what comes in -------------------------------------------------------------------------------------------


class SeedsError(TilthError, ValueError):
    """Seeds that cannot be used: every problem of a source, told at once.

    Attributes:
        problems: One line per problem, each with file, line or row, and reason.
    """

    def __init__(self, name: str, problems: Sequence[str], remedy: str = "") -> None:
        self.problems = list(problems)
        if len(self.problems) == 1:
            message = self.problems[0]
        else:
            shown = "\n  ".join(self.problems[:_SHOWN])
            rest = len(self.problems) - _SHOWN
            more = f"\n  and {rest:,} more, in .problems" if rest > 0 else ""
            message = f"{name} has {len(self.problems):,} problems:\n  {shown}{more}"
        super().__init__(f"{message}\n{remedy}" if remedy else message)


class BudgetError(TilthError, ValueError):
    """A budget that cannot be meant, or that cannot be kept because a price is unknown."""


class StudyFrameError(TilthError, ValueError):
    """A frame is no frame of a study. The message says what is wrong, where, and what to do."""


# -- before anything is paid ---------------------------------------------------------------------------------


class ConfirmationNeeded(TilthError):
    """A run would spend real dollars with no limit in dollars. Its message says how many, by the plan."""


class IdentityMismatch(TilthError, ValueError):
    """A file holds another run than the one asked for. Nothing was changed in it."""


class BundleMissing(TilthError, RuntimeError):
    """The widgets' JavaScript is not there: a checkout that was not built."""


class CannotConfine(TilthError, ValueError):
    """Code cannot be confined on this system, so it is not run. The message says what is missing."""


# -- the run's file ------------------------------------------------------------------------------------------


class JournalError(TilthError):
    """The run file cannot be used. Nothing in it was destroyed."""


class RunBusy(JournalError):
    """Another process holds the run file."""


class CannotWait(TilthError, RuntimeError):
    """What was called would wait for the thread it was called from, or for one that a fork left behind."""


# -- the models ----------------------------------------------------------------------------------------------


class TeacherError(TilthError):
    """A teacher that cannot be used: wrong key, wrong model, dead host. Says what, where, and what to do."""


class EndpointUnavailable(TeacherError):
    """An endpoint gave nothing but failures for as long as a run's patience, or refused its key.

    Attributes:
        run: The run that failed of it, once it has; what it journalled is safe.
    """

    run: Any = None


class ModelMissing(TilthError, ValueError):
    """A local model, or the server that runs it, is not on this machine. The message says what brings it."""


class Overspent(TilthError):
    """The server's usage passed what had been reserved for the call. The run stops and says by how much."""


# -- what strategies, checks, tasks and students raise or get -----------------------------------------------


class StrategyError(TilthError):
    """A strategy broke its contract: asked more than it declared, or read what it had not asked for."""


class StrategyNotDeterministic(StrategyError):
    """A strategy run again asked for other things than its journal holds. Nothing was paid."""


class StudentError(TilthError, ValueError):
    """A student was given what it cannot train on, or broke its contract."""


class UnitFailed(TilthError):
    """The endpoint refused one of the unit's requests for good; the run goes on without the unit.

    Attributes:
        cause: The same in a word for machines, one of `tilth.tasks.CAUSES`.
    """

    def __init__(self, reason: str, cause: str = "refused-request") -> None:
        super().__init__(reason)
        self.cause = cause


class Unreadable(TilthError):
    """A reply that does not hold what its prompt asked for. The message is the reason shown to users.

    Attributes:
        cause: The same in a word for machines, one of `tilth.tasks.CAUSES` or another.
    """

    def __init__(self, reason: str, cause: str = "malformed") -> None:
        super().__init__(reason)
        self.cause = cause


class Malformed(TilthError):
    """A structured reply that held something else, again after a corrective turn. The message is why."""
