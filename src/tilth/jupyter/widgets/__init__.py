"""The widgets a notebook shows."""

from __future__ import annotations

from tilth.jupyter.widgets.workbench import Workbench

__all__ = ["Workbench"]
