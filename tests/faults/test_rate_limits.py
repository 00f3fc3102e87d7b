"""Runs against a real server that limits their rate, breaks down and comes back: delayed, never dropped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.support.openai_server import Fault, Plan, Server, serve

import tilth
from tilth.engine.line import EndpointUnavailable
from tilth.seeds import Seeds


def seeds(count: int) -> Seeds:
    records = [{"question": f"How many are {i} and {i}?", "answer": str(2 * i)} for i in range(count)]
    return tilth.read_seeds(records, answer="answer", name="counted")


def start(server: Server, path: Path, count: int, **settings: float) -> tilth.Run:
    patience = settings.pop("patience", 600.0)
    teacher = tilth.Teacher("test-model", base_url=server.base_url, api_key="k", concurrency=64, **settings)
    return tilth.start(
        seeds(count), "answer-augmentation", count, teacher=teacher, path=path, patience=patience
    )


def test_behind_a_rate_limit_every_unit_becomes_a_row_with_few_refusals(tmp_path: Path) -> None:
    with serve(plan=Plan(latency=0.02, rate=100, burst=10)) as server:
        run = start(server, tmp_path / "limited.tilth", 300).wait(60)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 300)
    assert statuses["200"] == 300
    assert statuses["429"] < 60


def test_a_known_limit_is_kept_without_a_single_refusal(tmp_path: Path) -> None:
    with serve(plan=Plan(latency=0.02, rate=40, burst=50)) as server:
        run = start(server, tmp_path / "known.tilth", 120, requests_per_minute=2_280).wait(60)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 120)
    assert statuses == {"200": 120}


def test_a_storm_of_429s_is_waited_out_with_few_calls(tmp_path: Path) -> None:
    with serve(plan=Plan(faults=(Fault("429", after=10, seconds=0.5),))) as server:
        run = start(server, tmp_path / "storm.tilth", 60)
        end = time.monotonic() + 20
        while server.books()["statuses"].get("429", 0) < 12:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert run.status == "running"
        assert "429" in (run.progress.waiting or "")
        server.plan(Plan())
        run.wait(60)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 60)
    assert statuses["429"] < 80


def test_a_broken_endpoint_is_tried_by_single_calls_and_the_run_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    with serve(plan=Plan(faults=(Fault("500", after=10),))) as server:
        run = start(server, tmp_path / "broken.tilth", 60)
        end = time.monotonic() + 20
        while "one call at a time" not in (run.progress.waiting or ""):
            assert time.monotonic() < end
            time.sleep(0.01)
        tried = server.books()["received"]
        time.sleep(2.0)
        assert server.books()["received"] - tried <= 4, "half a second, a second, two seconds apart"
        server.plan(Plan())
        run.wait(60)
    assert (run.status, run.progress.rows) == ("finished", 60)


def test_patience_ends_a_run_with_what_it_has_and_the_run_in_hand(tmp_path: Path) -> None:
    with serve(plan=Plan(faults=(Fault("500", after=10),))) as server:
        run = start(server, tmp_path / "gone.tilth", 60, patience=2.0)
        began = time.monotonic()
        with pytest.raises(EndpointUnavailable, match=r"nothing but failures for 2 s.*run again") as told:
            run.wait(60)
        assert told.value.run is run
        assert time.monotonic() - began < 10
        assert (run.status, run.progress.rows) == ("failed", 10)
        server.plan(Plan())
        again = start(server, run.path, 60).wait(60)
    assert (again.status, again.progress.rows) == ("finished", 60)


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_key_refused_in_mid_run_ends_it_at_once(tmp_path: Path, kind: str) -> None:
    with serve(plan=Plan(faults=(Fault(kind, after=20),))) as server:  # type: ignore[arg-type]
        run = start(server, tmp_path / "refused.tilth", 200)
        with pytest.raises(EndpointUnavailable, match=kind):
            run.wait(60)
        books = server.books()
    assert run.progress.rows >= 20
    assert books["statuses"][kind] <= 64, "no call that was refused is tried again"
