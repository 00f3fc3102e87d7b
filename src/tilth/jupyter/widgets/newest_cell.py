"""As what a widget sends: as something of the notebook's newest cell, whichever thread sends it.

ipykernel 7.4 hands what a page says to the shell whose message was at work when the widget last sent, and for
a thread of the widget's own that is the kernel's last message. It may have come by a subshell that JupyterLab
deletes the moment after, as it does when a page is loaded again: from then on what the page says would be
refused. Cells come by the main shell, which stays. And nbclient keeps of a widget's state what comes from the
cell at work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from IPython.core.getipython import get_ipython

P = ParamSpec("P")
T = TypeVar("T")

_newest = [copy_context()]


def follow_cells() -> None:
    """Takes the cell that is at work for the newest, and from now on each that begins."""
    _note()
    shell = get_ipython()
    if shell is not None:
        shell.events.register("pre_run_cell", _note)


def in_newest_cell(send: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls `send` as if the newest cell called it."""
    return _newest[0].copy().run(send, *args, **kwargs)


def _note(_info: object = None) -> None:
    if threading.current_thread() is threading.main_thread():  # a subshell's cells run in others
        _newest[0] = copy_context()
