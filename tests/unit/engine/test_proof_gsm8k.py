"""A thousand real questions through real HTTP: every verdict and every count is as it must be."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.openai_server import Fault, Plan, serve

import tilth


def final(solution: str) -> int:
    """The number a reference solution ends with."""
    return int(solution.rpartition("####")[2].replace(",", ""))


def right(solution: str) -> str:
    return solution


def right_in_words(solution: str) -> str:
    return f"{solution.rpartition('####')[0]}The answer is {final(solution):,}."


def right_in_a_box(solution: str) -> str:
    return f"{solution.rpartition('####')[0]}\\[\\boxed{{{final(solution)}}}\\]"


def wrong(solution: str) -> str:
    return f"{solution.rpartition('####')[0]}#### {final(solution) + 1}"


def wrong_in_words(solution: str) -> str:
    return f"So the answer is {final(solution) * 2 + 3} in all."


def without_an_answer(solution: str) -> str:
    return "I would have to think about that for a while."


KINDS = (right, wrong, right_in_words, without_an_answer, right_in_a_box, wrong_in_words, right)
ACCEPTED = {right, right_in_words, right_in_a_box}
REFUSED, MALFORMED, EMPTY = (10, 510), (20, 520, 820), (30, 530)
UNBILLED = (70, 570)


def verdict_of(index: int, solution: str) -> tuple[str, str | None]:
    """What must come of question number `index`."""
    for indexes, reason in (
        (REFUSED, "refused by the model"),
        (MALFORMED, "malformed reply"),
        (EMPTY, "empty reply"),
    ):
        if index in indexes:
            return "rejected", reason
    kind = KINDS[index % len(KINDS)]
    if kind in ACCEPTED:
        return "accepted", None
    if kind is without_an_answer:
        return "rejected", "no final answer"
    said = final(solution) + 1 if kind is wrong else final(solution) * 2 + 3
    return "rejected", f"{said} is not {final(solution)}"


def test_a_thousand_questions_and_every_verdict(test_data: Path, tmp_path: Path) -> None:
    source = test_data / "gsm8k_train_1000.jsonl"
    records = [json.loads(line) for line in source.read_text().splitlines()]
    answers = {r["question"]: KINDS[i % len(KINDS)](r["answer"]) for i, r in enumerate(records)}
    faults = (
        Fault("refusal", questions=REFUSED),
        Fault("no-choices", questions=MALFORMED),
        Fault("no-usage", questions=UNBILLED),
        Fault("null-content", questions=EMPTY),
        Fault("500", questions=(40, 540), first=1),
        Fault("429", questions=(50, 550), first=2, seconds=0.01),
        Fault("reset", questions=(60,), first=1),
    )
    with serve(answers, Plan(latency=(0.0, 0.004), faults=faults)) as server:
        teacher = tilth.Teacher("test-model", base_url=server.base_url, concurrency=32, max_tokens=800)
        run = tilth.generate_sync(
            tilth.read_seeds(source), "answer-augmentation", 1_001, teacher=teacher, path="gsm8k.tilth"
        )
        books = server.books()
    rows = run.rows
    expected = {f"s{i + 1:04d}": verdict_of(i, r["answer"]) for i, r in enumerate(records)}
    reasons = rows["reason"].str.replace(r", though \d+ tokens were billed", "")
    found = dict(zip(rows["seed_id"], zip(rows["verdict"], reasons, strict=True), strict=True))
    assert found == expected
    assert rows.height == 1_000 == rows["seed_id"].n_unique()

    progress = run.progress
    assert (progress.queries, progress.in_doubt, progress.reserved) == (1_001, 1, 0)
    assert books["billed"] == 1_001, "the reply that broke off was begun: it may be billed"
    assert books["completed"] == 1_000 == rows["queries"].sum()
    assert progress.attempts == books["received"] == 1_001 + 2 + 4
    assert all(counts["completed"] == 1 for counts in books["questions"].values())
    assert progress.accepted == sum(verdict == "accepted" for verdict, _ in expected.values())
    with closing(sqlite3.connect(run.path)) as file:
        [(prompt, completion)] = file.execute(
            "SELECT total(prompt_tokens), total(completion_tokens) FROM ledger WHERE estimated = 0"
        )
        estimated = file.execute("SELECT count(*) FROM ledger WHERE estimated = 1").fetchone()[0]
    assert estimated == len(UNBILLED), "these told no usage"
    assert prompt <= books["prompt_tokens"]
    assert completion <= books["completion_tokens"]

    again = tilth.generate_sync(tilth.read_seeds(source), "answer-augmentation", 1_001, path="gsm8k.tilth")
    assert again.rows.equals(rows), "it replays with no teacher and no server"
    for budget in (0, 1, 137, 1_000):
        assert run.prefix(budget).equals(rows.head(budget))
