"""Builds the sdist and the wheel once, the way a release does, and installs the wheel without Node."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from building import Environment, clean_environment, run
from filelock import FileLock
from uv import find_uv_bin

UV = find_uv_bin()


@pytest.fixture(scope="session")
def tree(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with what git keeps or would keep, and nothing that a build made."""
    target = tmp_path_factory.mktemp("tree")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=checkout)
    for name in filter(None, listed.split("\0")):
        source = checkout / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of a test run have in common, so that they build once."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if hasattr(request.config, "workerinput") else folder


@pytest.fixture(scope="session")
def sdist(tree: Path, shared: Path) -> Path:
    """The sdist, built from the clean tree with Node."""
    out = shared / "sdist"
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with FileLock(shared / "sdist.lock"):
        if not out.exists():
            run(UV, "build", "--sdist", "--python", sys.executable, "-o", out, tree,
                env=clean_environment(tools))  # fmt: skip
    (built,) = out.glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def wheel(sdist: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist where there is no Node."""
    out = shared / "wheel"
    nothing = str(tmp_path_factory.mktemp("nothing"))
    with FileLock(shared / "wheel.lock"):
        if not out.exists():
            run(UV, "build", "--wheel", "--python", sys.executable, "-o", out, sdist,
                env=clean_environment(nothing))  # fmt: skip
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=["jupyterlab>=4.6,<4.7", "jupyterlab>=4.4,<4.5"])
def environment(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """A new virtual environment with the wheel, beside a version of JupyterLab."""
    root = tmp_path_factory.mktemp("environment")
    run(UV, "venv", "--quiet", "--clear", "--python", sys.executable, root)
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        root / "bin" / "python",
        f"tilth @ {wheel.as_uri()}",
        request.param,
    )
    return Environment(root)
