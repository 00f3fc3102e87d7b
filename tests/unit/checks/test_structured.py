"""Reading structured replies: what is well formed, what is not, and that no text makes it raise otherwise."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.errors import Unreadable
from tilth.strategies.structured import Form

FORM = Form(
    "all",
    {"reason": "text", "fits": "yes-no", "score": (1, 5), "claims": "texts", "true": "yes-nos"},
    dict.fromkeys(("reason", "fits", "score", "claims", "true"), "a part"),
)
WHOLE = {"reason": "Because.", "fits": True, "score": 4, "claims": ["One.", "Two."], "true": [True, False]}
TAGGED = (
    "<reason>Because.</reason>\n<fits>Yes.</fits>\n<score>**4**</score>\n"
    "<claims>\n- One.\n2. Two.\n</claims>\n<true>yes\nno</true>"
)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WHOLE),
        f"```json\n{json.dumps(WHOLE, indent=2)}\n```",
        f"Here it is: {json.dumps(WHOLE)} I hope it helps.",
        f'<think>{{"reason": 1}}</think>{json.dumps(WHOLE)}',
        json.dumps({**WHOLE, "score": 4.0, "more": 1}),
    ],
)
def test_json_is_read(text: str) -> None:
    assert FORM.read(text, "schema") == WHOLE


@pytest.mark.parametrize("text", [TAGGED, f"Sure.\n{TAGGED}", f"<fits>no</fits> first, but then:\n{TAGGED}"])
def test_tagged_text_is_read(text: str) -> None:
    assert FORM.read(text, "tags") == WHOLE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fits": "perhaps"}, "fits is neither yes nor no"),
        ({"score": 0}, "score is no whole number from 1 to 5"),
        ({"score": True}, "score is no whole number"),
        ({"score": "four"}, "score is no whole number"),
        ({"score": 3.5}, "score is no whole number"),
        ({"claims": "x" and 5}, "claims is no list"),
        ({"true": ["maybe"]}, "true is neither yes nor no"),
        ({"reason": None}, "reason is missing"),
        ({"reason": 3}, "reason is no text"),
    ],
)
def test_what_is_malformed_is_named(change: dict, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        FORM.read(json.dumps({**WHOLE, **change}), "schema")


def test_what_is_asked_names_every_field_in_order() -> None:
    for reply_format in ("schema", "tags"):
        content = FORM.prompt("Look at this.", "look", reply_format).messages[0]["content"]
        places = [
            content.index(f"\n<{name}>" if reply_format == "tags" else f"\n{name}:") for name in FORM.fields
        ]
        assert content.startswith("Look at this.")
        assert places == sorted(places)


JUDGEMENT = Form(
    "judgement",
    {"reason": "text", "clarity": (1, 5), "truth": (1, 5)},
    dict.fromkeys(("reason", "clarity", "truth"), "a part"),
)
REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "structured_replies.jsonl").read_text("utf-8").splitlines()
]


def test_at_least_a_hundred_replies_are_tried() -> None:
    assert len(REPLIES) >= 100


@pytest.mark.parametrize("case", REPLIES, ids=lambda case: f"{case['reply_format']}: {case['reply'][:40]!r}")
def test_a_judges_reply_is_read_as_expected(case: dict) -> None:
    if "problem" in case:
        with pytest.raises(Unreadable, match=f"^{case['problem']}$"):
            JUDGEMENT.read(case["reply"], case["reply_format"])
    else:
        assert JUDGEMENT.read(case["reply"], case["reply_format"]) == case["found"]


PIECES = st.sampled_from(
    [
        *["{", "}", "[", "]", '"', ":", ",", "reason", "<reason>", "</reason>", "<score>", "4", "1e999"],
        *["true", "null", "NaN", "<think>", "</think>", "```", "-"],
        "9" * 5000,
        "\\",
        "\ud800",
        "\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join), st.sampled_from(["schema", "tags"]))
def test_no_text_makes_reading_fail_otherwise(text: str, reply_format: str) -> None:
    with contextlib.suppress(Unreadable):
        assert set(FORM.read(text, reply_format)) == set(FORM.fields)


@pytest.mark.parametrize("reply_format", ["schema", "tags"])
@pytest.mark.parametrize("text", ["{" * 500_000, '{"a":' * 100_000, "<reason>" * 100_000, "[" * 300_000])
def test_hostile_texts_are_refused_in_linear_time(text: str, reply_format: str) -> None:
    def refused(text: str) -> None:
        with pytest.raises(Unreadable):
            FORM.read(text, reply_format)

    assert growth(refused, text) < WIDE
