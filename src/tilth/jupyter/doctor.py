"""Tells why a widget stays blank or a kernel does not answer: versions, bundle, JupyterLab's extensions."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from tilth.errors import ModelMissing
from tilth.teacher.local.models import BRINGS_SMALL_MODEL, installed
from tilth.teacher.local.server import find_server

_STATIC = Path(__file__).parents[1] / "static"
_PACKAGES = (
    "tilth",
    "jupyterlab",
    "ipywidgets",
    "jupyterlab_widgets",
    "anywidget",
    "polars",
    "openai",
)
_EXTENSIONS = {
    "tilth": "the launcher card and the palette entry are missing",
    "anywidget": "no widget of Tilth can show",
    "@jupyter-widgets/jupyterlab-manager": "no widget at all can show",
}
_MODELS_SHOWN = 5
# The extension's folder, and the package whose version it must have.
_VERSIONS = {"tilth": "tilth", "anywidget": "anywidget"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        level: "ok", or "problem" where something will not work.
        text: What was found, and for a problem what to do.
    """

    level: Literal["ok", "problem"]
    text: str


def version_of(package: str) -> str | None:
    """The installed version of a package in this environment, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def diagnose() -> list[Finding]:
    """Looks at this environment: its packages, the widgets' bundle, JupyterLab's extensions, local models."""
    static = map(_static, ("widget.js", "widget.css", "vega.js"))
    return [_python(), _kernel(), *map(_package, _PACKAGES), *static, *_extensions(), _local()]


def doctor() -> None:
    """Prints what `diagnose` finds, problems last and with what to do.

    Example:
        >>> tilth.doctor()
        ok      python ...
    """
    findings = diagnose()
    for finding in sorted(findings, key=lambda f: f.level == "problem"):
        sys.stdout.write(f"{finding.level:8}{finding.text}\n")
    if all(finding.level == "ok" for finding in findings):
        sys.stdout.write(
            "All is in place. After a kernel restart, a widget comes back when its cell is run again.\n"
        )


def _python() -> Finding:
    return Finding("ok", f"python {sys.version.split()[0]} in {sys.prefix}")


def _package(name: str) -> Finding:
    version = version_of(name)
    if version is None:
        return Finding("problem", f"{name} is not installed in {sys.prefix}; run `pip install tilth` there")
    return Finding("ok", f"{name} {version}")


def _kernel() -> Finding:
    version = version_of("ipykernel")
    if version is None or not (7, 0) <= _major_minor(version) < (7, 4):
        return _package("ipykernel")
    # A request that arrives while a reply leaves is not read: its issue 1554, mended in 7.4.0.
    return Finding(
        "problem",
        f"ipykernel {version} may leave a cell or a click in a widget unread, and the kernel then waits "
        "for ever; run `pip install -U ipykernel` for 7.4 or newer, and restart the kernel",
    )


def _major_minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _local() -> Finding:
    """Whether a model on this machine could teach. It is no problem where none could: nothing needs it."""
    try:
        program = find_server(None)
    except ModelMissing as error:
        return Finding("ok", f"no local teacher: {error}")
    server = f"llama.cpp's server in xllamacpp {version_of('xllamacpp')}"
    if program:
        server = f"{Path(program).name} on PATH"
    models = [f"{model.title} ({model.size / 1e6:,.0f} MB)" for model in installed()]
    if not models:
        return Finding("ok", f"{server}; no local model: `{BRINGS_SMALL_MODEL}` brings a small one")
    rest = f" and {len(models) - _MODELS_SHOWN} more" if len(models) > _MODELS_SHOWN else ""
    return Finding("ok", f"{server}, for tilth.local(): {', '.join(models[:_MODELS_SHOWN])}{rest}")


def _static(name: str) -> Finding:
    if (_STATIC / name).is_file():
        return Finding("ok", f"{name} is built, {(_STATIC / name).stat().st_size:,} bytes")
    return Finding("problem", f"{name} is not built; in a checkout run `npm ci && npm run build` in js/")


def _extensions() -> list[Finding]:
    try:
        from jupyter_core.paths import jupyter_path
    except ModuleNotFoundError:
        return [
            Finding("problem", f"Jupyter is not installed in {sys.prefix}; run `pip install tilth` there")
        ]
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    return [_extension(name, folders) for name in _EXTENSIONS]


def _extension(name: str, folders: list[Path]) -> Finding:
    package = next(
        (f / name / "package.json" for f in folders if (f / name / "package.json").is_file()), None
    )
    if package is None:
        return Finding(
            "problem",
            f"JupyterLab extension {name} is not in {sys.prefix}: {_EXTENSIONS[name]}. If JupyterLab runs "
            "from another environment than this kernel, install tilth there too",
        )
    try:
        version = str(json.loads(package.read_text("utf-8"))["version"])
    except (ValueError, TypeError, KeyError):
        return Finding(
            "problem", f"{package} cannot be read; install {name} again in JupyterLab's environment"
        )
    expected = version_of(_VERSIONS[name]) if name in _VERSIONS else None
    if expected is not None and version != expected:
        return Finding(
            "problem",
            f"JupyterLab extension {name} is {version} and the package {expected}; install tilth again in "
            "the environment of JupyterLab, and reload the page",
        )
    return Finding("ok", f"JupyterLab extension {name} {version} in {package.parent}")
