"""What a teacher sends and brings back, against a real local server."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from itertools import pairwise

import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI
from tests.support.openai_server import serve

from tilth.errors import TeacherError
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Teacher

ANSWERS = {"What?": "It is nine and nine.\n#### 18"}


async def put(teacher, prompt, **settings):
    async with teacher.open() as endpoint:
        return await endpoint.complete(
            teacher.request(prompt), **({"max_tokens": 50, "sampling_seed": 7} | settings)
        )


async def test_a_reply_comes_back_whole_with_its_usage(ask, behave, connect):
    server = behave()
    teacher = connect(server.base_url)
    began = time.perf_counter()
    completion = await put(teacher, ask("What?"))
    passed = time.perf_counter() - began
    books = server.books()
    assert completion.text == "It is nine and nine.\n#### 18"
    assert (completion.finish_reason, completion.model) == ("stop", "test-model")
    assert completion.prompt_tokens == books["prompt_tokens"]
    assert completion.completion_tokens == books["completion_tokens"]
    assert 0 < completion.seconds <= passed


async def test_what_is_sent_is_the_request_with_its_limit_and_seed(ask, behave, connect):
    server = behave()
    teacher = connect(
        server.base_url,
        system="Be brief.",
        temperature=0.2,
        top_p=0.9,
        reasoning_effort="low",
        extra_body={"top_k": 40},
        headers={"X-Class": "7b"},
    )
    prompt = Prompt(({"role": "user", "content": "Why?"},), "answer", response_format={"type": "json_object"})
    await put(teacher, prompt, max_tokens=99, sampling_seed=2**40 + 5)
    books = server.books()
    assert books["bodies"] == [
        {
            "model": "test-model",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
            "temperature": 0.2,
            "top_p": 0.9,
            "reasoning_effort": "low",
            "top_k": 40,
            "response_format": {"type": "json_object"},
            "max_tokens": 99,
            "seed": 5,
        }
    ]
    assert books["headers"]["x-class"] == "7b"
    assert books["headers"]["authorization"] == "Bearer none"


async def test_temperature_none_sends_none(ask, behave, connect):
    server = behave()
    await put(connect(server.base_url, temperature=None), ask("What?"))
    assert "temperature" not in server.books()["bodies"][0]


async def test_a_streamed_reply_grows_and_ends_as_the_whole_one(ask, behave, connect):
    server = behave(stream_pause=0.01, reasoning="9+9")
    teacher = connect(server.base_url)
    shown = []
    streamed = await put(teacher, ask("What?"), on_text=shown.append)
    whole = await put(teacher, ask("What?"))
    assert streamed.text == whole.text == "<think>9+9</think>\nIt is nine and nine.\n#### 18"
    assert (streamed.prompt_tokens, streamed.completion_tokens) == (
        whole.prompt_tokens,
        whole.completion_tokens,
    )
    assert streamed.finish_reason == "stop"
    assert len(shown) > 2
    assert shown[-1] == streamed.text
    assert all(later.startswith(sooner.removesuffix("</think>\n")) for sooner, later in pairwise(shown))


async def test_refused_parameters_are_left_out_and_remembered(ask, behave, connect):
    refused = ("max_tokens", "temperature", "top_p", "seed")
    server = behave(refuses=refused)
    teacher = connect(server.base_url, top_p=0.9)
    async with teacher.open() as endpoint:
        request = teacher.request(ask("What?"))
        first = await endpoint.complete(request, max_tokens=50, sampling_seed=1)
        attempts = server.books()["received"]
        second = await endpoint.complete(request, max_tokens=50, sampling_seed=2)
    books = server.books()
    assert first.text == second.text == "It is nine and nine.\n#### 18"
    assert books["bodies"][-1] == {
        "model": "test-model",
        "messages": request["messages"],
        "max_completion_tokens": 50,
    }
    assert attempts == len(refused) + 1
    assert books["received"] == attempts + 1, "the second call already knew"
    assert endpoint.dropped == {"temperature", "top_p", "seed"}


async def test_calls_in_flight_together_all_adapt(ask, behave, connect):
    server = behave(refuses=("max_tokens", "seed"), latency=0.02)
    teacher = connect(server.base_url)
    async with teacher.open() as endpoint:
        calls = [
            endpoint.complete(teacher.request(ask("What?")), max_tokens=50, sampling_seed=n)
            for n in range(20)
        ]
        completions = await asyncio.gather(*calls)
    assert {completion.text for completion in completions} == {"It is nine and nine.\n#### 18"}


async def test_stream_options_are_left_out_where_refused(ask, behave, connect):
    server = behave(refuses=("stream_options",))
    completion = await put(connect(server.base_url), ask("What?"), on_text=lambda text: None)
    assert completion.text == "It is nine and nine.\n#### 18"
    assert completion.completion_tokens is None


async def test_both_names_of_the_limit_refused_is_an_error_and_no_loop(ask, behave, connect):
    server = behave(refuses=("max_tokens", "max_completion_tokens"))
    with pytest.raises(CallError, match="max_completion_tokens") as caught:
        await put(connect(server.base_url), ask("What?"))
    assert server.books()["received"] == 2
    assert caught.value.kind == "bad-request"


async def test_a_query_of_the_base_url_goes_with_every_call_and_into_no_message(ask):
    with serve(ANSWERS) as server:
        teacher = Teacher("test-model", base_url=f"{server.base_url}?token=canary-token")
        assert (await put(teacher, ask("What?"))).text
        server.kill()
        with pytest.raises(CallError) as caught:
            await put(teacher, ask("What?"))
    assert "canary" not in str(caught.value) + repr(teacher)


async def test_the_environments_proxy_is_used(ask, behave, monkeypatch, connect):
    server = behave()
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    completion = await put(connect("http://model.invalid/v1"), ask("What?"))
    assert completion.finish_reason == "stop"
    assert server.books()["headers"]["host"] == "model.invalid"


class TestClient:
    async def test_a_client_used_in_another_loop_works_and_stays_open(self, ask, behave):
        server = behave()
        client = AsyncOpenAI(base_url=server.base_url, api_key="client-key")
        await client.chat.completions.create(model="test-model", messages=[{"role": "user", "content": "x"}])
        teacher = Teacher("test-model", client=client)
        replies = []

        def elsewhere():
            replies.append(asyncio.run(put(teacher, ask("What?"))))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert replies[0].text == "It is nine and nine.\n#### 18"
        assert server.books()["headers"]["authorization"] == "Bearer client-key"
        assert not client.is_closed()
        await client.chat.completions.create(model="test-model", messages=[{"role": "user", "content": "x"}])
        await client.close()

    async def test_an_http_client_of_its_own_is_used_and_stays_open(self, ask, behave):
        server = behave()
        http = DefaultAsyncHttpxClient(headers={"X-Proxied": "yes"})
        client = AsyncOpenAI(base_url=server.base_url, api_key="k", http_client=http, max_retries=5)
        await put(Teacher("test-model", client=client, headers={"X-Extra": "1"}), ask("What?"))
        headers = server.books()["headers"]
        assert (headers["x-proxied"], headers["x-extra"]) == ("yes", "1")
        assert not http.is_closed
        await http.aclose()

    def test_a_client_that_blocks_is_refused(self):
        with pytest.raises(TypeError, match="AsyncOpenAI"):
            Teacher("m", client=OpenAI(api_key="k"))


class TestArguments:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"base_url": "localhost:1234"}, "http://"),
            ({"extra_body": {"n": 4}}, "n; pass it to Teacher"),
            ({"max_tokens": 0}, "above zero"),
        ],
    )
    def test_what_cannot_work_is_refused_at_once(self, settings, message):
        with pytest.raises(ValueError, match=message):
            Teacher("m", **settings)

    async def test_openai_without_a_key_says_what_to_do(self):
        with pytest.raises(TeacherError, match="set OPENAI_API_KEY"):
            async with Teacher("gpt-4.1-mini").open():
                pass

    async def test_key_and_address_come_from_the_environment(self, monkeypatch, ask, behave):
        server = behave(key="environment-key")
        monkeypatch.setenv("OPENAI_API_KEY", "environment-key")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert (await put(Teacher("test-model"), ask("What?"))).text

    def test_the_request_is_json_and_the_same_whatever_cannot_change_the_reply(self, ask):
        one = Teacher("m", max_tokens=10, timeout=1, concurrency=1, api_key="a", base_url="http://one/v1")
        two = Teacher("m", max_tokens=99, timeout=9, concurrency=9, api_key="b", base_url="http://two/v1")
        assert one.request(ask("x")) == two.request(ask("x")) == json.loads(json.dumps(one.request(ask("x"))))
        assert one.identity() == two.identity()
        assert one.identity() != Teacher("m", temperature=0.1).identity()
        assert one.identity() != Teacher("m", system="s").identity()
