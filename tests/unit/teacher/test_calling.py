"""An async callable as a teacher: what it is given, what it may return, and how its failures are told."""

from __future__ import annotations

import asyncio
import pickle
from functools import partial
from types import SimpleNamespace

import pytest
from openai import AsyncOpenAI

from tilth.errors import TeacherError
from tilth.teacher import CallError, Teacher


async def put(teacher, ask, **settings):
    async with teacher.open() as endpoint:
        await endpoint.preflight()
        return await endpoint.complete(
            teacher.request(ask("What?")), **({"max_tokens": 50, "sampling_seed": 7} | settings)
        )


async def echo(messages, **settings):
    return f"{messages[-1]['content']} {sorted(settings.items())}"


def reply(text):
    return {
        "choices": [{"message": {"content": text}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }


async def test_it_gets_the_messages_and_every_setting(ask):
    completion = await put(Teacher(echo, system="s", temperature=0.1), ask)
    assert completion.text.endswith("[('max_tokens', 50), ('seed', 7), ('temperature', 0.1)]")
    assert (completion.finish_reason, completion.prompt_tokens) == ("stop", None)


async def test_it_gets_only_the_settings_it_takes(ask):
    async def answer(messages, seed):
        return f"seed {seed}"

    assert (await put(Teacher(answer), ask)).text == "seed 7"


@pytest.mark.parametrize(
    "returned",
    [
        reply("18"),
        SimpleNamespace(
            choices=[SimpleNamespace(message=SimpleNamespace(content="18"), finish_reason="length")],
            usage=SimpleNamespace(prompt_tokens=3, completion_tokens=4),
        ),
        {"text": "18", "finish_reason": "length", "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    ],
    ids=["mapping", "object", "text"],
)
async def test_it_may_return_any_of_these(returned, ask):
    async def answer(messages):
        return returned

    completion = await put(Teacher(answer), ask)
    assert (completion.text, completion.finish_reason) == ("18", "length")
    assert (completion.prompt_tokens, completion.completion_tokens) == (3, 4)


async def test_the_openai_clients_own_reply_and_errors_are_understood(ask, behave):
    async def answer(messages, **settings):
        async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
            return await client.chat.completions.create(model="test-model", messages=messages)

    server = behave()
    completion = await put(Teacher(answer), ask)
    assert completion.text == "It is nine and nine.\n#### 18"
    assert completion.completion_tokens == server.books()["completion_tokens"]
    server = behave(rate=0.001)
    await put(Teacher(answer), ask)
    with pytest.raises(CallError) as caught:
        await put(Teacher(answer), ask)
    assert (caught.value.kind, caught.value.status, caught.value.retry_after) == ("rate-limited", 429, 1.0)


@pytest.mark.parametrize(
    ("error", "kind", "in_doubt"),
    [
        (TimeoutError(), "timeout", True),
        (ConnectionResetError("reset"), "reset", True),
        (ConnectionRefusedError("refused"), "connection", False),
        (CallError("busy", kind="rate-limited", retry_after=3), "rate-limited", False),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_its_failures_are_call_errors(error, kind, in_doubt, ask):
    async def answer(messages):
        raise error

    with pytest.raises(CallError) as caught:
        await put(Teacher(answer), ask)
    assert (caught.value.kind, caught.value.in_doubt) == (kind, in_doubt)


async def test_a_mistake_in_it_is_told_as_one_and_not_tried_again(ask):
    async def answer(messages):
        return {}["sk-canary-0123456789"]

    with pytest.raises(TeacherError, match="the teacher answer raised KeyError") as caught:
        await put(Teacher(answer), ask)
    assert "canary" not in str(caught.value)


async def test_what_it_may_not_return_is_told(ask):
    async def answer(messages):
        return 18

    with pytest.raises(TeacherError, match="returned int; return a str"):
        await put(Teacher(answer), ask)


async def test_its_time_is_limited(ask):
    async def answer(messages):
        await asyncio.Event().wait()

    with pytest.raises(CallError, match="in time"):
        await put(Teacher(answer, timeout=0.05), ask)


async def test_a_stream_is_its_whole_reply_at_once(ask):
    shown = []
    completion = await put(Teacher(echo), ask, on_text=shown.append)
    assert shown == [completion.text]


def test_its_name_price_and_pickle():
    assert Teacher(partial(echo, x=1)).name == "echo"
    assert Teacher(echo).price() is None
    assert pickle.loads(pickle.dumps(Teacher(echo))).identity() == Teacher(echo).identity()
    with pytest.raises(ValueError, match="needs no base_url"):
        Teacher(echo, base_url="http://127.0.0.1/v1")
