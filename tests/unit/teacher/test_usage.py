"""How many tokens were billed is read in every shape that servers send, and believed only where it can be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.teacher.http.answers.replies import read_reply


def usage_of(reply, content="The answer is 5."):
    body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}], **reply}
    completion = read_reply(json.dumps(body).encode(), 0.1)
    return completion.prompt_tokens, completion.completion_tokens


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"prompt_tokens": 6, "completion_tokens": 16}, (6, 16)),
        ({"prompt_tokens": 6, "completion_tokens": 16, "total_tokens": 22}, (6, 16)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40}, (10, 30)),
        ({"prompt_tokens": 6, "total_tokens": 22}, (6, 16)),
        ({"completion_tokens": 16, "total_tokens": 22}, (6, 16)),
        ({"prompt_tokens": 6, "completion_tokens": None, "total_tokens": 22}, (6, 16)),
        ({"prompt_tokens": 0, "completion_tokens": 16, "total_tokens": 22}, (6, 16)),
        ({"total_tokens": 22}, (6, 16)),
        ({"input_tokens": 6, "output_tokens": 16}, (6, 16)),
        ({"input_tokens": 6, "cache_read_input_tokens": 100, "output_tokens": 16}, (106, 16)),
        ({"inputTokens": 6, "outputTokens": 16}, (6, 16)),
        ({"prompt_tokens": "6", "completion_tokens": "16"}, (6, 16)),
        ({"prompt_tokens": 6.0, "completion_tokens": 15.5}, (6, 16)),
    ],
)
def test_it_is_read_in_its_shapes(usage, told):
    assert usage_of({"usage": usage}) == told


@pytest.mark.parametrize(
    "reply",
    [
        {"usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 16}},
        {"usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 4, "totalTokenCount": 22}},
        {"prompt_eval_count": 6, "eval_count": 16},
    ],
)
def test_it_is_read_where_others_put_it(reply):
    assert usage_of(reply) == (6, 16)


@pytest.mark.parametrize(
    "count", [-1, True, 2**60, 1e15, 10**400, None, "many", "9" * 10_000, [7], {"n": 7}, 0, "NaN", "-5"]
)
def test_a_count_that_cannot_be_is_missing(count):
    assert usage_of({"usage": {"prompt_tokens": count, "completion_tokens": 7}}) == (None, 7)


def test_no_tokens_for_a_text_are_no_usage_and_for_none_they_are():
    usage = {"prompt_tokens": 9, "completion_tokens": 0}
    assert usage_of({"usage": usage}) == (9, None)
    assert usage_of({"usage": usage}, "") == (9, 0)


def test_fewer_tokens_than_any_vocabulary_needs_for_the_text_are_no_usage():
    assert usage_of({"usage": {"prompt_tokens": 9, "completion_tokens": 1}}, "x" * 10_000) == (9, None)


@given(st.integers(10, 10**7), st.integers(0, 1000))
def test_a_total_alone_is_split_and_nothing_of_it_is_lost(total, size):
    prompt, reply = usage_of({"usage": {"total_tokens": total}}, "x" * size)
    assert prompt is not None
    assert prompt > 0
    assert prompt + reply == total
