"""As what a widget sends: as something of the notebook's newest cell, whichever thread sends it.

ipykernel 7.4 hands what a page says to the shell whose message was at work when the widget last sent, and for
a thread of the widget's own that is the kernel's last message. It may have come by a subshell that JupyterLab
deletes the moment after, as it does when a page is loaded again: from then on what the page says would be
refused. Cells come by the main shell, which stays.

A cell that nobody sits before, as nbclient runs it, is another matter: of what comes from it nbclient keeps
the widget's whole state in the notebook, bundle included, and a page made of that notebook asks a network for
what would draw it. There the widget sends as something of no cell, and the page shows the static view.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

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
        _newest[0] = context = copy_context()
        for var, parent in context.items():
            if var.name == "shell_parent" and _is_unattended(parent):
                apart = {**parent, "header": {**parent["header"], "msg_id": uuid.uuid4().hex}}
                context.run(var.set, apart)


def _is_unattended(request: Any) -> bool:
    """Whether the cell was sent by a program: a person's front end can be asked for input."""
    return isinstance(request, dict) and request.get("content", {}).get("allow_stdin") is False
