"""A student that an endpoint trains: jobs that are paid for once, whatever fails, is lost or is killed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.fine_tuning_server import TuningPlan, TuningServer, serve_tuning
from tests.unit.engine.growing import SEEDS, Model, seeds, until
from tests.unit.studies.grids import PRICE, grid, measured

import tilth
from tilth.errors import BudgetError, ConfirmationNeeded, EndpointUnavailable, StudentError, TeacherError
from tilth.students import OpenAIFineTuning

GRID = {"strategies": ["answer-augmentation"], "ratios": [1], "replicates": 1}
"""A study of one cell and the zero-shot one, of 8 questions each."""

HELD = TuningPlan(course=("running",))
"""Jobs that never end."""


@pytest.fixture(scope="module")
def running() -> Iterator[TuningServer]:
    with serve_tuning() as server:
        yield server


@pytest.fixture
def server(running: TuningServer) -> TuningServer:
    running.start_over()
    return running


def student(server: TuningServer, **options: Any) -> OpenAIFineTuning:
    settings = {"base_url": server.base_url, "max_tokens": 40, "price": PRICE, **options.pop("settings", {})}
    given = {"epochs": 2, "training_price": 3.0, **options}
    return OpenAIFineTuning(tilth.Teacher("base-model", **settings), **given)


def study(server: TuningServer, path: Path, **changes: Any) -> tilth.Study:
    given = {"student": student(server), "student_budget": 1_000, **GRID, **changes}
    return measured(Model(), path, **given)


def entries(path: Path) -> list[tuple[str, int, int]]:
    """The state, tokens and nano-dollars of each job that stands in a file's ledger."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT state, prompt_tokens, nano FROM ledger WHERE purpose = 'fine-tuning' ORDER BY call"
        ).fetchall()


def jobs(server: TuningServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.books()["jobs"]
    return found


def test_rows_become_a_job_whose_model_is_asked(server: TuningServer, tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    done = study(server, path)
    [job], books = jobs(server), server.books()
    assert (done.status, done.progress.cells, len(books["files"])) == ("finished", 2, 1)
    assert books["chats"][job["fine_tuned_model"]] == 8
    body = books["bodies"][-1]
    hyperparameters = body["method"]["supervised"]["hyperparameters"]
    assert (body["model"], body["suffix"], hyperparameters) == ("base-model", "tilth", {"n_epochs": 2})
    rows = [json.loads(line)["messages"] for line in books["texts"][-1].splitlines()]
    grown = done.runs[0].open().rows
    assert [row[-1]["content"] for row in rows] == grown["response"].to_list()
    assert [row[0] for row in rows] == [
        dict(tilth.tasks.get("numeric").answer(question).messages[0]) for question in grown["question"]
    ]
    assert entries(path) == [("settled", 50, 50 * 3 * 1000)]
    assert done.progress.student is not None
    assert (done.progress.student.queries, done.progress.queries) == (17, 5)
    report = tilth.verify(path)
    assert report.ok, report.findings
    assert done.frame["machine"].unique().to_list() == [server.base_url]


def test_cells_of_the_same_rows_share_a_job_and_none_is_started_twice(
    server: TuningServer, tmp_path: Path
) -> None:
    path = tmp_path / "s.tilth"
    unjudged = {"seeds": seeds(5, references=False), "ratios": [1, 2], "check": ["label", "filter"]}
    done = study(server, path, **unjudged)
    assert (len(jobs(server)), done.progress.cells) == (2, 5)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM cells")
        file.execute("DELETE FROM outcomes")
    again = study(server, path, **unjudged)
    assert (len(jobs(server)), again.progress.cells) == (2, 5)


@pytest.mark.parametrize(
    ("faults", "metadata"),
    [
        ({"create": ["lost"]}, True),
        ({"create": ["lost"]}, False),
        ({"create": ["malformed"]}, True),
        ({"create": ["html"], "jobs": ["500", "malformed"]}, False),
        ({"create": ["429", "500", "reset"], "upload": ["lost"], "files": ["none", "503"]}, True),
        ({"upload": ["malformed", "429"], "job": ["500", "malformed", "reset", "html"]}, True),
        ({"events": ["500", "malformed", "lost", "401"]}, True),
    ],
    ids=str,
)
def test_failures_at_any_step_start_no_second_job(
    server: TuningServer, tmp_path: Path, faults: dict[str, list[str]], metadata: bool
) -> None:
    hidden = 1 if "lost" in faults.get("create", ()) else 0
    server.plan(TuningPlan(faults=faults, metadata=metadata, hidden=hidden))
    done = study(server, tmp_path / "s.tilth")
    assert (done.progress.cells, len(jobs(server))) == (2, 1)
    assert [state for state, *_ in entries(done.path)] == ["settled"]


def test_an_abort_leaves_the_job_running_and_the_next_start_finds_it(
    server: TuningServer, tmp_path: Path
) -> None:
    path = tmp_path / "s.tilth"
    server.plan(HELD)
    begun = tilth.start_study(
        SEEDS, **grid(Model(), path, student=student(server), student_budget=999, confirm=True, **GRID)
    )
    until(lambda: jobs(server) and "ftjob" in str(begun.progress.waiting))
    begun.abort()
    begun.wait()
    [job] = jobs(server)
    assert begun.status == "aborted"
    assert f"fine-tuning job {job['id']} goes on" in str(begun.progress.reason)
    assert tilth.open_study(path).progress.reason == begun.progress.reason
    assert [state for state, *_ in entries(path)] == ["in doubt"]
    server.plan(TuningPlan())
    done = study(server, path)
    assert (len(jobs(server)), done.progress.cells) == (1, 2)
    assert entries(path) == [("settled", 50, 150_000)]
    assert tilth.verify(path).ok


def test_a_stop_does_not_wait_for_the_job(server: TuningServer, tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    server.plan(HELD)
    begun = tilth.start_study(
        SEEDS, **grid(Model(), path, student=student(server), student_budget=999, confirm=True, **GRID)
    )
    until(lambda: jobs(server) and "ftjob" in str(begun.progress.waiting))
    begun.stop()
    begun.wait()
    [job] = jobs(server)
    assert begun.status == "stopped"
    assert f"fine-tuning job {job['id']} goes on" in str(begun.progress.reason)
    assert student(server).cancel(job["id"]) == "cancelled"
    server.plan(TuningPlan())
    done = study(server, path)
    assert (len(jobs(server)), done.progress.cells) == (2, 2)
    assert [state for state, *_ in entries(path)] == ["settled", "settled"]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (TuningPlan(course=("failed",)), "failed: the file has too few examples"),
        (TuningPlan(course=("failed",), reason="\x1b[31m" + "x" * 10**6), "failed: .{0,250}$|failed"),
        (TuningPlan(course=("running", "cancelled")), "cancelled"),
        (TuningPlan(model="\n\x00", tokens=None), "names no model"),
    ],
    ids=["failed", "failed with a flood", "cancelled", "no model"],
)
def test_a_job_that_comes_to_nothing_is_told_and_the_next_start_begins_anew(
    server: TuningServer, tmp_path: Path, plan: TuningPlan, told: str
) -> None:
    path = tmp_path / "s.tilth"
    server.plan(plan)
    with pytest.raises(StudentError, match=told) as failure:
        study(server, path)
    assert "\x1b" not in str(failure.value)
    assert len(str(failure.value)) < 700
    [(state, tokens, _)] = entries(path)
    assert state == "settled"
    assert bool(tokens) == (plan.course[-1] != "failed"), "one that was cancelled had done some"
    server.plan(TuningPlan())
    assert study(server, path).progress.cells == 2
    assert len(jobs(server)) == len(entries(path)) == 2
    assert tilth.verify(path).ok


def test_hostile_events_and_numbers_do_no_harm(server: TuningServer, tmp_path: Path) -> None:
    flood = {"message": "\x1b]0;title\x07" + "y" * 10**6, "created_at": 5}
    key = {"message": "the key is sk-abcdefghijklmnop", "created_at": 6}
    server.plan(
        TuningPlan(events=(7, {"message": 3}, flood, key), tokens=-1, course=("odd\x1b[2J", "succeeded"))
    )
    said: list[str] = []
    begun = tilth.start_study(
        SEEDS,
        **grid(
            Model(), tmp_path / "s.tilth", student=student(server), student_budget=999, confirm=True, **GRID
        ),
    )
    while begun.status not in ("finished", "failed"):
        said.append(str(begun.progress.waiting))
    begun.wait()
    assert begun.progress.cells == 2
    assert not any("\x1b" in one or "sk-abc" in one or len(one) > 400 for one in said)
    [(state, tokens, _)] = entries(begun.path)
    assert state == "settled"
    assert tokens > 100, "where no usage is told, it is booked as it was reserved"


@pytest.mark.parametrize("step", ["upload", "create", "files"])
def test_what_is_refused_for_good_costs_nothing(server: TuningServer, tmp_path: Path, step: str) -> None:
    path = tmp_path / "s.tilth"
    server.plan(TuningPlan(faults={step: ["400"]}))
    with pytest.raises(TeacherError, match=r"was refused: .*planned 400"):
        study(server, path)
    assert [state for state, *_ in entries(path)] == ["freed"]


def test_an_endpoint_that_is_gone_fails_the_study_after_its_patience(
    server: TuningServer, tmp_path: Path
) -> None:
    path = tmp_path / "s.tilth"
    server.plan(TuningPlan(faults={"job": ["500"] * 50}))
    with pytest.raises(EndpointUnavailable, match="nothing but failures"):
        study(server, path, patience=0.5)
    server.plan(TuningPlan())
    assert study(server, path).progress.cells == 2
    assert len(jobs(server)) == 1


def test_its_price_is_told_and_its_limit_kept_before_it_starts(server: TuningServer, tmp_path: Path) -> None:
    path = tmp_path / "s.tilth"
    with pytest.raises(ConfirmationNeeded, match=r"at most 17 queries, about \S+ tokens, about \$"):
        study(server, path, student_budget=None)
    with pytest.raises(BudgetError, match="price unknown; give openai-fine-tuning training_price="):
        study(server, path, student=student(server, training_price=None), student_budget=tilth.Budget(usd=5))
    short = study(server, path, student_budget=tilth.Budget(usd=0.001))
    assert short.progress.reason == "student_budget of dollars is used up: 1 of 2 cells are measured whole"
    assert not jobs(server)
    assert not server.books()["files"]


def test_no_key_reaches_the_file_or_an_error(server: TuningServer, tmp_path: Path) -> None:
    key, path = "sk-only-for-this-test", tmp_path / "s.tilth"
    server.plan(TuningPlan(key=key))
    done = study(server, path, student=student(server, settings={"api_key": key}))
    assert done.progress.cells == 2
    other = student(server, settings={"api_key": "plain words nobody knows".replace(" ", "-")})
    with pytest.raises(TeacherError, match="401") as refused:
        study(server, tmp_path / "t.tilth", student=other)
    assert "nobody-knows" not in str(refused.value)
    assert key.encode() not in path.read_bytes()
    assert b"nobody-knows" not in (tmp_path / "t.tilth").read_bytes()


def test_it_needs_a_model_behind_an_address() -> None:
    with pytest.raises(StudentError, match="needs a model"):
        OpenAIFineTuning()
    with pytest.raises(StudentError, match="epochs='auto'"):
        OpenAIFineTuning(tilth.Teacher("m"), epochs="auto")  # type: ignore[arg-type]
    with pytest.raises(StudentError, match="training_price"):
        OpenAIFineTuning(tilth.Teacher("m"), training_price=-1.0)
    with pytest.raises(StudentError, match="suffix"):
        OpenAIFineTuning(tilth.Teacher("m"), suffix="x" * 30)
    with pytest.raises(StudentError, match="suffix"):
        OpenAIFineTuning(tilth.Teacher("m"), suffix="a\0b")
    with pytest.raises(TypeError, match="answer_price is an int"):
        OpenAIFineTuning(tilth.Teacher("m"), answer_price=3)  # type: ignore[arg-type]
    with pytest.raises(StudentError, match="needs a model behind a fine-tuning API"):
        OpenAIFineTuning(tilth.Teacher(Model()))
