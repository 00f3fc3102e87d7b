"""What may come in from a page, and what fits into a message."""

from __future__ import annotations

import contextlib
import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.engine.file.format.schema import rows_schema
from tilth.jupyter import protocol
from tilth.jupyter.secrets import without_secrets

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
DRAWN = {"kind": "spread", "axis": "rows", "theme": "dark"}
GOOD = {
    "page": {"after": 0, "limit": 50, "verdicts": ["accepted", "rejected"], "contains": "cows"},
    "open": {"row_id": "abc:1:0"},
    "save": {"format": "chat", "path": "train.jsonl", "verdicts": None},
    "view": {"open": True},
    "confirm": {"token": "t", "yes": False},
    "teacher": {"name": "local:Small"},
    "regimes-plan": {
        "strategies": ["new-question"],
        "sizes": [25, 100],
        "ratios": [0.5, 2],
        "replicates": 3,
        "student": "parser",
    },
    "regimes-chart": {**DRAWN, "test": "same"},
    "regimes-cell": {"cell_id": "c1", "test": "same"},
    "regimes-save": {**DRAWN, "path": "figure.svg", "tests": ["same", "held-out"]},
    **{kind: {} for kind in ("generate", "pause", "resume", "stop", "quality", "vega")},
    **{kind: {} for kind in ("regimes-run", "regimes-stop")},
}


def test_good_requests_are_of_every_kind():
    assert set(GOOD) == set(protocol._FIELDS)


@pytest.mark.parametrize("kind", GOOD)
def test_reads_every_request(kind):
    request = protocol.read_request({"v": 1, "id": 7, "type": kind, **GOOD[kind], "later": "field"})
    assert (request.id, request.type) == (7, kind)
    # lists come as tuples, so that nobody changes what was checked
    assert request.fields == {
        name: tuple(value) if isinstance(value, list) else value for name, value in GOOD[kind].items()
    }


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in GOOD for field in GOOD[kind]])
def test_a_field_of_another_kind_is_named(kind, field):
    wrong = {"v": 1, "id": 7, "type": kind, **GOOD[kind], field: {"no": "such"}}
    with pytest.raises(protocol.ProtocolError, match=f'"{kind}": {field} must be '):
        protocol.read_request(wrong)


@given(JSON, st.sampled_from([*GOOD, "other"]))
def test_refuses_anything_else(junk, kind):
    messages = [junk, {"v": 1, "id": junk, "type": junk}]
    messages += [{"v": 1, "id": 1, "type": kind, **dict.fromkeys(GOOD.get(kind, ()), junk)}]
    for message in messages:
        with contextlib.suppress(protocol.ProtocolError):
            assert protocol.read_request(message).type in GOOD


def test_says_that_page_and_kernel_are_of_different_ages():
    with pytest.raises(protocol.ProtocolError, match=r"version 2 .* reload the page"):
        protocol.read_request({"v": 2, "id": 1, "type": "stop"})


def samples(questions):
    schema = {"arrival": pl.Int64(), **rows_schema()}
    rows = [{"arrival": i + 1, "unit": i, "question": q} for i, q in enumerate(questions)]
    return pl.DataFrame(rows, schema=schema)


@given(st.lists(st.integers(0, 3_000), max_size=800), st.sampled_from(["a", "é", "🌾"]))
def test_a_batch_fits_into_a_message_and_begins_at_the_first(lengths, letter):
    frame = samples([letter * n for n in lengths])
    stream, count = protocol.encode_samples(frame)
    back = pl.read_ipc_stream(io.BytesIO(stream))
    assert len(stream) <= protocol.MESSAGE_BYTES
    assert count == back.height
    assert count >= min(1, frame.height)
    assert back["arrival"].to_list() == list(range(1, count + 1))


def test_long_texts_are_cut_and_short_ones_are_not():
    stream, _ = protocol.encode_samples(samples(["x" * 5_000, "short", None]))
    long, short, none = pl.read_ipc_stream(io.BytesIO(stream))["question"]
    assert long == "x" * 1_000 + "…"
    assert (short, none) == ("short", None)


@given(JSON)
def test_plain_is_what_a_browser_can_read(value):
    text = json.dumps(protocol.plain({"row": value}), allow_nan=False)
    assert len(text) <= protocol.MESSAGE_BYTES


def test_plain_cuts_texts_until_they_fit():
    replies = [{"reply": "y" * 2_000_000, "purpose": "answer"} for _ in range(30)]
    cut = protocol.plain(replies)
    assert len(json.dumps(cut)) <= protocol.MESSAGE_BYTES
    assert cut[29]["purpose"] == "answer"
    assert cut[0]["reply"].endswith("(2,000,000 characters in all)")
    with pytest.raises(protocol.ProtocolError, match="too large"):
        protocol.plain(["z" * 200] * 100_000)


def test_secrets_are_hidden_and_long_messages_stay_whole(monkeypatch):
    monkeypatch.setenv("SOME_VENDOR_API_KEY", "canary-5f3a9c")
    text = "the key canary-5f3a9c was refused; " + "; ".join(
        f"line {n} of the seeds is empty" for n in range(40)
    )
    cleaned = without_secrets(text)
    assert "canary" not in cleaned
    assert cleaned.endswith("line 39 of the seeds is empty")
