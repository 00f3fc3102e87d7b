"""What someone has who installed the wheel, with no Node and no checkout."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from building import Environment

HEAVY = (
    "polars",
    "openai",
    "altair",
    "anywidget",
    "ipywidgets",
    "traitlets",
    "sklearn",
    "scipy",
    "numpy",
    "aiohttp",
)


def declared_version(checkout: Path) -> str:
    return str(tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["version"])


@pytest.mark.slow
def test_jupyterlab_lists_the_extension(environment: Environment, checkout: Path) -> None:
    listed = re.sub(r"\x1b\[\d+m", "", environment.run("jupyter", "labextension", "list"))
    assert re.search(
        rf"tilth v{re.escape(declared_version(checkout))} enabled OK \(python, tilth\)", listed
    ), listed


@pytest.mark.slow
def test_the_version_is_one(environment: Environment, checkout: Path) -> None:
    said = environment.run("python", "-c", "import tilth; print(tilth.__version__)").strip()
    assert said == declared_version(checkout)
    assert json.loads((checkout / "js" / "package.json").read_text())["version"] == said


@pytest.mark.slow
def test_importing_tilth_loads_nothing_heavy(environment: Environment) -> None:
    program = f"import sys, tilth; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert environment.run("python", "-c", program).strip() == "[]"


@pytest.mark.slow
def test_every_public_name_can_be_loaded(environment: Environment) -> None:
    program = "import tilth\nfor name in tilth.__all__: getattr(tilth, name)\nprint(len(tilth.__all__) > 1)"
    assert environment.run("python", "-c", program).strip() == "True"


@pytest.mark.slow
def test_the_entry_points_load(environment: Environment) -> None:
    program = (
        "from importlib.metadata import distribution\n"
        "points = distribution('tilth').entry_points\n"
        "print(sorted({point.group for point in points if callable(point.load())}))"
    )
    assert (
        environment.run("python", "-c", program).strip()
        == "['console_scripts', 'tilth.checks', 'tilth.strategies']"
    )


@pytest.mark.slow
def test_the_widget_finds_its_bundle(environment: Environment) -> None:
    program = "import tilth; w = tilth.Workbench(); print(len(w._esm) > 1000, len(w._css) > 100)"
    assert environment.run("python", "-c", program).strip() == "True True"
