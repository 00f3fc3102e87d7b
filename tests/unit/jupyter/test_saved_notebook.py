"""A notebook that a program runs and saves holds the rows' picture, no widget, and never a key."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

KEY = "sk-canary-51b2d0e97f"
URL_SECRET = "canary-in-the-url-8841"

CELLS = (
    """
import os
os.environ["OPENAI_API_KEY"] = KEY = {key!r}
import tilth
from tilth.jupyter.widgets import base
import pathlib
base.STATIC = pathlib.Path("static")
""",
    """
teacher = tilth.Teacher("a-model", base_url="http://127.0.0.1:9/v1?token={url}", api_key=KEY,
                        headers={{"X-Api-Key": KEY}})
seeds = tilth.read_seeds([{{"question": "What is 2 + 2?", "answer": "4"}}])
workbench = tilth.Workbench(seeds, teacher, strategy="answer-augmentation", budget=3)
workbench
""",
    """
try:
    workbench.generate().wait()
except tilth.teacher.TeacherError as error:
    print("refused:", error)
teacher
""",
    "workbench",
)


@pytest.mark.slow
def test_no_key_and_no_widget_reach_a_saved_notebook(tmp_path):
    static = tmp_path / "static"
    static.mkdir()
    (static / "widget.js").write_text("export default {}")
    (static / "widget.css").write_text("")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.format(key=KEY, url=URL_SECRET)) for cell in CELLS]
    )
    client = NotebookClient(
        notebook, timeout=120, store_widget_state=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    for cell in notebook.cells:
        cell.source = ""  # the key is written in the code of this test, not in what it made
    saved = nbformat.writes(notebook)
    assert "refused:" in saved
    assert "a-model" in saved
    assert "tilth-static" in saved
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path.name
            assert URL_SECRET.encode() not in path.read_bytes(), path.name
    assert KEY not in saved
    assert URL_SECRET not in saved

    # Of what nbclient would keep of a widget nothing is there, so that a page shows the picture offline.
    assert "widgets" not in notebook.metadata
    assert len(saved) < 40_000
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.split("<body", 1)[1].count("Run the cell again") == 2
    assert "html-manager" not in page
    assert "unpkg" not in page
