"""Hostile replies, refusals and headers: read without raising, and never into more than they say."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.teacher.http.dialect import Dialect
from tilth.teacher.http.failures import error_of, of_status, retry_after
from tilth.teacher.http.replies import Completion, StreamReader, read_reply

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "delta", "content", "usage", "finish_reason", "text", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def sound(completion: Completion) -> bool:
    completion.text.encode()
    counts = (completion.prompt_tokens, completion.completion_tokens)
    return all(count is None or 0 <= count < 2**53 for count in counts)


@given(json_values)
def test_any_json_is_a_completion(value):
    assert sound(read_reply(json.dumps(value).encode("utf-8", "surrogatepass"), 0.1))
    assert sound(read_reply(json.dumps({"choices": [{"message": value}], "usage": value}).encode(), 0.1))


@given(st.binary(), st.booleans())
def test_any_bytes_are_a_completion(body, cut):
    assert sound(read_reply(body, 0.1, cut=cut))


@given(st.lists(json_values, max_size=5), st.binary(max_size=40), st.data())
def test_any_stream_is_a_completion_however_it_is_cut_into_chunks(events, noise, data):
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events) + noise
    reader, at = StreamReader(), 0
    while at < len(body):
        step = data.draw(st.integers(1, len(body)))
        reader.feed(body[at : at + step])
        at += step
    assert sound(reader.finish(0.1))


@given(st.text(max_size=80), st.integers(1, 30))
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


def test_nesting_too_deep_to_parse_is_malformed():
    assert read_reply(b"[" * 100_000, 0.1).finish_reason == "malformed"


def test_an_error_within_a_stream_is_malformed_and_keeps_no_half_reply():
    reader = StreamReader()
    reader.feed(
        b'data: {"choices": [{"delta": {"content": "half"}}]}\n\ndata: {"error": {"message": "x"}}\n\n'
    )
    completion = reader.finish(0.1)
    assert (completion.text, completion.finish_reason) == ("", "malformed")


def message(**fields):
    return read_reply(json.dumps({"choices": [{"message": fields}]}).encode(), 0.1).text


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "18", "reasoning_content": "9+9"},
        {"content": "18", "reasoning": "9+9"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "9+9"}]},
                {"type": "text", "text": "18"},
            ]
        },
    ],
    ids=["reasoning_content", "reasoning", "parts"],
)
def test_reasoning_sent_apart_stands_in_front(fields):
    assert message(**fields) == "<think>9+9</think>\n18"


def test_reasoning_billed_within_the_total_only_is_counted():
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}
    body = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": usage}).encode()
    assert read_reply(body, 0.1).completion_tokens == 30


@pytest.mark.parametrize("count", [-1, True, 1.5, "7", 2**60, None])
def test_absurd_counts_are_unknown(count):
    body = json.dumps(
        {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": count}}
    ).encode()
    assert read_reply(body, 0.1).prompt_tokens is None


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry-after": "2"}, 2.0),
            ({"retry-after": "0.5"}, 0.5),
            ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
            ({"retry-after": "-3"}, 0.0),
            ({"retry-after": formatdate(0, usegmt=True)}, 0.0),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "soon"}, None),
            ({}, None),
        ],
    )
    def test_it_is_read(self, headers, seconds):
        assert retry_after(headers) == seconds

    def test_a_date_is_seconds_from_now(self):
        told = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
        assert told is not None
        assert 55 < told <= 60

    @given(st.text())
    def test_it_never_raises(self, text):
        told = retry_after({"retry-after": text})
        assert told is None or told >= 0


class TestErrors:
    @given(st.binary())
    def test_any_body_makes_a_message(self, body):
        assert len(str(of_status(500, {}, body, where="http://h/v1"))) <= 300

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"error": {"message": "no"}}', "no"),
            (b'{"error": "no"}', "no"),
            (b'{"detail": "no"}', "no"),
            (b'{"object": "error", "message": "no"}', "no"),
            (b"no", "no"),
            (b"<html>no</html>", ""),
            (b"[1]", "[1]"),
        ],
    )
    def test_messages_are_found_where_servers_put_them(self, body, message):
        assert error_of(body)[0] == message

    @pytest.mark.parametrize(("status", "kind"), [(402, "unauthorized"), (408, "server"), (529, "server")])
    def test_rarer_statuses(self, status, kind):
        assert of_status(status, {}, b"", where="h").kind == kind

    def test_an_account_out_of_money_is_not_a_matter_of_waiting(self):
        body = b'{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
        assert of_status(429, {}, body, where="h").kind == "unauthorized"


BODY = {"max_tokens": 5, "temperature": 0.7, "top_p": 0.9, "seed": 1, "stream_options": {}}


REFUSALS = [
    {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "code": "unsupported_parameter",
        "param": "max_tokens",
        "gone": {"max_tokens"},
    },
    {
        "message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
        "default (1) value is supported.",
        "code": "unsupported_value",
        "param": "temperature",
        "gone": {"temperature"},
    },
    {"message": "Unrecognized request argument supplied: stream_options", "gone": {"stream_options"}},
    {"message": '[{"type": "extra_forbidden", "loc": ["body", "seed"]}]', "gone": {"seed"}},
    {"message": "max_tokens is too large: 4096. This model supports at most 2048", "param": "max_tokens"},
    {"message": "The model `seed-oss` does not support this"},
    {"message": "Invalid 'messages[0].content': string too long", "param": "messages"},
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal["message"][:40])
def test_refusals_as_endpoints_word_them(refusal):
    dialect, gone = Dialect(max_completion_tokens=False), refusal.get("gone", set())
    learnt = dialect.learn(BODY, refusal["message"], refusal.get("code", ""), refusal.get("param", ""))
    assert learnt is bool(gone)
    sent = dialect.body({"temperature": 0.7, "top_p": 0.9}, max_tokens=5, sampling_seed=1, stream=True)
    assert set(BODY) - set(sent) == gone
