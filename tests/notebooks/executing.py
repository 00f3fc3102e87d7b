"""Runs a tutorial as a reader would, in a folder of its own."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient


@dataclass(frozen=True, slots=True)
class Executed:
    """An executed notebook, the folder it wrote to, and the processor seconds that it took."""

    notebook: nbformat.NotebookNode
    folder: Path
    seconds: float

    def shown(self, cell: str) -> str:
        """What the cell of this id printed and displayed, as text."""
        # A printed text may arrive in pieces.
        return "".join(
            output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
            for output in self._outputs(cell)
        )

    def displayed(self, cell: str, mime: str) -> str:
        """What the cell of this id displayed in this form."""
        return "".join(output["data"].get(mime, "") for output in self._outputs(cell) if "data" in output)

    def _outputs(self, cell: str) -> list[nbformat.NotebookNode]:
        (found,) = [one for one in self.notebook.cells if one["id"] == cell]
        return list(found["outputs"])


def execute(path: Path, folder: Path) -> Executed:
    """Executes a notebook with this environment's kernel; raises where a cell does."""
    notebook = nbformat.read(path, as_version=4)
    before = _processor_seconds()
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=240,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return Executed(notebook, folder, _processor_seconds() - before)


def _processor_seconds() -> float:
    """Of all processes that were started from this one and have ended: a busy machine counts no more."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
