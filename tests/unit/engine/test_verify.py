"""A file that is whole is found so, and whatever was changed in one is found."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.engine.growing import BAD_REQUEST, RESET, SEEDS, Model, Votes, prompt, until

import tilth
from tilth.errors import JournalError
from tilth.strategies.base import Ask, Candidate, Strategy, Unit, UnitCost
from tilth.tasks.base import Task
from tilth.tasks.numeric.task import Numeric

PRICE = tilth.Price(1, 2)


def grown(model: Model, budget: tilth.Budget | int = 12, **options: object) -> tilth.Run:
    strategy = options.pop("strategy", "question-rephrase")
    limits = options.pop("limits", {})
    teacher = tilth.Teacher(model, price=PRICE, **limits)
    options = {"path": "run.tilth", **options}
    return tilth.generate_sync(SEEDS, strategy, budget, teacher=teacher, confirm=True, **options)


class Wordy(Model):
    """Cuts replies off under a small limit, and is refused or empty now and then."""

    def reply(self, messages, draw, max_tokens):
        whole = super().reply(messages, draw, max_tokens)
        if max_tokens < 100 and draw % 3 == 0:
            return {"text": whole["text"][:8], "finish_reason": "length"}
        return {"text": "", "finish_reason": "stop"} if draw % 7 == 0 else whole


@dataclass(frozen=True)
class Rounds(Strategy):
    """Prepares, decides, and asks again in a second round about the units that were accepted."""

    name = "test-verified-rounds"
    title = "Rounds"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=1)

    async def prepare(self, seeds, ask: Ask, task: Task):
        reply = await ask(prompt("How shall we begin?", "prepare"))

        async def drawn() -> int:
            return len(reply) % 3

        return {"drawn": await ask.decide("drawn", drawn)}

    def units(self, seeds, round, state, results, passes):
        if round > 1:
            return
        chosen = [r.number for r in results if r.rows] if round else range(len(seeds))
        for number in chosen:
            yield passes.unit(number + round * 100, round=round, data=state)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        reply = await ask(task.answer(f"{unit.seed.question} ({unit.data['drawn']})"))
        yield Candidate(unit.seed.question, reply, unit.seed.reference, extra=dict(unit.data))


def assert_whole(path: str | Path = "run.tilth", *, using: tuple = ()) -> tilth.Report:
    report = tilth.verify(path, using=using)
    assert report.findings == ()
    assert report.notes == ()
    assert report.rebuilt == report.rows
    return report


def test_seeds_may_bring_other_columns() -> None:
    records = [{"question": f"How many are {n}?", "answer": "1", "z": {"ä": n}, "a": [1.5]} for n in range(3)]
    seeds = tilth.read_seeds(records)
    tilth.generate_sync(seeds, "answer-augmentation", 3, teacher=tilth.Teacher(Model()), path="run.tilth")
    assert_whole()


@pytest.mark.parametrize(
    "strategy", ["answer-augmentation", "question-rephrase", "new-question", "answers-then-new"]
)
def test_a_run_is_whole(strategy: str) -> None:
    run = grown(Wordy(), 24, strategy=strategy)
    report = assert_whole()
    assert report.ok
    assert (report.runs, report.rows, report.replies) == (1, run.progress.rows, run.progress.queries)


def test_a_run_that_had_it_hard_is_whole(tmp_path: Path) -> None:
    """Refused, in doubt, cut off and asked again, reused, resumed with more: all of it adds up."""

    def fault(key: str, attempt: int, number: int):
        return BAD_REQUEST if number == 3 else RESET if number % 5 == 0 and attempt == 0 else None

    grown(Wordy(), 10, strategy="answers-then-new", path="old.tilth")
    options = {"strategy": "answers-then-new", "random_state": 1, "reuse": ["old.tilth"]}
    first = grown(Wordy(fault=fault), 20, limits={"max_tokens": 50}, **options)
    assert first.progress.in_doubt > 0
    assert first.progress.rowless > 0
    assert_whole()
    more = grown(Wordy(), 60, limits={"max_tokens": 500}, **options)
    assert more.rows["reused"].any()
    assert_whole()


def test_strategies_and_tasks_of_ones_own_are_named_or_said_to_be_unknown() -> None:
    task = Numeric(prompts={"answer": "Go: {question}"})
    grown(Model(), 12, strategy=Votes(), task=task)
    report = tilth.verify("run.tilth")
    assert report.ok
    assert report.rebuilt == 0
    assert "'test-votes', version 1, is not installed here; its rows were not rebuilt" in report.notes[0]
    assert_whole(using=(Votes(),))


def test_rounds_and_decisions_are_repeated() -> None:
    run = grown(Model(), 30, strategy=Rounds())
    assert run.rows["round"].max() == 1
    assert assert_whole(using=(Rounds(),)).rows == 10


def test_a_study_is_whole_with_all_its_runs(tmp_path: Path) -> None:
    study = tilth.study_sync(
        tilth.demo.seeds(12),
        test=tilth.demo.questions("same", "test").head(10),
        ratios=[1, 2],
        replicates=2,
        strategies=["answer-augmentation", "new-question"],
        teacher=tilth.demo.teacher(),
        path="study.tilth",
    )
    assert study.status == "finished"
    assert assert_whole("study.tilth").runs == 4
    with closing(sqlite3.connect("study.tilth", isolation_level=None)) as file:
        file.execute("UPDATE outcomes SET correct = NOT correct WHERE rowid = 1")
        file.execute("UPDATE rows SET response = 'It is 1.' WHERE rowid = 1")
    findings = tilth.verify("study.tilth").findings
    assert len([f for f in findings if f.startswith("cell ")]) == 1
    assert any(f.startswith("run ") and "response is" in f for f in findings)


def test_a_live_run_is_whole_at_any_moment() -> None:
    gate = threading.Event()
    teacher = tilth.Teacher(Model(gate=gate, free=7), concurrency=3)
    run = tilth.start(SEEDS, "question-rephrase", 30, teacher=teacher, path="run.tilth")
    until(lambda: run.progress.in_flight == 3 and tilth.verify("run.tilth").replies == 7)
    before = run.progress
    report = assert_whole()
    assert report.replies == 7
    assert run.progress.queries == before.queries
    gate.set()
    run.wait()
    assert_whole()


# -- what is found ----------------------------------------------------------------------------------------

CHANGES = (
    "DELETE FROM replies WHERE rowid_ = {place}",
    "UPDATE replies SET text = text || ' The answer is 77.' WHERE rowid_ = {place}",
    "UPDATE replies SET finish_reason = 'content_filter' WHERE rowid_ = {place}",
    "UPDATE replies SET call = call + 1000 WHERE rowid_ = {place}",
    "UPDATE ledger SET state = 'freed' WHERE state = 'settled' AND rowid_ = {place}",
    "UPDATE ledger SET prompt_tokens = prompt_tokens + {more} WHERE state = 'settled' AND rowid_ = {place}",
    "UPDATE ledger SET nano = nano + {more} WHERE state = 'settled' AND rowid_ = {place}",
    "UPDATE ledger SET queries = queries + {more} WHERE rowid_ = {place}",
    "DELETE FROM ledger WHERE state = 'settled' AND rowid_ = {place}",
    "UPDATE units SET queries = queries + {more} WHERE rowid_ = {place}",
    "UPDATE units SET tokens = tokens - {more} WHERE rowid_ = {place}",
    "UPDATE units SET position = position + {more} WHERE rowid_ = {place}",
    "UPDATE units SET outcome = 'rowless' WHERE outcome = 'grown' AND rowid_ = {place}",
    "DELETE FROM units WHERE rowid_ = {place} AND outcome = 'grown'",
    "DELETE FROM rows WHERE rowid_ = {place}",
    "UPDATE rows SET verdict = 'accepted' WHERE verdict <> 'accepted' AND rowid_ = {place}",
    "UPDATE rows SET response = response || '!' WHERE rowid_ = {place}",
    "UPDATE rows SET question = upper(question) WHERE rowid_ = {place}",
    "UPDATE rows SET reference = '77' WHERE rowid_ = {place}",
    "UPDATE rows SET seconds = seconds + {more} WHERE rowid_ = {place}",
    "UPDATE rows SET queries = queries + {more} WHERE rowid_ = {place}",
    "UPDATE rows SET reused = 1 WHERE rowid_ = {place}",
    "UPDATE rows SET seed_id = seed_id || 'x' WHERE rowid_ = {place}",
    "UPDATE requests SET body = replace(body, 'step', 'leap') WHERE body LIKE '%step%' AND rowid_ = {place}",
    "DELETE FROM requests WHERE rowid_ = {place}",
    "UPDATE seeds SET question = question || '?' WHERE rowid_ = {place}",
    "UPDATE runs SET identity = replace(identity, '\"random_state\":0', '\"random_state\":1')",
    "UPDATE replies SET model = 'gpt-9' WHERE rowid_ = {place}",
    "UPDATE replies SET refusal = 'I would rather not.' WHERE refusal IS NULL AND rowid_ = {place}",
    "UPDATE rows SET run_id = 'another' WHERE rowid_ = {place}",
    "UPDATE seeds SET run_id = 'another' WHERE rowid_ = {place}",
    "UPDATE ledger SET state = 'in doubt' WHERE state = 'settled' AND rowid_ = {place}",
    "UPDATE ledger SET estimated = 1 - estimated WHERE state = 'settled' AND rowid_ = {place}",
)

KEYS = {
    "replies": "(run_id, unit, role, digest, n)",
    "requests": "(run_id, digest)",
    "seeds": "(run_id, position)",
    "units": "(run_id, unit)",
    "ledger": "(call)",
    "rows": "(arrival)",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A priced run with rowless units and rejected rows."""
    path = tmp_path_factory.mktemp("whole") / "run.tilth"
    teacher = tilth.Teacher(Wordy(), price=PRICE, max_tokens=50)
    tilth.generate_sync(SEEDS, "question-rephrase", 24, teacher=teacher, path=path, confirm=True)
    assert_whole(path)
    return path


def changed(path: Path, change: str, place: int, more: int) -> int:
    """Makes a change at the place-th record it applies to; how many records were changed."""
    table = next(name for name in (*KEYS, "runs") if f" {name} " in change)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        if table in KEYS:
            head, _, condition = change.rpartition(" WHERE ")
            others = condition.replace("rowid_ = {place}", "").replace(" AND ", "", 1) or "1"
            key = KEYS[table]
            change = (
                f"{head} WHERE {key} IN (SELECT {key[1:-1]} FROM {table} WHERE {others}"
                f" ORDER BY {key[1:-1]} LIMIT 1 OFFSET {place})"
            )
        return file.execute(change.format(more=more)).rowcount


@examples(150, HealthCheck.function_scoped_fixture)
@given(change=st.sampled_from(CHANGES), place=st.integers(0, 30), more=st.integers(1, 5))
def test_any_change_is_found(whole: Path, tmp_path: Path, change: str, place: int, more: int) -> None:
    path = tmp_path / "changed.tilth"
    shutil.copy(whole, path)
    touched = changed(path, change, place, more)
    report = tilth.verify(path)
    assert report.ok == (touched == 0), (change, place, more)


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_change_is_really_made_and_told_in_a_line(
    whole: Path, tmp_path: Path, change: str
) -> None:
    path = tmp_path / "changed.tilth"
    shutil.copy(whole, path)
    assert changed(path, change, 0, 2) == 1
    findings = tilth.verify(path).findings
    assert findings
    assert all("\n" not in finding and len(finding) < 300 for finding in findings)


def test_what_is_gone_whole_is_missed(whole: Path, tmp_path: Path) -> None:
    """A unit with all that belongs to it, with its calls or without them, the last one too."""
    with closing(sqlite3.connect(whole)) as file:
        units = [unit for (unit,) in file.execute("SELECT unit FROM units WHERE outcome = 'grown'")]
    for unit in (units[0], units[-1]):
        for tables in (("units", "rows"), ("units", "rows", "replies", "ledger")):
            path = tmp_path / f"{unit}-{len(tables)}.tilth"
            shutil.copy(whole, path)
            with closing(sqlite3.connect(path, isolation_level=None)) as file:
                for table in tables:
                    file.execute(f"DELETE FROM {table} WHERE unit = ?", (unit,))
            assert not tilth.verify(path).ok, (unit, tables)


def test_what_a_unit_that_is_at_work_has_paid_is_looked_at() -> None:
    gate = threading.Event()
    teacher = tilth.Teacher(Model(gate=gate, free=3), concurrency=1, price=PRICE)
    run = tilth.start(SEEDS, "question-rephrase", 30, teacher=teacher, path="run.tilth", confirm=True)
    until(lambda: run.progress.in_flight == 1 and tilth.verify("run.tilth").replies == 3)
    tilth.copy("run.tilth", "half.tilth")
    gate.set()
    run.wait()
    assert_whole("half.tilth")
    change = (
        "UPDATE ledger SET prompt_tokens = 1 WHERE state = 'settled' AND unit NOT IN (SELECT unit FROM units)"
    )
    with closing(sqlite3.connect("half.tilth", isolation_level=None)) as file:
        assert file.execute(change).rowcount == 1
    assert [finding.partition(" of unit")[0] for finding in tilth.verify("half.tilth").findings] == [
        "the writer's reply 0"
    ]


def test_calls_in_doubt_that_were_removed_are_missed() -> None:
    reset = Model(fault=lambda key, attempt, number: RESET if number in (2, 5) else None)
    run = grown(reset, 12)
    assert run.progress.in_doubt == 2
    assert_whole()
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as file:
        file.execute("DELETE FROM ledger WHERE state = 'in doubt'")
    assert [finding for finding in tilth.verify("run.tilth").findings if "missing from the ledger" in finding]


def test_a_simulation_that_passes_for_a_model_is_found(tmp_path: Path) -> None:
    tilth.generate_sync(
        tilth.demo.seeds(5), "answer-augmentation", 5, teacher=tilth.demo.teacher(), path="run.tilth"
    )
    with closing(sqlite3.connect("run.tilth", isolation_level=None)) as file:
        file.execute("UPDATE runs SET settings = json_set(settings, '$.simulated', json('false'))")
    assert tilth.verify("run.tilth").findings == (
        "the settings say that a model answered, and price it as a simulation",
    )


def test_nothing_is_changed_by_looking(whole: Path) -> None:
    before = whole.read_bytes()
    tilth.verify(whole)
    assert whole.read_bytes() == before


def test_tables_of_another_make_are_named(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "changed.tilth"
    shutil.copy(whole, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("ALTER TABLE rows DROP COLUMN score")
        file.execute("DROP TABLE decisions")
    assert tilth.verify(path).findings == ("table decisions is missing here", "table rows is another here")


def everything(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return list(file.iterdump())


@examples(40, HealthCheck.function_scoped_fixture)
@given(data=st.data())
def test_a_torn_page_is_found_or_held_nothing(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    """A page that a power cut left half written."""
    path = tmp_path / "torn.tilth"
    content = bytearray(whole.read_bytes())
    page = data.draw(st.integers(1, len(content) // 4096 - 1))
    content[page * 4096 + 2048 : (page + 1) * 4096] = b"\xa5" * 2048
    path.write_bytes(content)
    if tilth.verify(path).ok:  # the torn half was empty
        assert everything(path) == everything(whole)
    assert path.read_bytes() == bytes(content)


def test_what_is_no_file_of_ours_is_an_error_and_no_finding(tmp_path: Path) -> None:
    (tmp_path / "text.tilth").write_text("Dear diary,\n" * 300)
    with pytest.raises(JournalError, match="does not exist"):
        tilth.verify("gone.tilth")
    assert not tilth.verify("text.tilth").ok


class Twice(Strategy):
    """Yields a candidate, then asks for a second one."""

    name = "test-twice"
    title = "Twice"

    def cost(self, task: Task) -> UnitCost:
        return UnitCost(teacher=2, rows=2)

    async def grow(self, unit: Unit, ask: Ask, task: Task) -> AsyncIterator[Candidate]:
        for turn in range(2):
            yield Candidate(unit.seed.question, await ask(prompt(f"{unit.seed.question} {turn}")))


def test_a_unit_with_a_row_and_a_request_refused_for_good_is_whole() -> None:
    model = Model(fault=lambda key, attempt, number: BAD_REQUEST if number == 2 else None)
    run = grown(model, 8, strategy=Twice(), limits={"concurrency": 1})
    assert run.rows["unit"].to_list().count(0) == 1
    assert_whole(using=(Twice(),))
