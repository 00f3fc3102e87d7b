"""The OpenAI protocol over real HTTP: by the openai client, and by hand."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from tests.unit.demo.measure import TASK

from tilth import demo
from tilth.demo.knobs import BASE_NAME, Knobs
from tilth.demo.model import FOREIGN, reply
from tilth.demo.protocol import pieces
from tilth.demo.sets import draw_seeds

QUESTIONS = [problem.question for problem in draw_seeds(60, 11)]


def messages(question: str) -> list[Any]:
    return [dict(message) for message in TASK.answer(question).messages]


def post(
    server: demo.Server, body: bytes | dict[str, Any], path: str = "/v1/chat/completions"
) -> tuple[int, Any]:
    return call(server, "POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())


def call(server: demo.Server, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    connection.request(method, path, body, {"content-type": "application/json"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def talk(server: demo.Server, sent: bytes) -> bytes:
    """What the server sends back to bytes of our own until it closes the connection."""
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as line:
        line.sendall(sent)
        received = bytearray()
        while part := line.recv(65536):
            received += part
        return bytes(received)


@pytest.fixture
def client(server: demo.Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0)


def test_a_completion(client: openai.OpenAI) -> None:
    asked = messages(QUESTIONS[0])
    done = client.chat.completions.create(model=BASE_NAME, messages=asked, temperature=0.7, seed=5)
    text = reply(Knobs(), asked, 0.7, 5)
    assert done.choices[0].message.content == text
    assert done.choices[0].finish_reason == "stop"
    assert done.model == BASE_NAME
    assert done.usage is not None
    assert done.usage.completion_tokens == len(pieces(text))
    assert done.usage.prompt_tokens == 4 + len(pieces(asked[0]["content"]))
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_streaming_equals_not_streaming(client: openai.OpenAI) -> None:
    settings: dict[str, Any] = {"model": BASE_NAME, "temperature": 0.9, "seed": 3, "max_tokens": 500}
    for question in QUESTIONS[:5]:
        whole = client.chat.completions.create(messages=messages(question), **settings)
        stream = client.chat.completions.create(
            messages=messages(question), stream=True, stream_options={"include_usage": True}, **settings
        )
        chunks = list(stream)
        told = [chunk.choices[0] for chunk in chunks if chunk.choices]
        assert "".join(choice.delta.content or "" for choice in told) == whole.choices[0].message.content
        assert [choice.finish_reason for choice in told if choice.finish_reason] == ["stop"]
        assert chunks[-1].usage == whole.usage
        assert len(told) > 10
        assert all(chunk.usage is None for chunk in chunks[:-1])


def test_no_usage_in_a_stream_unless_asked(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model=BASE_NAME, messages=messages(QUESTIONS[0]), stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_cuts_the_reply_off(client: openai.OpenAI, name: str, stream: bool) -> None:
    settings: dict[str, Any] = {"model": BASE_NAME, "messages": messages(QUESTIONS[0]), "seed": 1, name: 4}
    whole = reply(Knobs(), settings["messages"], 1.0, 1)
    done = client.chat.completions.create(stream=stream, **settings)
    if stream:
        told = [chunk.choices[0] for chunk in done]
        text, ended = "".join(choice.delta.content or "" for choice in told), told[-1].finish_reason
    else:
        text, ended = done.choices[0].message.content, done.choices[0].finish_reason
        assert done.usage.completion_tokens == 4
    assert ended == "length"
    assert whole.startswith(text)
    assert len(pieces(text)) == 4


def test_a_limit_that_fits_is_no_cut(client: openai.OpenAI) -> None:
    length = len(pieces(reply(Knobs(), messages(QUESTIONS[0]), 1.0, 0)))
    done = client.chat.completions.create(model=BASE_NAME, messages=messages(QUESTIONS[0]), max_tokens=length)
    assert done.choices[0].finish_reason == "stop"


def test_models(client: openai.OpenAI) -> None:
    assert BASE_NAME in [model.id for model in client.models.list()]
    name = Knobs(2.5, 0.7).name
    model = client.models.retrieve(name)
    assert model.id == name
    assert "simulation" in model.owned_by


def test_an_unknown_model_is_named(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="gpt-5") as caught:
        client.chat.completions.create(model="gpt-5", messages=messages(QUESTIONS[0]))
    assert caught.value.code == "model_not_found"
    assert BASE_NAME in str(caught.value)
    with pytest.raises(openai.NotFoundError, match="gpt-5"):
        client.models.retrieve("gpt-5")


def test_no_key_is_ever_refused(server: demo.Server) -> None:
    status, content = post(server, {"model": BASE_NAME, "messages": messages(QUESTIONS[0])})
    assert status == 200
    assert content["object"] == "chat.completion"


def test_foreign_text_over_http(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model=BASE_NAME, messages=[{"role": "user", "content": "Hi there"}])
    assert done.choices[0].message.content == FOREIGN


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0]"),
        ({"model": 5}, "model"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"seed": True}, "seed"),
        ({"n": 2}, "n"),
    ],
)
def test_malformed_requests_name_what_is_wrong(
    server: demo.Server, change: dict[str, Any], param: str
) -> None:
    body = {"model": BASE_NAME, "messages": messages(QUESTIONS[0]), **change}
    status, content = post(server, body)
    assert status == 400
    assert content["error"]["param"] == param
    assert content["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"model": NaN}', b"[" * 50_000])
def test_bodies_that_are_no_request(server: demo.Server, body: bytes) -> None:
    status, content = post(server, body)
    assert status == 400
    assert content["error"]["message"]


def test_other_paths_and_methods(server: demo.Server) -> None:
    assert call(server, "GET", "/v1/embeddings")[0] == 404
    assert call(server, "GET", "/v1/chat/completions")[0] == 405
    assert call(server, "GET", "/v1/models?limit=5")[0] == 200


def test_bytes_that_are_no_http(server: demo.Server) -> None:
    assert talk(server, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert talk(server, b"POST /v1/models HTTP/1.1\r\ncontent-length: -4\r\n\r\n").startswith(
        b"HTTP/1.1 400 "
    )
    chunked = b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    assert talk(server, chunked + b"zz\r\n").startswith(b"HTTP/1.1 400 ")
    assert talk(server, chunked + b"1" * 100_000).startswith(b"HTTP/1.1 400 ")
    huge = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n"
    assert talk(server, huge).startswith(b"HTTP/1.1 413 ")
    assert talk(server, b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000).startswith(b"HTTP/1.1 431 ")
    assert post(server, {"model": BASE_NAME, "messages": messages(QUESTIONS[0])})[0] == 200


def test_a_chunked_request(server: demo.Server) -> None:
    body = json.dumps({"model": BASE_NAME, "messages": messages(QUESTIONS[0])}).encode()
    sent = b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    for part in (body[:50], body[50:]):
        sent += b"%x\r\n%b\r\n" % (len(part), part)
    answer = talk(server, sent + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["choices"]


def test_a_connection_is_kept(server: demo.Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
    connection.connect()
    line = connection.sock
    for _ in range(3):
        connection.request("GET", "/v1/models")
        connection.getresponse().read()
        assert connection.sock is line
    connection.close()


async def test_many_at_once_each_get_their_own(server: demo.Server) -> None:
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:

        async def ask(place: int) -> str | None:
            done = await client.chat.completions.create(
                model=BASE_NAME, messages=messages(QUESTIONS[place % 60]), temperature=0.7, seed=place
            )
            return done.choices[0].message.content

        replies = await asyncio.gather(*(ask(place) for place in range(200)))
    assert replies == [reply(Knobs(), messages(QUESTIONS[place % 60]), 0.7, place) for place in range(200)]
