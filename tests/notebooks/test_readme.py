"""The README's code runs as it stands, and what it points to is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tilth
from tilth.strategies.registry import available
from tilth.tasks import get


def blocks(checkout: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (checkout / "README.md").read_text(), re.DOTALL)


def test_its_python_runs_in_order(checkout: Path, tmp_path: Path) -> None:
    """What trains a language model is left out where nothing could train one: tests/train try that."""
    (tmp_path / "seeds.jsonl").write_text('{"question": "What is 6 times 7?", "answer": "42"}\n')
    known = {"OPENAI_API_KEY": "none", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(one for one in blocks(checkout, "python") if '"lora"' not in one)],
        cwd=tmp_path,
        env=known | {"PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "train.jsonl").read_text().splitlines()
    assert len([json.loads(line)["messages"] for line in lines]) == 200
    assert (tmp_path / "regimes.svg").read_text().startswith("<svg ")
    shown = (checkout / ".github" / "images" / "advice-forecast.svg").read_text()
    title = r"Title text '[^']*'"
    drawn = (tmp_path / "forecast.svg").read_text()
    assert re.findall(title, drawn) == re.findall(title, shown), "copy it: it is the README's picture"
    (study,) = tmp_path.glob("study-*.tilth")
    assert tilth.open_study(study).progress.cells == 4 * 2 * 4 * 2


def table(checkout: Path, section: str) -> list[tuple[str, str]]:
    """First and last column of the table of a section."""
    text = (checkout / "README.md").read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([a-z-]+)` \|.*\| ([^|]+) \|$", text, re.MULTILINE)


def test_its_table_of_tasks_is_whole(checkout: Path) -> None:
    assert {name for name, _ in table(checkout, "Tasks and checks")} == set(tilth.tasks.available())


def test_its_table_of_strategies_is_theirs(checkout: Path) -> None:
    said = {name: cost.split()[-1] for name, cost in table(checkout, "Strategies")}
    task = get("numeric")
    questions = tilth.demo.questions()
    own = {name: kind() if kind.by_name else kind(questions) for name, kind in available().items()}
    assert said == {name: str(strategy.cost(task).queries) for name, strategy in own.items()}


@pytest.mark.parametrize("command", ["demo", "lab", "generate", "resume", "show", "doctor"])
def test_the_commands_it_names_are_there(checkout: Path, command: str) -> None:
    assert f"tilth {command}" in (checkout / "README.md").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "tilth.cli", command, "--help"], capture_output=True, check=False
    )
    assert done.returncode == 0


def test_the_steps_it_names_are_those_of_the_script(checkout: Path) -> None:
    (steps,) = re.findall(r"ALL_STEPS=\((.*?)\)", (checkout / "tests" / "run").read_text())
    assert f"`bash tests/run {steps}`" in (checkout / "README.md").read_text()


def test_the_files_it_links_are_there(checkout: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (checkout / "README.md").read_text())
    own = [link for link in links if not link.startswith("https://")]
    assert own
    assert [link for link in own if not (checkout / link).is_file()] == []


def test_the_first_notebook_of_the_binder_link_is_there(checkout: Path) -> None:
    (link,) = blocks(checkout, "text")
    assert (checkout / link.strip().partition("urlpath=lab/tree/")[2]).is_file()
