"""Runs against a real server that limits their rate, breaks down and comes back: delayed, never dropped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.support.openai_server import Fault, Plan, Server, serve

import tilth
from tilth.engine.events import Changed
from tilth.engine.run import OVER
from tilth.errors import EndpointUnavailable
from tilth.seeds import Seeds

PATIENCE = 120.0
"""Seconds after which what should come has failed to."""


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
        run = start(server, tmp_path / "limited.tilth", 300).wait(PATIENCE)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 300)
    assert statuses["200"] == 300
    assert statuses["429"] < 60


def test_a_known_limit_is_kept_without_a_single_refusal(tmp_path: Path) -> None:
    with serve(plan=Plan(latency=0.02, rate=40, burst=50)) as server:
        run = start(server, tmp_path / "known.tilth", 120, requests_per_minute=2_280).wait(PATIENCE)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 120)
    assert statuses == {"200": 120}


def test_a_storm_of_429s_is_waited_out_with_few_calls(tmp_path: Path) -> None:
    with serve(plan=Plan(faults=(Fault("429", after=10, seconds=0.5),))) as server:
        run = start(server, tmp_path / "storm.tilth", 60)
        end = time.monotonic() + PATIENCE
        while server.books()["statuses"].get("429", 0) < 12:
            assert time.monotonic() < end
            time.sleep(0.05)
        while "429" not in (run.progress.waiting or ""):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert run.status == "running"
        server.plan(Plan())
        run.wait(PATIENCE)
        statuses = server.books()["statuses"]
    assert (run.status, run.progress.rows) == ("finished", 60)
    assert statuses["429"] < 80


def test_a_broken_endpoint_is_tried_by_single_calls_and_the_run_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    with serve(plan=Plan(faults=(Fault("500", after=10),))) as server:
        run = start(server, tmp_path / "broken.tilth", 60)
        told = run.subscribe()
        end = time.monotonic() + PATIENCE
        while run.status != "waiting":
            assert time.monotonic() < end
            time.sleep(0.01)
        progress = run.progress
        assert progress.status == "waiting"
        assert "test-model gives nothing but failures, so one call at a time is tried" in progress.waiting
        assert "planned failure 500" in progress.waiting
        while run.progress.in_flight > 1:  # those that were out when it was found out
            assert time.monotonic() < end
            time.sleep(0.01)
        tried, began = server.books()["received"], time.monotonic()
        time.sleep(2.0)
        tries = server.books()["received"] - tried
        assert tries <= 2 + (time.monotonic() - began) / 0.5, "half a second apart, or more"
        server.plan(Plan())
        run.wait(PATIENCE)
    assert (run.status, run.progress.rows) == ("finished", 60)
    assert (run.progress.waiting, run.progress.next_try) == (None, None)
    changes = [event.status for event in told.drain() if isinstance(event, Changed)]
    assert [status for status in changes if status != "starting"][-3:] == ["waiting", "running", "finished"]


def test_single_refusals_and_failures_are_no_news(tmp_path: Path) -> None:
    faults = (Fault("429", every=7, seconds=0.2), Fault("500", every=5))
    with serve(plan=Plan(latency=0.02, faults=faults)) as server:
        run = start(server, tmp_path / "bumpy.tilth", 30)
        seen = set()
        while run.status not in OVER:
            seen.add((run.progress.status, run.progress.waiting))
            time.sleep(0.01)
    assert (run.status, run.progress.rows) == ("finished", 30)
    assert {status for status, _ in seen} <= {"starting", "running", "finished"}
    assert {waiting for _, waiting in seen} == {None}


def test_quiet_that_is_asked_for_is_told_and_is_no_outage(tmp_path: Path) -> None:
    with serve(plan=Plan(faults=(Fault("429", calls=(12,), seconds=4.0),))) as server:
        run = start(server, tmp_path / "quiet.tilth", 60)
        end = time.monotonic() + PATIENCE
        while (progress := run.progress).next_try is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert progress.status == "running"
        assert "429" in progress.waiting
        assert 0 < progress.next_try <= 4
        run.wait(PATIENCE)
    assert (run.status, run.progress.rows) == ("finished", 60)


def test_patience_ends_a_run_with_what_it_has_and_the_run_in_hand(tmp_path: Path) -> None:
    with serve(plan=Plan(faults=(Fault("500", after=10),))) as server:
        run = start(server, tmp_path / "gone.tilth", 60, patience=2.0)
        with pytest.raises(EndpointUnavailable, match=r"nothing but failures for 2 s.*run again") as told:
            run.wait(PATIENCE)
        assert told.value.run is run
        assert (run.status, run.progress.rows) == ("failed", 10)
        server.plan(Plan())
        again = start(server, run.path, 60).wait(PATIENCE)
    assert (again.status, again.progress.rows) == ("finished", 60)


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_key_refused_in_mid_run_ends_it_at_once(tmp_path: Path, kind: str) -> None:
    with serve(plan=Plan(faults=(Fault(kind, after=20),))) as server:  # type: ignore[arg-type]
        run = start(server, tmp_path / "refused.tilth", 200)
        with pytest.raises(EndpointUnavailable, match=kind):
            run.wait(PATIENCE)
        books = server.books()
    assert run.progress.rows >= 20
    assert books["statuses"][kind] <= 64, "no call that was refused is tried again"
