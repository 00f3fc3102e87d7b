"""The teachers that a workbench offers where its user brought none."""

from __future__ import annotations

import pytest
from tests.support.tiny_gguf import write_tiny_model

import tilth


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    pytest.importorskip("xllamacpp", reason="the server is in the package xllamacpp")
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("TILTH_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    return write_tiny_model(tmp_path / "models" / "Tiny.gguf")


@pytest.fixture
def shown(page):
    """A workbench with nothing of the user's own."""
    made = []

    def show(**options):
        made.append(tilth.Workbench(**options))
        return made[-1]

    yield show
    for widget in made:
        if widget.run and widget.run.status == "running":
            widget.run.abort()
        widget.close()


def test_a_model_on_this_machine_can_be_chosen_and_answers(shown, page, tiny):
    widget = shown(strategy="answer-augmentation", budget=2)
    context = widget.context
    assert [each["title"] for each in context["teachers"]][:: len(context["teachers"]) - 1] == [
        "simulation",
        "Tiny, on this machine",
    ]
    assert page.ask(widget, "generate").custom["type"] == "ok"
    page.until_state("finished")
    simulated = widget.run
    local = next(each["name"] for each in context["teachers"] if "Tiny" in each["title"])
    since = len(page.sent)
    assert page.ask(widget, "teacher", name=local).custom["type"] == "ok"
    told = page.until(lambda m: m.update.get("context"), since).update["context"]
    assert told["chosen_teacher"] == local
    assert told["teacher"]["simulated"] is False
    assert told["teacher"]["state"] == "unknown"
    page.until(lambda m: "MB on" in m.update.get("plan", {}).get("sources", {}).get("seconds", ""), since)
    assert widget.run is None, "the simulation's run is none of this teacher's"
    assert page.ask(widget, "generate").custom["type"] == "ok"
    run = widget.run
    run.wait()
    assert run.path != simulated.path
    assert set(run.rows["teacher"]) == {tilth.local(tiny).name}
    assert page.ask(widget, "teacher", name="simulation").custom["type"] == "ok"
    assert widget.run.path == simulated.path


def test_another_teacher_is_refused_while_one_is_at_work(shown, page, tiny):
    widget = shown(budget=5_000)
    local = widget.context["teachers"][-1]["name"]
    assert page.ask(widget, "generate").custom["type"] == "ok"
    refused = page.ask(widget, "teacher", name=local).custom
    assert refused["type"] == "error"
    assert "stop what is at work" in refused["message"]
    assert widget.context["chosen_teacher"] == "simulation"
    page.ask(widget, "stop")
    widget.run.wait()
    assert page.ask(widget, "teacher", name="another").custom["type"] == "error"


def test_there_is_nothing_to_choose_where_none_is_here_or_one_was_brought(shown, page, tiny):
    assert shown(teacher=tilth.demo.teacher()).context["teachers"] == []
    tiny.unlink()
    offered = shown().context["teachers"]
    assert not any("Tiny" in each["title"] for each in offered)
