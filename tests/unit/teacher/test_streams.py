"""A reply that comes in pieces: whole however it is cut, and a failure where it breaks off."""

from __future__ import annotations

import json

import pytest
from tests.support.growth import WIDE, growth
from tests.unit.teacher.bodies import PAGE, chat

from tilth.teacher.http.answers.failures import Refusal
from tilth.teacher.http.answers.replies import MAX_REPLY_BYTES, Completion
from tilth.teacher.http.answers.streams import StreamReader


def data(value):
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n"


def delta(text, *, index=0, finish_reason=None):
    return data({"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish_reason}]})


def stream(*pieces):
    reader = StreamReader()
    for piece in pieces:
        reader.feed(piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass"))
    return reader.finish(0.1)


END = delta("", finish_reason="stop")
DONE = "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (delta("The answer "), "data: : OPENROUTER PROCESSING\n\n", delta("is 5."), END, DONE),
        (delta("The answer "), ": OPENROUTER PROCESSING\n\n", delta("is 5."), END, DONE),
        (delta("The answer "), "data: \n\n", "data:\n\n", delta("is 5."), END, DONE),
        (delta("The answer "), "event: ping\ndata: ping\n\n", delta("is 5."), END, DONE),
        ("\ufeff", delta("The answer "), delta("is 5."), END, DONE),
        ("id: 1\nretry: 3000\n", delta("The answer is 5."), END),
        (delta("The answer "), delta("OTHER", index=1), delta("is 5."), END, DONE),
        (delta("The answer is 5."), DONE),
        (delta("The answer is 5.").replace("data: ", "data:\n "), DONE),
        (delta("The answer is 5.", finish_reason="stop").replace("\n", "\r\n"), ": ping\n", DONE),
        (json.dumps(chat(content="The answer is 5.")),),
        (json.dumps(chat(content="The answer is 5.") | {"x": ["y"] * 9000}, indent=1),),
        ((delta("The answer ") + "data: ping\n" + delta("is 5.") + END + DONE).replace("\n\n", "\n"),),
        (delta("The answer is 5.", index="0"), END, DONE),
        (delta("The answer "), delta("is 5."), data(chat(content="The answer is 5.")), DONE),
        (data(chat(None, content="The answer ", finish_reason=None)), data(chat(content="is 5.")), DONE),
    ],
    ids=["data keep-alive", "comment", "empty data", "ping", "BOM", "no DONE", "choice 1", "DONE alone",
         "broken line", "CR LF", "no events at all", "no events, long", "no empty lines", "index as text",
         "the whole at the end", "messages as pieces"],
)  # fmt: skip
def test_a_stream_is_read_whole_whatever_stands_between_its_pieces(pieces):
    outcome = stream(*pieces)
    assert isinstance(outcome, Completion), outcome
    assert outcome.text == "The answer is 5."


def test_a_character_split_over_two_pieces_is_joined():
    halves = [f'{{"choices": [{{"delta": {{"content": "{half}"}}}}]}}' for half in ("\\ud83c", "\\udf31 7")]
    assert stream(data(halves[0]), data(halves[1]), END, DONE).text == "🌱 7"


@pytest.mark.parametrize(
    ("pieces", "kind", "in_doubt", "said"),
    [
        ((delta("The answer is 7"),), "reset", True, "neither a finish reason nor [DONE]"),
        ((": ping\n\n",), "reset", False, "neither a finish reason nor [DONE]"),
        (
            (data({"error": {"code": 429, "message": "upstream busy"}}), DONE),
            "rate-limited",
            False,
            "upstream busy",
        ),
        ((delta("half"), data({"error": {"message": "x"}}), DONE), "server", True, "x"),
        ((data({"error": {"message": "x"}}), DONE), "no-completion", False, "x"),
        ((delta("half"), "data: error: it died\n\n", DONE), "server", True, "it died"),
        ((delta("half"), "data: [ERROR] it died\n\n", DONE), "reset", True, "gap"),
        ((delta("half"), "data: Internal Server Error\n\n", DONE), "server", True, "Internal Server"),
        ((delta("half"), '{"error": {"code": 502, "message": "it died"}}\n\n', DONE), "server", True, "502"),
        ((delta("half", finish_reason="null"),), "reset", True, "neither a finish reason"),
        ((delta("half"), 'event: error\ndata: {"message": "overloaded"}\n\n'), "server", True, "overloaded"),
        ((delta("half"), "event: error\ndata: overloaded\n\n"), "server", True, "overloaded"),
        (
            (delta("half"), data({"object": "error", "message": "overloaded", "code": 500}), DONE),
            "server",
            True,
            "overloaded",
        ),
        ((delta("half"), data('{"choices": [,,'), END, DONE), "reset", True, "gap"),
        ((delta("half"), b'data: {"choices": "\xff\xfe"}\n\n', DONE), "reset", True, "gap"),
        ((delta("", finish_reason="error"), DONE), "server", False, "broke off"),
        ((DONE,), "server", False, "says nothing"),
        ((PAGE,), "no-completion", False, "web page"),
    ],
)
def test_a_stream_that_fails_is_a_failure_and_no_half_reply(pieces, kind, in_doubt, said):
    outcome = stream(*pieces)
    assert isinstance(outcome, Refusal), outcome
    assert (outcome.kind, outcome.in_doubt) == (kind, in_doubt)
    assert said in outcome.said


@pytest.mark.parametrize(
    "piece",
    ["x", "data:\n", "data: {\n", "x\n", "event: x\n", ": x\n", "{\n", delta("a"), 'data: {"usage": {}}\n\n'],
)
def test_a_stream_takes_linear_time_however_it_is_cut(piece):
    whole = piece * (200_000 // len(piece))

    def read(text):
        stream("data:\n", *(text[start : start + 500] for start in range(0, len(text), 500)))

    assert growth(read, whole) < WIDE


@pytest.mark.parametrize("piece", ["x" * 1000, "data: " + "x" * 1000 + "\n", "data:\n" * 200])
def test_what_a_stream_holds_back_is_bounded(piece):
    reader = StreamReader()
    fed = 0
    while not reader.full:
        reader.feed(piece.encode())
        fed += len(piece)
        assert fed < 10 * MAX_REPLY_BYTES
    assert reader.finish(0.1).finish_reason == "too-large"


def test_usage_that_comes_in_two_parts_is_put_together():
    outcome = stream(
        data({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": None}}),
        delta("5"),
        data({"choices": [], "usage": {"completion_tokens": 3}}),
        DONE,
    )
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (9, 3)
