"""The demo's teacher in the hands of the rest of Tilth."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.demo.measure import TASK

from tilth import demo
from tilth.demo import process
from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.teacher import Teacher

QUESTION = demo.seeds(1).frame["question"][0]


def test_it_says_what_it_is() -> None:
    teacher = demo.teacher(skill=2, drift=0.5)
    assert isinstance(teacher, Teacher)
    assert teacher.simulated
    assert not Teacher.simulated
    assert teacher.name == "tilth-demo-simulation-skill2-drift0.5"
    assert "simulation" in repr(teacher)
    assert "openai" not in repr(teacher)
    assert "simulation" in (demo.teacher.__doc__ or "")
    assert "simulation" in (demo.__doc__ or "")


def test_it_costs_nothing() -> None:
    price = demo.teacher().price()
    assert price is not None
    assert price.nano_dollars(1_000_000, 1_000_000) == 0
    assert price.source == "simulation"


def test_its_identity_holds_its_knobs_and_no_address() -> None:
    one, other = demo.teacher().identity(), demo.teacher(drift=0.9).identity()
    assert one != other
    assert one == demo.teacher().identity()
    assert "127.0.0.1" not in str(one)


@pytest.mark.parametrize("knobs", [{"skill": 0}, {"skill": 11}, {"drift": -0.1}, {"drift": 1.1}])
def test_knobs_out_of_range_are_told(knobs: dict[str, float]) -> None:
    (name,) = knobs
    with pytest.raises(ValueError, match=rf"{name}=\S+ must be from"):
        demo.teacher(**knobs)


async def test_it_answers_like_the_model_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-real-key")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    teacher = demo.teacher(skill=0.5, drift=1)
    prompt = TASK.answer(QUESTION)
    shown: list[str] = []
    async with teacher.open() as endpoint:
        await endpoint.preflight()
        whole = await endpoint.complete(teacher.request(prompt), max_tokens=300, sampling_seed=9)
        streamed = await endpoint.complete(
            teacher.request(prompt), max_tokens=300, sampling_seed=9, on_text=shown.append
        )
    assert whole.text == streamed.text == shown[-1] == reply(Knobs(0.5, 1), prompt.messages, 0.7, 9)
    assert len(shown) > 5
    assert whole.finish_reason == "stop"
    assert (whole.prompt_tokens, whole.completion_tokens) == (
        streamed.prompt_tokens,
        streamed.completion_tokens,
    )


async def test_usage_never_passes_what_a_prompt_is_reserved_at() -> None:
    teacher = demo.teacher()
    async with teacher.open() as endpoint:
        for text in (QUESTION, "日本語の文章です。" * 20, "!?" * 100, "a"):
            prompt = TASK.answer(text)
            done = await endpoint.complete(teacher.request(prompt), max_tokens=50, sampling_seed=0)
            reserved = sum(len(message["content"].encode()) for message in prompt.messages) + 64
            assert done.prompt_tokens is not None
            assert done.prompt_tokens <= reserved
            assert done.completion_tokens is not None
            assert done.completion_tokens <= 50


async def test_teachers_share_one_server() -> None:
    async with demo.teacher().open(), demo.teacher(skill=3).open():
        first = process.shared()
    async with demo.teacher(drift=0).open():
        assert process.shared() is first


def test_it_opens_in_one_loop_after_another() -> None:
    async def ask() -> str:
        teacher = demo.teacher()
        async with teacher.open() as endpoint:
            done = await endpoint.complete(
                teacher.request(TASK.answer(QUESTION)), max_tokens=300, sampling_seed=1
            )
        return done.text

    assert asyncio.run(ask()) == asyncio.run(ask())
