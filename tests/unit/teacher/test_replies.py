"""Hostile replies: read without raising, never into more than they say, and a failure is never a reply."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.teacher.bodies import PAGE, chat

from tilth.teacher.http.answers.failures import Refusal
from tilth.teacher.http.answers.replies import Completion, read_reply
from tilth.teacher.http.answers.streams import StreamReader

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "delta",
                    "content",
                    "usage",
                    "finish_reason",
                    "text",
                    "type",
                    "error",
                    "code",
                    "index",
                    "model",
                    "total_tokens",
                    "prompt_tokens",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def sound(outcome):
    if isinstance(outcome, Refusal):
        return outcome.said.startswith(("answered 200 with", "sent a stream", "broke off"))
    outcome.text.encode()
    counts = (outcome.prompt_tokens, outcome.completion_tokens)
    return all(count is None or 0 <= count <= 100_000_000 for count in counts)


@given(json_values)
def test_any_json_is_a_completion_or_a_failure(value):
    assert sound(read_reply(json.dumps(value).encode("utf-8", "surrogatepass"), 0.1))
    assert sound(read_reply(json.dumps({"choices": [{"message": value}], "usage": value}).encode(), 0.1))


@given(st.binary(), st.booleans())
def test_any_bytes_are_a_completion_or_a_failure(body, cut):
    assert sound(read_reply(body, 0.1, cut=cut))


@given(st.lists(json_values, max_size=5), st.binary(max_size=40), st.data())
def test_any_stream_is_a_completion_or_a_failure_however_it_is_cut_into_chunks(events, noise, data):
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events) + noise
    reader, at = StreamReader(), 0
    while at < len(body):
        step = data.draw(st.integers(1, len(body)))
        reader.feed(body[at : at + step])
        at += step
    assert sound(reader.finish(0.1))


@given(st.text(min_size=1, max_size=80), st.integers(1, 30))
def test_a_streamed_text_is_the_same_however_it_is_cut_into_chunks(text, step):
    event = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=True)
    body = f"data: {event}\n\ndata: [DONE]\n\n".encode()
    reader = StreamReader()
    for start in range(0, len(body), step):
        reader.feed(body[start : start + step])
    assert reader.finish(0.1).text == text.encode("utf-8", "replace").decode()


@given(st.text(max_size=200), st.integers(0, 300))
def test_a_cut_body_gives_a_prefix_of_its_text(text, kept):
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
    saved = read_reply(body[:kept], 0.1, cut=True).text
    clean = text.encode("utf-8", "replace").decode()
    # The cut may fall between the two halves of a character that JSON writes as a surrogate pair.
    assert clean.startswith((saved, saved[:-1]))


def reply(body):
    return read_reply(body if isinstance(body, bytes) else json.dumps(body).encode(), 0.1)


# By name: the body of a 200; then kind, whether in doubt, and what is said of it.
FAILURES = {
    "page": (PAGE, ("no-completion", False), "a web page (Sign in)"),
    "page behind a comment": (
        b"\n<!-- x -->\n<html><body>Chat</body></html>",
        ("no-completion", False),
        "web page",
    ),
    "page of a gateway": (
        b"<html><title>502 Bad Gateway</title></html>",
        ("server", False),
        "502 Bad Gateway",
    ),
    "page of a limiter": (
        b"<html><h1>429 Too Many Requests</h1></html>",
        ("rate-limited", False),
        "429 Too Many",
    ),
    "plain text": (b"upstream said hello", ("no-completion", True), "upstream said hello"),
    "nothing": (b"", ("server", False), "nothing in it"),
    "JSON cut short": (b'{"choices": [{"message": {"content": "half', ("reset", True), "cannot be read"),
    "JSON nested too deep": (b"[" * 100_000, ("reset", True), "cannot be read"),
    "another API's reply": (
        {"model": "m", "message": {"role": "assistant", "content": "5"}, "done": True, "eval_count": 6},
        ("no-completion", True),
        "no chat completion, but JSON of another kind (model, message, done, eval_count)",
    ),
    "a health check": ({"status": "ok"}, ("no-completion", True), "JSON of another kind (status)"),
    "a list of models": ({"object": "list", "data": []}, ("no-completion", True), "another kind"),
    "an empty object": ({}, ("no-completion", False), "another kind (empty)"),
    "null": (None, ("no-completion", False), "another kind (NoneType)"),
    "a list": ([{"generated_text": "5"}], ("no-completion", True), "another kind (list)"),
    "a busy system": ({"code": -1, "msg": "system busy, try later"}, ("server", False), "system busy"),
    "an expired token": ({"success": False, "message": "token expired"}, ("unauthorized", False), "expired"),
    "a list of errors": ({"errors": [{"message": "bad thing"}]}, ("no-completion", False), "bad thing"),
    "an unknown error": (
        {"error": "Zebra 7 is not for you"},
        ("no-completion", False),
        "Zebra 7 is not for you",
    ),
    "a model it does not have": (
        {
            "object": "error",
            "message": "The model `m` does not exist",
            "type": "NotFoundError",
            "code": 40401,
        },
        ("not-found", False),
        "The model `m` does not exist",
    ),
    "arrears": (
        {"code": 1113, "msg": "Account in arrears", "success": False},
        ("unauthorized", False),
        "arrears",
    ),
    "no balance": (
        {"error": {"message": "Insufficient Balance", "type": "unknown_error"}},
        ("unauthorized", False),
        "Insufficient Balance",
    ),
    "an upstream's 429": (
        {"error": {"code": 429, "message": "busy"}, "choices": []},
        ("rate-limited", False),
        "an error 429: busy",
    ),
    "an upstream's 503": (
        {"error": {"code": "503", "message": "No instances"}},
        ("server", False),
        "error 503",
    ),
    "an upstream's 401": ({"error": {"code": 401, "message": "No auth"}}, ("unauthorized", False), "No auth"),
    "a rate told by words": (
        {"error": {"type": "rate_limit_error", "message": "slow down"}},
        ("rate-limited", False),
        "slow down",
    ),
    "overload told by words": ({"error": {"message": "Overloaded"}}, ("server", False), "Overloaded"),
    "what the provider behind said": (
        {
            "error": {
                "code": 502,
                "message": "Provider returned error",
                "metadata": {"raw": '{"error":"boom"}'},
            }
        },
        ("server", False),
        "Provider returned error: boom",
    ),
    "an error with a usage": (
        {"error": {"code": 502, "message": "x"}, "usage": {"prompt_tokens": 4, "completion_tokens": 1}},
        ("server", True),
        "502",
    ),
    "an error in the choice": (
        chat(None, content="", choice={"error": {"code": 502, "message": "Provider returned error"}}),
        ("server", False),
        "Provider returned error",
    ),
    "an error beside half a text": (
        chat(None, content="2 plus", choice={"error": {"code": 502, "message": "closed"}}),
        ("server", True),
        "closed",
    ),
    "finish error": (
        chat(None, content="2 plus", finish_reason="error"),
        ("server", True),
        'broke off ("error")',
    ),
    "network error": (
        chat(None, content="", choice={"native_finish_reason": "network_error"}),
        ("server", False),
        "network_error",
    ),
    "out of resources, no text": (
        chat(None, content="", finish_reason="insufficient_system_resource"),
        ("server", False),
        "insufficient_system_resource",
    ),
    "nothing at all": (chat(None, content="", finish_reason=None), ("server", False), "says nothing"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_200_that_is_no_completion_is_the_failure_it_tells(name):
    body, (kind, in_doubt), said = FAILURES[name]
    outcome = reply(body)
    assert isinstance(outcome, Refusal), outcome
    assert (outcome.kind, outcome.in_doubt) == (kind, in_doubt)
    assert said in outcome.said


@pytest.mark.parametrize(
    ("body", "text", "finish_reason"),
    [
        (chat(content="5", finish_reason="end_turn"), "5", "end_turn"),
        (chat(content="5", finish_reason="unknown"), "5", "unknown"),
        (chat(content="5", finish_reason=""), "5", None),
        (chat(None, content="5", finish_reason=None), "5", None),
        (chat(content="", finish_reason=None), "", None),
        (chat(content="5") | {"error": None}, "5", "stop"),
        (chat(content="5") | {"error": {"code": None, "message": ""}}, "5", "stop"),
        (chat(content="5", finish_reason="MAX_TOKENS"), "5", "length"),
        (chat(content="", finish_reason="SAFETY"), "", "content_filter"),
        (chat(content=None, tool_calls=[{"type": "function"}]), "", "tool_calls"),
        (chat(content=None, finish_reason="tool_use"), "", "tool_calls"),
        ({"choices": [{"text": "5", "finish_reason": "stop"}]}, "5", "stop"),
        ({"choices": [{"index": 1, "text": "6"}, {"index": 0, "text": "5", "finish_reason": "x"}]}, "5", "x"),
        ({"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 1}}, "", "malformed"),
        ({"choices": [{"index": "1", "text": "6"}, {"index": "0", "text": "5"}]}, "5", None),
        ({"choices": [{"message": "5"}]}, "", "malformed"),
        (chat(content={"type": "text", "text": "5"}), "5", "stop"),
        (chat(content=["1", "8"]), "18", "stop"),
        (chat(content=[{"text": "5"}, {"type": "image_url", "image_url": "x"}]), "5", "stop"),
        (chat(content="5", finish_reason="null"), "5", None),
        (b"\xef\xbb\xbf" + json.dumps(chat(content="5")).encode(), "5", "stop"),
    ],
)  # fmt: skip
def test_a_reply_is_read_as_it_stands(body, text, finish_reason):
    outcome = reply(body)
    assert isinstance(outcome, Completion), outcome
    assert (outcome.text, outcome.finish_reason) == (text, finish_reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "18", "reasoning_content": "9+9"},
        {"content": "18", "reasoning": "9+9"},
        {"content": "18", "thinking": "9+9"},
        {"content": "18", "reasoning_details": [{"type": "reasoning.text", "text": "9+9"}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "9+9"}]},
                {"type": "text", "text": "18"},
            ]
        },
    ],
    ids=["reasoning_content", "reasoning", "thinking", "details", "parts"],
)
def test_reasoning_sent_apart_stands_in_front(fields):
    assert reply(chat(**fields)).text == "<think>9+9</think>\n18"


@pytest.mark.parametrize(
    "content", ["<think>9 + 9</think>18", "<think>\n9+9\n</think>\n\n18", "9+9</think>18"]
)
def test_reasoning_sent_in_both_places_stands_once(content):
    assert reply(chat(content=content, reasoning_content="9+9")).text == content


@pytest.mark.parametrize("content", ["9+9 is 18", "<think>so</think>18"])
def test_other_reasoning_than_the_texts_own_is_kept(content):
    assert reply(chat(content=content, reasoning_content="9+9")).text == f"<think>9+9</think>\n{content}"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("/home/ann/models/smol.gguf", "smol.gguf"),
        ("C:\\models\\smol.gguf", "smol.gguf"),
    ],
)
def test_a_path_on_the_servers_disk_is_kept_as_its_file_name(told, kept):
    assert reply(chat(content="5") | {"model": told}).model == kept
