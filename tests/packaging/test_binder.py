"""Binder's steps in an environment of their own: the pins, postBuild, start, and the first notebook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from building import clean_environment, run
from lab import ARGUMENTS, Lab, Server
from packaging.requirements import Requirement
from playwright.sync_api import Browser, sync_playwright
from uv import find_uv_bin

UV = find_uv_bin()
CHROMIUM = Path(os.environ.get("TILTH_CHROMIUM", "/usr/bin/chromium"))
PYTHON = "3.11"


def environment(*folders: Path) -> dict[str, str]:
    """The user's environment with these folders first on PATH and nothing of our own Python's."""
    mine = str(Path(sys.executable).parent)
    others = [entry for entry in os.environ["PATH"].split(os.pathsep) if entry != mine]
    return clean_environment(os.pathsep.join([*map(str, folders), *others]))


@pytest.fixture(scope="module")
def repository(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as Binder clones it: the build of the sdist may have left its results in `tree`."""
    built = shutil.ignore_patterns("node_modules", "static", "labextension", "*.tsbuildinfo")
    return Path(shutil.copytree(tree, tmp_path_factory.mktemp("cloned") / "repository", ignore=built))


@pytest.fixture(scope="module")
def image(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix that Binder's image would have: requirements.txt is installed, and postBuild has run."""
    found = subprocess.run([UV, "python", "find", PYTHON], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.skip(f"Python {PYTHON}, which Binder is to use, is not on this machine")
    prefix = tmp_path_factory.mktemp("binder") / "notebook"
    run(UV, "venv", "--quiet", "--seed", "--python", found.stdout.strip(), prefix)
    python = prefix / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", python, "-r", repository / "binder" / "requirements.txt")
    run(
        repository / "binder" / "postBuild",
        env=environment(prefix / "bin") | {"NB_PYTHON_PREFIX": str(prefix)},
        cwd=repository,
    )
    return prefix


@pytest.fixture(scope="module")
def server(image: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The image's JupyterLab, launched by the start script."""
    server = Server(
        tmp_path_factory.mktemp("launched"), (repository / "binder" / "start", image / "bin" / "python")
    )
    server.start(
        {name: value for name, value in environment(image / "bin").items() if "proxy" not in name.lower()}
    )
    yield server
    server.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there; install Chromium or set TILTH_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


def pins(repository: Path) -> dict[str, Requirement]:
    lines = (repository / "binder" / "requirements.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in requirements}


def test_each_declared_dependency_is_pinned_within_its_bounds(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = {one.name: one for one in map(Requirement, project["dependencies"])}
    pinned = pins(repository)
    assert set(pinned) == set(declared)
    for name, requirement in pinned.items():
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        assert specifier.version in declared[name].specifier
        assert requirement.extras == declared[name].extras


def test_repo2docker_takes_the_python_the_postbuild_and_the_start_that_are_meant(repository: Path) -> None:
    said = run(sys.executable, "-m", "repo2docker", "--no-build", "--debug", ".", cwd=repository)
    assert (repository / "binder" / "runtime.txt").read_text().strip() == f"python-{PYTHON}"
    assert f"Building conda environment for python={PYTHON}" in said
    assert "unspecified" not in said
    assert '-r "binder/requirements.txt"' in said
    assert "RUN ./binder/postBuild" in said
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in said


@pytest.mark.parametrize(("state", "succeeds"), [("enabled OK (python, tilth)", True), ("enabled X", False)])
def test_postbuild_fails_where_the_extension_is_not_ok(
    repository: Path, tmp_path: Path, state: str, succeeds: bool
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, action in (("pip", "true"), ("npm", "true"), ("jupyter", f"echo 'tilth v1.2.3 {state}'")):
        (tools / name).write_text(f"#!/bin/sh\n{action}\n")
        (tools / name).chmod(0o755)
    copy = tmp_path / "copy"
    shutil.copytree(repository / "binder", copy / "binder")
    done = subprocess.run(
        [copy / "binder" / "postBuild"],
        cwd=copy,
        env=environment(tools) | {"NB_PYTHON_PREFIX": str(tmp_path / "prefix")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is succeeds
    assert ("does not list the extension tilth as OK" in done.stderr) is not succeeds


@pytest.mark.slow
def test_the_image_is_consistent_and_keeps_no_build_leftovers(image: Path, repository: Path) -> None:
    run(image / "bin" / "python", "-m", "pip", "check")
    listed = run(image / "bin" / "jupyter", "labextension", "list", env=environment(image / "bin"))
    assert re.search(r"tilth v\S+ .*OK", listed), listed
    assert not (repository / "js" / "node_modules").exists()


@pytest.mark.slow
def test_the_installed_package_brings_the_notebooks(image: Path, repository: Path) -> None:
    said = run(image / "bin" / "python", "-c", "from tilth.cli.lab import notebooks; print(notebooks())",
               cwd=image)  # fmt: skip
    assert said.strip() == str(sorted(path.name for path in (repository / "notebooks").glob("*.ipynb")))


@pytest.mark.slow
def test_no_news_is_asked_for(server: Server) -> None:
    name = "@jupyterlab/apputils-extension:notification"
    properties = json.loads(server.call("GET", f"lab/api/settings/{name}"))["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False


@pytest.mark.slow
def test_the_first_notebook_runs_in_a_browser(
    server: Server, browser: Browser, repository: Path, tmp_path: Path
) -> None:
    name = "01-first-harvest.ipynb"
    shutil.copy(repository / "notebooks" / name, server.notebooks / name)
    lab = Lab.open(browser, server, tmp_path)
    lab.open_notebook(name)
    lab.run_all()
    # The workbench's own button, below all else: the widget's bundle came from the installed wheel.
    button = lab.page.get_by_role("button", name="Generate")
    button.scroll_into_view_if_needed()
    button.wait_for()
    lab.screenshot("first-notebook")
    assert lab.console_errors == []
    assert lab.foreign_requests == []
    lab.close()
    assert len((server.notebooks / "train.jsonl").read_text().splitlines()) > 150
