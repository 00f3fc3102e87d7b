"""What the sdist and the wheel hold."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

BUILT = (
    "src/tilth/static/widget.js",
    "src/tilth/static/widget.css",
    "src/tilth/static/vega.js",
    "src/tilth/labextension/package.json",
)
EXTENSION = "share/jupyter/labextensions/tilth/"


def sdist_names(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


def wheel_names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_sdist_holds_the_built_bundle_and_its_source(sdist: Path) -> None:
    names = sdist_names(sdist)
    assert set(BUILT) <= set(names)
    assert {"LICENSE", "pyproject.toml", "js/package-lock.json", "js/lab/install.json"} <= set(names)
    assert [name for name in names if name.startswith("js/src/")]


def test_the_sdist_holds_nothing_else_that_a_build_left(sdist: Path) -> None:
    left = ("node_modules", "__pycache__", ".venv", "js/lab/lib", ".tsbuildinfo", ".tilth")
    assert [
        name
        for name in sdist_names(sdist)
        if any(word in name.split("/") or name.endswith(word) for word in left)
    ] == []


def test_the_wheel_holds_the_bundle_once_and_the_extension_as_data(wheel: Path) -> None:
    names = wheel_names(wheel)
    assert {
        "tilth/static/widget.js",
        "tilth/static/widget.css",
        "tilth/static/vega.js",
        "tilth/py.typed",
        "tilth/CHANGELOG.md",
    } <= set(names)
    data = [name.partition(".data/data/")[2] for name in names if ".data/data/" in name]
    assert {f"{EXTENSION}package.json", f"{EXTENSION}install.json"} <= set(data)
    assert [name for name in data if name.startswith(f"{EXTENSION}static/remoteEntry.")]
    assert [name for name in names if name.startswith("tilth/labextension")] == []
    assert len(names) == len(set(names))


def test_the_license_travels_with_both(sdist: Path, wheel: Path) -> None:
    assert "LICENSE" in sdist_names(sdist)
    assert [name for name in wheel_names(wheel) if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_data_files_of_the_package_are_in_the_wheel(tree: Path, wheel: Path) -> None:
    source = tree / "src"
    built = {"static", "labextension"}
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "tilth").rglob("*")
        if path.is_file() and not built & set(path.parts)
    }
    assert expected <= set(wheel_names(wheel))


def test_nothing_bundled_asks_another_host(wheel: Path) -> None:
    hosts = (
        b"cdn.jsdelivr.net",
        b"unpkg.com",
        b"esm.sh",
        b"esm.run",
        b"cdnjs.cloudflare.com",
        b"fonts.googleapis.com",
    )
    with zipfile.ZipFile(wheel) as archive:
        scripts = [name for name in archive.namelist() if name.endswith((".js", ".css"))]
        asking = [(name, host) for name in scripts for host in hosts if host in archive.read(name)]
    assert scripts
    assert asking == []
