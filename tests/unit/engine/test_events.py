"""What a run tells while it is at work: changes, arrivals, and the text of one call at a time."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from tests.support.openai_server import Plan, serve
from tests.unit.engine.growing import SEEDS, Model, started, until

import tilth
from tilth.engine.events import Changed, Sampled, Text


def test_events_tell_every_change_and_every_arrival() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 12)
    subscription = run.subscribe()
    late = run.subscribe()
    model.gate.set()
    run.wait()
    events = subscription.drain()
    arrivals = [e.arrival for e in events if isinstance(e, Sampled)]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] == run.samples().get_column("arrival").max() == 6
    assert [e.status for e in events if isinstance(e, Changed)][-1] == "finished"
    assert not any(isinstance(e, Text) for e in events)
    assert late.drain() == events
    assert subscription.drain() == []
    assert not subscription.wait(0)


def test_a_subscriber_that_lags_loses_events_but_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.engine.events._MOST_WAITING", 5)
    model = Model(gate=threading.Event())
    run = started(model, 40)
    subscription = run.subscribe()
    model.gate.set()
    run.wait()
    assert len(subscription.drain()) == 5
    seen, after = [], 0
    while (page := run.samples(after=after, most=7)).height:
        seen += page["row_id"].to_list()
        after = page["arrival"][-1]
    assert len(seen) == len(set(seen)) == 20
    assert set(seen) == set(run.rows["row_id"])


def test_a_closed_subscription_hears_nothing() -> None:
    model = Model(gate=threading.Event())
    run = started(model, 4)
    subscription = run.subscribe()
    subscription.close()
    subscription.drain()
    model.gate.set()
    run.wait()
    assert subscription.drain() == []


def test_samples_are_filtered_by_verdict_and_text() -> None:
    run = started(Model(), 40).wait()
    accepted = run.samples(verdicts=["accepted"])
    assert 0 < accepted.height < run.samples().height == 20
    assert set(accepted["verdict"]) == {"accepted"}
    some = run.samples(contains="ARE 3 AND")
    assert 0 < some.height < 20
    assert all("are 3 and" in q for q in some["question"])
    assert run.samples(verdicts=[]).height == 0


def test_text_is_streamed_only_where_wanted_and_of_one_call_at_a_time() -> None:
    with serve(plan=Plan(stream_pause=0.002)) as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url, concurrency=8)
        run = tilth.start(SEEDS, "new-question", 10**6, teacher=teacher, path="run.tilth")
        watching, other = run.subscribe(), run.subscribe()
        watching.text = True
        texts: list[Text] = []

        def shown() -> int:
            """How many calls were shown to their end."""
            texts.extend(e for e in watching.drain() if isinstance(e, Text))
            return sum(text.done for text in texts)

        until(lambda: shown() > 1)
        run.stop()
        run.wait()
        shown()
        assert not any(isinstance(e, Text) for e in other.drain())
        assert server.books()["completed"] == run.progress.queries
    calls: list[list[Text]] = [[]]
    for text in texts:
        calls[-1].append(text)
        if text.done:
            calls.append([])
    assert calls.pop() == [], "every call that was shown was shown to its end"
    for call in calls:
        assert len({(t.unit, t.purpose) for t in call}) == 1, "one call at a time"
        assert all(later.text.startswith(earlier.text) for earlier, later in pairwise(call))
        unit = call[0].unit
        exchanges = run.detail(f"{run.id}:{unit}:0")["exchanges"]
        assert call[-1].text in {e["reply"] for e in exchanges}, "the text so far, no more and no less"


def test_nothing_is_streamed_where_nobody_looks() -> None:
    with serve() as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url)
        run = tilth.start(SEEDS, "new-question", 6, teacher=teacher)
        subscription = run.subscribe()
        run.wait()
        assert not any(body.get("stream") for body in server.books()["bodies"])
    assert not any(isinstance(e, Text) for e in subscription.drain())
