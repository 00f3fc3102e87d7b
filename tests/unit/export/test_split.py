"""Parts of rows: nothing that is tied by a seed, a parent, a question or a cluster falls into two of them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.curate import split

HALVES = {"train": 0.5, "validation": 0.5}
IDS = st.sampled_from([f"s{n}" for n in range(12)])


@st.composite
def frames(draw):
    """Rows with seeds, parents that are seeds or earlier rows, and some questions and clusters in common."""
    count = draw(st.integers(1, 40))
    rows = []
    for place in range(count):
        known = st.sampled_from([f"r{n}" for n in range(place)]) if place else IDS
        rows.append(
            {
                "row_id": f"r{place}",
                "seed_id": draw(IDS),
                "parents": draw(st.lists(st.one_of(IDS, known), max_size=2)),
                "question": draw(st.sampled_from(["A  b?", "a B?", *(f"q{n}" for n in range(30))])),
                "cluster": draw(st.one_of(st.none(), st.integers(0, 5))),
                "keep": draw(st.booleans()),
            }
        )
    schema = {"parents": pl.List(pl.String), "cluster": pl.Int64, "keep": pl.Boolean}
    return pl.DataFrame(rows, schema_overrides=schema)


def _groups(rows):
    """The groups by the law itself: rows are merged for as long as two share anything."""
    marks = [
        {row["row_id"], row["seed_id"], *row["parents"], ("q", " ".join(row["question"].lower().split()))}
        | ({("c", row["cluster"])} if row["cluster"] is not None else set())
        for row in rows.iter_rows(named=True)
    ]
    groups = []
    for place, own in enumerate(marks):
        joined = [group for group in groups if group[1] & own]
        groups = [group for group in groups if not group[1] & own]
        groups.append(({place, *(p for g in joined for p in g[0])}, own.union(*(g[1] for g in joined))))
    return [places for places, _ in groups]


@given(frames(), st.integers(-5, 5), st.sampled_from([0.5, 0.8, 0.9]))
def test_what_is_tied_stays_together_and_shares_are_met_as_nearly_as_that_allows(rows, state, share):
    groups = _groups(rows)
    shares = {"train": share, "validation": 1 - share}
    if len(groups) < 2:
        with pytest.raises(ValueError, match="makes 1 group"):
            split(rows, shares)
        return
    parted = split(rows, shares, state)
    part = parted["part"].to_list()
    assert all(len({part[place] for place in group}) == 1 for group in groups)
    assert parted.drop("part").equals(rows)
    assert set(part) == set(shares)
    counted = rows["keep"] if rows["keep"].any() else ~rows["keep"]
    sizes = [sum(counted[place] for place in group) for group in groups]
    trained = sum(kept and name == "train" for kept, name in zip(counted, part, strict=True))
    assert abs(trained - share * counted.sum()) <= max(sizes)
    assert split(rows.lazy(), shares, state).collect().equals(parted)


@given(st.integers(10, 60), st.integers(0, 3))
def test_groups_of_one_row_meet_every_share_within_a_row(count, state):
    rows = pl.DataFrame({"question": [f"What is {n}?" for n in range(count)]})
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    counts = dict(split(rows, shares, state)["part"].value_counts().iter_rows())
    assert all(abs(counts[name] - share * count) <= 1 for name, share in shares.items())


def test_another_random_state_draws_other_groups():
    rows = pl.DataFrame({"seed_id": [f"s{n % 50}" for n in range(200)]})
    one, other = (split(rows, HALVES, state)["part"] for state in (0, 1))
    assert one.equals(split(rows, HALVES, 0)["part"])
    assert not one.equals(other)
    assert one.value_counts().sort("part")["count"].to_list() == [100, 100]


def test_a_group_that_is_larger_than_a_part_leaves_the_others_their_rows():
    rows = pl.DataFrame({"seed_id": ["s0"] * 50 + [f"s{n}" for n in range(1, 51)]})
    counts = split(rows, {"train": 0.9, "validation": 0.1})["part"].value_counts(sort=True)
    assert counts.rows() == [("train", 90), ("validation", 10)]


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"train": 0.9}, "add up to 0.9"),
        ({"train": 1.0, "validation": 0.0}, "more than 0"),
        ({"train": 0.5, "../validation": 0.5}, "cannot be a part's name"),
        ({"train": 0.5, "": 0.5}, "cannot be a part's name"),
        ({"train": float("nan"), "validation": 0.5}, "more than 0"),
    ],
)
def test_shares_that_cannot_be_meant_are_told(shares, told):
    with pytest.raises(ValueError, match=told):
        split(pl.DataFrame({"question": ["a", "b"]}), shares)


def test_rows_that_say_nothing_of_where_they_come_from_are_told():
    with pytest.raises(ValueError, match="have none of the columns 'row_id'"):
        split(pl.DataFrame({"response": ["a", "b"]}), HALVES)
    with pytest.raises(TypeError, match="rows is a list"):
        split([1], HALVES)


def test_no_descendant_of_a_parts_seed_is_in_another_part():
    seeds, teacher = tilth.demo.seeds(12), tilth.demo.teacher()
    run = tilth.generate_sync(seeds, "answers-then-new", 120, teacher=teacher)
    parted = split(run.rows, {"train": 0.75, "validation": 0.25})
    by_part = dict(parted.explode("parents").group_by("part").agg("parents").iter_rows())
    assert not set(by_part["train"]) & set(by_part["validation"])
