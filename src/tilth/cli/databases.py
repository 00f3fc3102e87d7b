"""The databases of text-to-SQL on the command line: no file holds where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import tilth
from tilth.cli import UsageError
from tilth.tasks import Task


def sql_task(databases: Sequence[str] | None, *, simulated: bool = False) -> Task:
    """The task over the databases given, or over the demo's own where a simulated run was given none.

    Raises:
        UsageError: No database was given, and none is known.
    """
    if databases:
        return tilth.tasks.Sql(database=databases)
    if simulated:
        return tilth.tasks.Sql(database=tilth.demo.database())
    raise UsageError("task sql needs a database; pass --database FILE")
