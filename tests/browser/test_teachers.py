"""A model on this machine is chosen in the workbench, and its rows come in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import expect
from tests.support.tiny_gguf import write_tiny_model
from workbench import open_bench

CELL = """\
import os
os.environ["TILTH_MODELS"] = {models!r}
import tilth
w = tilth.Workbench(strategy="answer-augmentation", budget=4)
w"""

pytestmark = pytest.mark.usefixtures("quiet")


def test_a_local_model_is_chosen_and_answers(lab: Lab, tmp_path: Path, screenshots: Path) -> None:
    pytest.importorskip("xllamacpp", reason="the server is in the package xllamacpp")
    write_tiny_model(tmp_path / "Tiny-Instruct.gguf")
    bench = open_bench(lab, CELL.format(models=str(tmp_path)))
    header = bench.root.locator(".tilth-header")
    choice = header.get_by_label("Teacher")
    expect(choice).to_have_value("simulation")
    expect(header).to_contain_text("no language model")
    choice.select_option("Tiny-Instruct, on this machine")
    expect(header).not_to_contain_text("no language model")
    bench.press("Generate")
    bench.until("Finished")
    expect(bench.rows).to_have_count(4)
    expect(header).to_contain_text("ready")
    bench.root.screenshot(path=screenshots / "local-teacher.png")
    expect(choice).to_have_value(re.compile("Tiny-Instruct"))
