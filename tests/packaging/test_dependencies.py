"""The declared dependencies are those that the code imports; the npm lock serves every platform."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

# Needed to run, though no line of ours imports them.
RUN_WITH = {"ipykernel", "ipywidgets", "jupyterlab"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\s\[<>=!~;(]", requirement, maxsplit=1)[0]) for requirement in requirements}


def imported_distributions(source: Path) -> set[str]:
    modules = set()
    for path in source.rglob("*.py"):
        # a program that runs from its own folder calls the files beside it by their bare names
        alone = path.parent.name == "sandbox"
        beside = {other.stem for other in path.parent.glob("*.py")} if alone else set()
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
        modules |= found - beside
    known = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - {"tilth"}
    return {normal(known[module][0]) if module in known else normal(module) for module in foreign}


def project(checkout: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    return loaded


def test_what_is_imported_is_declared(checkout: Path) -> None:
    declared = project(checkout)
    extras = declared["optional-dependencies"]
    optional = [names(requirements) for extra, requirements in extras.items() if extra != "test"]
    allowed = names(declared["dependencies"]).union(*optional)
    assert imported_distributions(checkout / "src" / "tilth") - allowed == set()


def test_what_is_declared_is_imported(checkout: Path) -> None:
    declared = names(project(checkout)["dependencies"])
    assert declared - imported_distributions(checkout / "src" / "tilth") - RUN_WITH == set()


def test_the_npm_lock_serves_every_platform(checkout: Path) -> None:
    packages = json.loads((checkout / "js" / "package-lock.json").read_text())["packages"]
    locked = {path.rpartition("node_modules/")[2] for path in packages}
    missing = {
        path: absent
        for path, package in packages.items()
        if (absent := [name for name in package.get("optionalDependencies", {}) if name not in locked])
    }
    assert missing == {}


def test_the_npm_lock_names_no_host(checkout: Path) -> None:
    packages = json.loads((checkout / "js" / "package-lock.json").read_text())["packages"]
    assert [path for path, package in packages.items() if "resolved" in package] == []
