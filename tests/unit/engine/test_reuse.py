"""Replies of other files: taken over once, counted nothing, kept at what they cost."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from polars.testing import assert_frame_equal
from tests.support.openai_server import Fault, Plan, serve
from tests.unit.engine.growing import SEEDS, Model, Votes, Wordy, comparable, seeds

import tilth
from tilth.errors import IdentityMismatch, JournalError

PRICE = tilth.Price(1, 2)


def grown(model: Model, budget: tilth.Budget | int, path: str, **options: object) -> tilth.Run:
    strategy = options.pop("strategy", "question-rephrase")
    source = options.pop("seeds", SEEDS)
    settings = options.pop("settings", {})
    teacher = tilth.Teacher(model, price=PRICE, **settings)
    return tilth.generate_sync(source, strategy, budget, teacher=teacher, path=path, confirm=True, **options)


def origins(path: str) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [origin for (origin,) in file.execute("SELECT origin FROM replies WHERE origin IS NOT NULL")]


def test_another_run_takes_over_what_both_ask_and_pays_for_the_rest() -> None:
    old = grown(Model(), 8, "old.tilth", strategy="answer-augmentation")
    model = Model()
    new = grown(model, 6, "new.tilth", strategy="answers-then-new", reuse=["old.tilth"])
    # five answers of the first pass are there; then each unit costs two
    assert (new.progress.queries, model.completed) == (6, 6)
    taken, paid = new.rows.filter("reused"), new.rows.filter(~new.rows["reused"])
    assert (taken.height, paid.height) == (5, 3)
    same = ["question", "response", "queries", "prompt_tokens", "completion_tokens", "usd"]
    assert_frame_equal(taken.select(same), old.rows.head(5).select(same))
    assert taken["usd"].min() > 0
    assert new.progress.tokens == model.tokens
    assert new.progress.usd == pytest.approx(paid["usd"].sum())
    assert len(set(origins("new.tilth"))) == 5
    assert all(origin.startswith(f"{old.id}:") for origin in origins("new.tilth"))


def test_an_opened_row_says_which_exchange_was_reused() -> None:
    grown(Model(), 2, "old.tilth")
    new = grown(Model(), 2, "new.tilth", random_state=1, reuse=["old.tilth"])
    by_row = {
        row["row_id"]: [e["reused"] for e in new.detail(row["row_id"])["exchanges"]]
        for row in new.rows.iter_rows(named=True)
    }
    assert sorted(by_row.values()) == [[False, False], [True, True]]
    assert new.rows["reused"].to_list() == [any(by_row[row_id]) for row_id in new.rows["row_id"]]


def test_a_reply_is_used_once_and_only_in_its_own_pass() -> None:
    """Of one seed, both runs have one answer a pass: three were paid, three are taken, the rest is asked."""
    one = seeds(1)
    old = grown(Model(), 3, "old.tilth", strategy="answer-augmentation", seeds=one)
    model = Model()
    new = grown(
        model, 2, "new.tilth", strategy="answer-augmentation", seeds=one, random_state=1, reuse=["old.tilth"]
    )
    assert new.rows["reused"].to_list() == [True] * 3 + [False] * 2
    assert new.rows["response"].to_list()[:3] == old.rows["response"].to_list()
    assert model.completed == 2


def test_copies_and_descendants_of_one_reply_are_one_reply() -> None:
    answers = {"strategy": "answer-augmentation"}
    grown(Model(), 5, "a.tilth", **answers)
    grown(Model(), 1, "b.tilth", **answers, random_state=1, reuse=["a.tilth"])
    tilth.copy("a.tilth", "c.tilth")
    model = Model()
    several = ["b.tilth", "a.tilth", "c.tilth"]
    new = grown(model, 4, "new.tilth", **answers, random_state=2, reuse=several)
    assert new.rows["reused"].sum() == 5 + 1
    assert set(origins("b.tilth")) < set(origins("new.tilth"))
    assert model.completed == 4


def test_a_resume_takes_nothing_twice_and_asks_nothing_again() -> None:
    one = seeds(1)
    answers = {"strategy": "answer-augmentation", "seeds": one}
    grown(Model(), 4, "old.tilth", **answers)
    first = grown(Model(), 1, "new.tilth", **answers, random_state=1, reuse=["old.tilth"]).rows
    model = Model()
    again = grown(model, 1, "new.tilth", **answers, random_state=1, reuse=["old.tilth"])
    assert model.calls == 0
    assert_frame_equal(again.rows, first)
    more = grown(model, 3, "new.tilth", **answers, random_state=1, reuse=["old.tilth"])
    assert (model.completed, more.rows["reused"].sum()) == (2, 4)


def test_several_asks_of_one_prompt_are_matched_one_by_one() -> None:
    """A unit asks one to three times, as its number draws: what the other file's unit asked too is taken."""
    old = grown(Model(), 12, "old.tilth", strategy=Votes())
    model = Model()
    new = grown(model, 6, "new.tilth", strategy=Votes(), random_state=1, reuse=["old.tilth"])
    counts = [
        {row["seed_id"]: row["len"] for row in run.rows.filter(first).group_by("seed_id").len().to_dicts()}
        for run in (old, new)
        for first in [run.rows["unit"] < len(SEEDS)]
    ]
    shared = sum(min(counts[0].get(seed, 0), count) for seed, count in counts[1].items())
    second = set(old.rows.filter(old.rows["unit"] >= 5)["seed_id"]) & set(
        new.rows.filter(new.rows["unit"] >= 5)["seed_id"]
    )
    assert shared > 0
    assert not second, "this test counts the first pass"
    assert len(origins("new.tilth")) == shared
    assert new.progress.queries == model.completed <= 6


def test_a_prefix_is_what_a_run_of_that_budget_would_have_grown() -> None:
    grown(Model(), 6, "old.tilth", strategy="answer-augmentation")
    mixed = grown(Model(), 10, "new.tilth", strategy="answers-then-new", reuse=["old.tilth"])
    for budget in (0, 3, 5, 7, 12):
        fresh = grown(Model(), budget, f"fresh-{budget}.tilth", strategy="answers-then-new")
        left_out = ("run_id", "row_id", "reused", "response", "answer", "verdict", "reason", "score")
        kept = [name for name in comparable(fresh.rows).columns if name not in left_out]
        kept = [name for name in kept if not name.endswith("tokens") and name not in ("usd", "question")]
        assert_frame_equal(mixed.prefix(budget).select(kept), fresh.rows.select(kept))


def test_what_was_cut_off_is_asked_where_more_is_allowed() -> None:
    answers = {"strategy": "answer-augmentation"}
    old = grown(Wordy(), 5, "old.tilth", **answers, settings={"max_tokens": 50})
    cut = old.rows.filter(cause="cut-off").height
    assert 0 < cut < 5
    model = Wordy()
    options = {"settings": {"max_tokens": 200}, "random_state": 1, "reuse": ["old.tilth"]}
    new = grown(model, cut, "new.tilth", **answers, **options)
    assert (model.completed, new.rows["reused"].sum(), new.rows.height) == (cut, 5 - cut, 5)
    assert new.rows.filter(cause="cut-off").height == 0


def test_dollars_unknown_there_are_reckoned_at_the_price_here() -> None:
    answers = {"strategy": "answer-augmentation"}
    tilth.generate_sync(SEEDS, "answer-augmentation", 5, teacher=tilth.Teacher(Model()), path="old.tilth")
    new = grown(Model(), 1, "new.tilth", **answers, random_state=1, reuse=["old.tilth"])
    expected = (new.rows["prompt_tokens"] + 2 * new.rows["completion_tokens"]) / 1e6
    assert new.rows["usd"].to_list() == pytest.approx(expected.to_list())
    assert new.rows["reused"].sum() == 5
    assert new.progress.usd == pytest.approx(new.rows["usd"][-1])


def test_another_identity_is_offered_the_old_file_and_takes_it() -> None:
    grown(Model(), 4, "old.tilth", strategy="answer-augmentation")
    with pytest.raises(IdentityMismatch, match=r'reuse=\["old\.tilth"\]'):
        grown(Model(), 4, "old.tilth", strategy="answer-augmentation", random_state=1)


def test_files_that_cannot_be_reused_are_told_before_anything_is_made(tmp_path) -> None:
    model = Model()
    with pytest.raises(JournalError, match=r"gone\.tilth does not exist"):
        grown(model, 4, "new.tilth", reuse=["gone.tilth"])
    with pytest.raises(TypeError, match="reuse is a str; pass a list of paths"):
        grown(model, 4, "new.tilth", reuse="old.tilth")
    assert not (tmp_path / "new.tilth").exists()
    assert model.calls == 0
    grown(model, 4, "new.tilth", reuse=["new.tilth"])
    assert model.completed == 4, "a run's own file is no other"


def test_raised_limits_ask_a_server_only_for_what_was_cut_off() -> None:
    """Its own replies are a run's first reuse: more room for replies, or more budget, keeps what was paid."""
    with serve(plan=Plan(faults=(Fault("length", calls=(2, 4)),))) as server:

        def asked(budget: int, max_tokens: int) -> tuple[tilth.Run, int]:
            teacher = tilth.Teacher(
                "test-model", base_url=server.base_url, api_key="x", max_tokens=max_tokens
            )
            run = tilth.generate_sync(SEEDS, "answer-augmentation", budget, teacher=teacher, path="run.tilth")
            return run, server.books()["received"]

        first, calls = asked(5, 50)
        before = first.rows
        whole = before["cause"].fill_null("") != "cut-off"
        assert (whole.sum(), calls) == (3, 5)
        again, calls = asked(7, 500)
        assert calls == 5 + 2
        after = again.rows
        assert after.filter(cause="cut-off").is_empty()
        assert_frame_equal(after.filter(whole), before.filter(whole))
        more, calls = asked(12, 500)
        assert calls == 12
        assert_frame_equal(more.rows.head(5), after)
    assert tilth.verify("run.tilth").ok
