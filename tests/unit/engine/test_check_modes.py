"""What is done with a check: mark, leave out, or nothing; and changing one's mind asks nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.engine.growing import SEEDS, Model, comparable

import tilth
from tilth.engine.file import queries


class Uneven(Model):
    """Empty, refused and cut-off replies among the others."""

    def reply(self, messages, draw, max_tokens):
        whole = super().reply(messages, draw, max_tokens)
        if draw % 5 == 0:
            return {"text": "", "finish_reason": "stop"}
        if draw % 5 == 1:
            return {"text": whole["text"][:10], "finish_reason": "length"}
        return whole


def grown(model: Model, budget: int = 20, path: str = "run.tilth", **options: object) -> tilth.Run:
    return tilth.generate_sync(
        SEEDS, "answer-augmentation", budget, teacher=tilth.Teacher(model), path=path, **options
    )


def counted(run: tilth.Run) -> dict[str, int]:
    return dict(run.rows["verdict"].value_counts().iter_rows())


def test_rejected_rows_are_left_out_and_stay_in_the_file() -> None:
    labelled = grown(Uneven(), path="label.tilth")
    filtered = grown(Uneven(), check="filter")
    assert counted(labelled)["rejected"] > 5
    assert_frame_equal(
        comparable(filtered.rows), comparable(labelled.rows.filter(pl.col("verdict") != "rejected"))
    )
    assert filtered.progress.rejected == labelled.progress.rejected, "they were paid for, and are counted"
    assert filtered.samples().height == filtered.rows.height
    assert filtered.samples(verdicts=["rejected"]).height == filtered.progress.rejected, "asked for by name"
    assert filtered.prefix(10).height == labelled.prefix(10).filter(pl.col("verdict") != "rejected").height
    every = ("accepted", "rejected", "unverified")
    assert pl.read_parquet(filtered.save("r.parquet", verdicts=every)).height == filtered.rows.height
    assert_frame_equal(tilth.open_run("run.tilth").rows, filtered.rows)
    assert grown(Uneven(), check="label").rows.height == labelled.rows.height
    assert tilth.verify("run.tilth").rebuilt == 20


def test_nothing_is_checked_where_that_is_wanted() -> None:
    run = grown(Uneven(), check=False)
    assert counted(run) == {"unverified": 20}
    assert set(run.rows["reason"]) == {"not checked"}
    assert set(run.rows["cause"]) == {"not-checked"}
    assert run.rows["answer"].null_count() == run.rows["score"].null_count() == 20
    assert tilth.verify("run.tilth").ok


@pytest.mark.parametrize(("first", "then"), [(False, "label"), ("label", False), ("filter", False)])
def test_another_check_looks_at_stored_replies_and_asks_nothing(first, then) -> None:
    first_run = grown(Uneven(), check=first)
    every = ("accepted", "rejected", "unverified")
    arrivals = queries.samples(Path("run.tilth"), first_run.id, 0, 500, every, None).select(
        "arrival", "row_id", "created_at"
    )
    model = Uneven()
    again = grown(model, check=then)
    assert model.calls == 0
    plain = grown(Uneven(), path="plain.tilth", check=then)
    assert_frame_equal(comparable(again.rows), comparable(plain.rows))
    for name in ("rows", "accepted", "rejected", "unverified", "queries"):
        assert getattr(again.progress, name) == getattr(plain.progress, name), name
    assert_frame_equal(again.samples().select("arrival", "row_id", "created_at"), arrivals)
    assert tilth.verify("run.tilth").rebuilt == 20


def test_a_recording_is_judged_again_without_its_teacher() -> None:
    grown(Uneven(), check=False)
    again = tilth.generate_sync(SEEDS, "answer-augmentation", 20, path="run.tilth", check="label")
    assert_frame_equal(comparable(again.rows), comparable(grown(Uneven(), path="plain.tilth").rows))


def test_more_rows_than_one_batch_are_judged_again() -> None:
    grown(Model(), 600, check=False)
    again = grown(Model(), 600)
    assert again.rows.filter(reason="not checked").is_empty()
    assert again.progress.accepted == again.rows.filter(verdict="accepted").height > 50
    assert tilth.verify("run.tilth").ok


def test_another_mode_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"check='strict' is unknown; \"label\" marks rows"):
        grown(Model(), check="strict")


DYING = """
import os, sys
import tilth

class Strict(tilth.tasks.OpenEnded):
    def check(self, response, reference, question=None):
        if len(sys.argv) > 1 and question == sys.argv[1]:
            os._exit(9)
        return super().check(response, reference, question)

    def check_at_once(self, response, reference, question=None):
        return self.check(response, reference, question)

async def model(messages, **settings):
    raise SystemError("nothing is left to ask")

task = Strict(measure="contains")
seeds = tilth.read_seeds([{"question": f"How is day {i}?", "answer": "a day"} for i in range(600)], task=task)
tilth.generate_sync(seeds, "answer-augmentation", 600, teacher=tilth.Teacher(model), path="run.tilth")
"""


def test_judging_anew_that_was_killed_half_way_is_finished_at_the_next_start() -> None:
    async def model(messages, **settings):
        return "It is a day."

    seeds = tilth.read_seeds(
        [{"question": f"How is day {i}?", "answer": "a day"} for i in range(600)],
        task=tilth.tasks.OpenEnded(measure="exact"),
    )
    run = tilth.generate_sync(
        seeds, "answer-augmentation", 600, teacher=tilth.Teacher(model), path="run.tilth"
    )
    assert counted(run) == {"rejected": 600}
    last = run.samples(after=0, most=600)["question"][-1]
    environment = {**os.environ, "PYTHONPATH": str(Path(tilth.__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", DYING, last], env=environment, check=False)
    assert killed.returncode == 9
    half = counted(tilth.open_run("run.tilth"))
    assert 0 < half["accepted"] < 600
    report = tilth.verify("run.tilth")
    assert (report.findings, len(report.notes)) == ((), 1), "it is whole, and says what is left to do"
    subprocess.run([sys.executable, "-c", DYING], env=environment, check=True)
    assert counted(tilth.open_run("run.tilth")) == {"accepted": 600}
    assert tilth.verify("run.tilth").notes == ()
