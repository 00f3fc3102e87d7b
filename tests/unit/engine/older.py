"""The run and the study whose files of file version 1 stand in `data`, and what made them.

They were made by `python -m tests.unit.engine.older FOLDER` with a Tilth of that version on the path. Its
model replies by a rule, so that today's Tilth goes on with them as that one would have.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

import tilth
from tilth.checks import Answerable
from tilth.teacher import CallError

FOLDER = Path(__file__).parent / "data"
RUN, STUDY = FOLDER / "run_version_1.tilth", FOLDER / "study_version_1.tilth"
BUDGET = 84

_READY = {"finish_reason": "stop", "text": '{"ready": true}'}
_ENDINGS: Mapping[int, dict[str, Any]] = {
    0: {"text": "They are", "finish_reason": "length"},
    1: {"text": "They", "finish_reason": "content_filter"},
    2: {"text": "", "finish_reason": "stop"},
    3: {"text": "Who could say?", "finish_reason": "stop"},
    4: {"choices": [{"message": {"content": "", "refusal": "I would rather not."}}]},
}


def seeds(count: int = 6) -> tilth.Seeds:
    """Numbered questions."""
    return tilth.read_seeds(
        [{"question": f"How many are {i} and {i}?", "answer": str(2 * i)} for i in range(count)],
        name="counted",
    )


class Rule:
    """A model whose reply depends on messages and sampling seed alone.

    Attributes:
        calls: How often it was asked.
    """

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(
        self, messages: Sequence[Mapping[str, str]], seed: int, max_tokens: int
    ) -> dict[str, Any]:
        self.calls += 1
        draw = int(hashlib.sha256(json.dumps([messages, seed]).encode()).hexdigest()[:8], 16)
        prompt = messages[-1]["content"]
        question = prompt.rpartition("Question: ")[2].split("\n")[0]
        if "that you are ready" in prompt:
            return _READY
        if "somebody wrote" in prompt:
            told = {"reason": "As it says.", "answerable": draw % 3 > 0}
            return {"text": "hm" if draw % 4 == 0 else json.dumps(told), "finish_reason": "stop"}
        if "cannot be used" in prompt:
            return {"text": "hm", "finish_reason": "stop"}
        if prompt.startswith("Write a new question"):
            if draw % 5 == 0:
                return {"text": "Nothing comes to mind.", "finish_reason": "stop"}
            if draw % 11 == 0:
                raise CallError("this prompt is refused", kind="bad-request", status=400)
            return {
                "text": f"Question: Unlike {question[:40]} how many are {draw % 97}?",
                "finish_reason": "stop",
            }
        if draw % 3 == 0 and "and 0?" not in question:
            return _ENDINGS[draw // 3 % 5]
        right = re.fullmatch(r"How many are (\d+) and \d+\?", question)
        answer = 2 * int(right[1]) if right and draw % 2 else draw % 7
        return {"text": f"Counting gives it.\nThe answer is {answer}.", "finish_reason": "stop"}


def run(path: Path, model: Rule, budget: int = BUDGET, **options: Any) -> tilth.Run:
    """Starts the run, or goes on with it."""
    teacher = tilth.Teacher(model, concurrency=1, max_tokens=400)
    given = {"checks": [Answerable()], "path": path, **options}
    return tilth.generate_sync(seeds(), "answers-then-new", budget, teacher=teacher, **given)


def study(path: Path, model: Rule) -> tilth.Study:
    """Starts the study, or goes on with it."""
    questions = [{"question": f"How many are {i} and 7?", "reference": str(i + 7)} for i in range(9)]
    return tilth.study_sync(
        seeds(),
        test=pl.DataFrame(questions),
        strategies=["answer-augmentation", "question-rephrase"],
        ratios=[1, 2],
        replicates=1,
        student="neighbour",
        teacher=tilth.Teacher(model, concurrency=1, max_tokens=400),
        path=path,
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run(folder / RUN.name, Rule())
    study(folder / STUDY.name, Rule())
