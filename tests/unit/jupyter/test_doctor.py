"""The doctor finds what keeps a widget blank, and kernels that lose what they are asked."""

from __future__ import annotations

import json

import pytest

from tilth.jupyter.doctor import diagnose, doctor, version_of


def about(name, findings):
    return [f for f in findings if f.text.startswith(f"JupyterLab extension {name} ")]


@pytest.fixture
def extension(monkeypatch, tmp_path):
    """Puts a labextension where JupyterLab looks first."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def write(name, text):
        folder = tmp_path / "labextensions" / name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(text)

    return write


def test_an_extension_of_the_same_version_is_fine(extension):
    extension("anywidget", json.dumps({"version": version_of("anywidget")}))
    (found,) = about("anywidget", diagnose())
    assert found.level == "ok"


def test_an_extension_of_another_version_is_a_problem(extension):
    extension("anywidget", json.dumps({"version": "0.0.1"}))
    (found,) = about("anywidget", diagnose())
    assert found.level == "problem"
    assert f"is 0.0.1 and the package {version_of('anywidget')}" in found.text


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_broken_extension_is_a_problem(extension, text):
    extension("anywidget", text)
    assert any(f.level == "problem" and "cannot be read" in f.text for f in diagnose())


def test_prints_problems_last(extension, capsys):
    extension("anywidget", json.dumps({"version": "0.0.1"}))
    doctor()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok")
    assert lines[-1].startswith("problem")
    assert any("python" in line for line in lines)


@pytest.mark.parametrize(
    ("version", "level"),
    [("6.31.0", "ok"), ("7.0.0", "problem"), ("7.3.0", "problem"), ("7.4.0", "ok"), ("7.10.0", "ok")],
)
def test_an_ipykernel_that_leaves_requests_unread_is_a_problem(monkeypatch, tmp_path, version, level):
    folder = tmp_path / f"ipykernel-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ipykernel\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = [f for f in diagnose() if f.text.startswith(f"ipykernel {version}")]
    assert found.level == level
