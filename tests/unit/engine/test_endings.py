"""Why a reply has no answer, or a wrong one, is told as what it is: where it was cut, and by what."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import tilth
from tilth.engine.verify import verify

LONG = " It stands on a shelf." * 300
SEEDS = tilth.read_seeds(
    [{"question": f"What is {n} and 3?" + LONG, "answer": "5"} for n in range(4)], task="numeric"
)


def grown(
    path: Path, message: dict[str, object], usage: tuple[int, int] | None, finish: str = "stop"
) -> tilth.Run:
    """A run whose teacher replies the same to all."""

    async def answer(messages: object) -> dict[str, object]:
        told = {"prompt_tokens": usage[0], "completion_tokens": usage[1]} if usage else None
        return {"choices": [{"message": message, "finish_reason": finish}], "usage": told}

    teacher = tilth.Teacher(answer, max_tokens=512)
    return tilth.generate_sync(SEEDS, "answer-augmentation", 4, teacher=teacher, path=path)


def told(rows: pl.DataFrame) -> tuple[str, str, str]:
    [row] = rows.select("verdict", "cause", "reason").unique().rows()
    return row


FULL = "the model's context seems full: prompt and reply are {} tokens; give the server a larger one"


@pytest.mark.parametrize(
    ("message", "usage", "finish", "cause", "reason"),
    [
        (
            {"content": "The ans"},
            (40, 512),
            "length",
            "cut-off",
            "cut off at the reply limit; raise max_tokens",
        ),
        ({"content": "The ans"}, None, "length", "cut-off", "cut off at the reply limit; raise max_tokens"),
        (
            {"content": "The ans"},
            (40, 256),
            "length",
            "cut-off",
            "cut off at the reply limit, after 256 tokens: the server has a limit of its own, below max_to",
        ),
        (
            {"content": "<think>Let me"},
            (40, 512),
            "length",
            "cut-off",
            "cut off while still thinking; raise max_to",
        ),
        (
            {"content": None, "reasoning": "Let me"},
            (40, 300),
            "length",
            "cut-off",
            "cut off while still thinking, after 300 tokens: the server has a limit of its own",
        ),
        (
            {"content": None, "reasoning_content": "Let me"},
            (40, 512),
            "stop",
            "cut-off",
            "cut off while still thinking; raise max_tokens",
        ),
        (
            {"content": "", "thinking": "It is 5."},
            (40, 37),
            "stop",
            "empty",
            "nothing but reasoning, with no text behind it, though 37",
        ),
        ({"content": None}, (40, 37), "stop", "empty", "empty reply, though 37 tokens were billed"),
        ({"content": ""}, None, "stop", "empty", "empty reply"),
        (
            {"content": None, "tool_calls": [{"id": "1"}]},
            (40, 37),
            "stop",
            "empty",
            "a tool call instead of text, though 37 tokens",
        ),
        ({"content": ""}, (4095, 1), "length", "context-full", FULL.format(4096)),
        ({"content": "The"}, (4090, 6), "length", "context-full", FULL.format(4096)),
        ({"content": "The"}, (5990, 10), "length", "context-full", FULL.format(6000)),
        ({"content": ""}, (4096, 0), "stop", "context-full", FULL.format(4096)),
        (
            {"content": "The total is 4"},
            (3900, 196),
            "stop",
            "context-full",
            "4 is not 5; " + FULL.format(4096),
        ),
        ({"content": "The total is 4"}, (3900, 195), "stop", "wrong-answer", "4 is not 5"),
        ({"content": "The total is 4"}, (1536, 512), "stop", "wrong-answer", "4 is not 5"),
        (
            {"content": "The total is 4"},
            (5900, 244),
            "stop",
            "context-full",
            "4 is not 5; " + FULL.format(6144),
        ),
        ({"content": ""}, (4000, 0), "stop", "context-full", FULL.format(4000)),
        ({"content": ""}, (400, 0), "stop", "empty", "empty reply"),
    ],
)
def test_a_rejected_reply_tells_what_ended_it(
    message: dict[str, object],
    usage: tuple[int, int] | None,
    finish: str,
    cause: str,
    reason: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.tilth"
    run = grown(path, message, usage, finish)
    verdict, found, words = told(run.rows)
    assert (verdict, found) == ("rejected", cause)
    assert words.startswith(reason)
    assert verify(path).findings == ()


def test_a_right_answer_is_accepted_however_full_the_context(tmp_path: Path) -> None:
    run = grown(tmp_path / "run.tilth", {"content": "The answer is 5."}, (3900, 196))
    assert run.rows["verdict"].unique().to_list() == ["accepted"]


@pytest.mark.parametrize(("usage", "cause"), [((3900, 196), "context-full"), ((3900, 190), "wrong-answer")])
def test_checked_anew_it_is_told_the_same(usage: tuple[int, int], cause: str, tmp_path: Path) -> None:
    async def answer(messages: object) -> dict[str, object]:
        spent = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        return {"text": "The total is 4", "usage": spent}

    teacher, path = tilth.Teacher(answer, max_tokens=512), tmp_path / "run.tilth"
    unchecked = tilth.generate_sync(SEEDS, "answer-augmentation", 4, teacher=teacher, path=path, check=False)
    assert unchecked.rows["verdict"].unique().to_list() == ["unverified"]
    checked = tilth.generate_sync(SEEDS, "answer-augmentation", 4, teacher=teacher, path=path)
    assert told(checked.rows)[:2] == ("rejected", cause)
