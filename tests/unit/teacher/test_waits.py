"""How long to wait is read wherever servers say it, in linear time, and bounded."""

from __future__ import annotations

import datetime as dt
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.teacher.http.answers.failures import of_status

MONTH = 31 * 86_400
HOUR = 3600


def told(status=429, headers=None, body=b""):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return of_status(status, headers or {}, data, where="http://h/v1")


def in_an_hour(form):
    at = time.time() + HOUR
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return {
        "seconds": f"{at:.0f}",
        "milliseconds": f"{at * 1000:.0f}",
        "HTTP": formatdate(at, usegmt=True),
        "ISO": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "ISO with offset": moment.isoformat(timespec="microseconds"),
    }[form]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "6m0s"}, 360.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": formatdate(0, usegmt=True)}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1e300"}, MONTH),
        ({"retry-after": "9" * 400}, None),
        ({"x-ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset": "30", "x-ratelimit-remaining": "0"}, 30.0),
        ({"x-ratelimit-reset": "30", "x-ratelimit-remaining": "7"}, None),
        ({"x-ratelimit-reset-after": "1.5"}, 1.5),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"ratelimit": '"default";r=0;t=30'}, 30.0),
        ({"ratelimit": '"burst";r=9;t=5, "daily";r=0;t=7200'}, 7200.0),
        ({"ratelimit": '"default";r=7;t=30'}, None),
        ({"ratelimit": "limit=100, remaining=0, reset=30"}, 30.0),
        ({"ratelimit": '"x";r=0;t=' + "9" * 400}, None),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-requests": "9",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
            },
            360.0,
        ),
        ({"x-ratelimit-reset": "9" * 400}, None),
        ({"x-ratelimit-reset": "99999999999999999"}, MONTH),
        ({}, None),
    ],
)
def test_headers(headers, seconds):
    assert told(headers=headers).retry_after == seconds


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "HTTP", "ISO", "ISO with offset"])
def test_a_moment_in_a_header_is_seconds_from_now(form):
    wait = told(headers={"x-ratelimit-reset": in_an_hour(form), "x-ratelimit-remaining": "0"}).retry_after
    assert wait is not None
    assert HOUR - 60 < wait <= HOUR + 1


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (
            {"error": {"message": "Limit: 3 / min. Please try again in 6s.", "code": "rate_limit_exceeded"}},
            6.0,
        ),
        ({"error": {"message": "tokens per day (TPD): Please try again in 3h12m4.5s."}}, 11_524.5),
        ({"error": "Please retry after 20 seconds."}, 20.0),
        ({"error": "Rate limited, retry-after: 17"}, 17.0),
        ({"error": "Please wait 1 hour and 5 minutes"}, 3900.0),
        ({"error": "try again in 250ms"}, 0.25),
        ({"message": "Out of call volume quota. Quota will be replenished in 01:02:03."}, 3723.0),
        ({"message": "Quota will be replenished in 2.00:00:01"}, 172_801.0),
        ({"message": "try again at 12:30"}, None),
        ({"message": "try again in 12:30"}, None),
        ({"error": "blocked until 20 seconds from now"}, 20.0),
        ({"error": "You have 3 requests left and 20 seconds of audio"}, None),
        ({"error": "Model m is currently loading", "estimated_time": 6.0}, 6.0),
        ({"error": {"message": "x", "retry_after": "7"}}, 7.0),
        ({"error": {"message": "x", "retry_after_ms": 500}}, 0.5),
        ({"error": {"message": "x", "metadata": {"retryAfterSeconds": 4}}}, 4.0),
        ([{"error": {"code": 429, "message": "x", "details": [{"retryDelay": "12s"}]}}], 12.0),
        ({"error": {"details": [{"retryDelay": {"seconds": 12}}]}}, 12.0),
        ({"error": {"details": [{"retryDelay": "9" * 400 + "s"}]}}, None),
        (b"Too many requests, please try again in 5 minutes", 300.0),
    ],
)
def test_bodies(body, seconds):
    assert told(body=body).retry_after == seconds


def test_a_moment_in_a_sentence_and_one_in_a_field():
    sentence = told(body={"error": f"Quota used up; access again at {in_an_hour('ISO')}."})
    assert HOUR - 60 < sentence.retry_after <= HOUR + 1
    limits = {"X-RateLimit-Limit": "50", "X-RateLimit-Reset": in_an_hour("milliseconds")}
    field = told(body={"error": {"message": "free-models-per-day", "metadata": {"headers": limits}}})
    assert HOUR - 60 < field.retry_after <= HOUR + 1


def test_a_header_wins_over_a_body_and_a_body_over_a_reset():
    body = {"error": "try again in 6s"}
    assert told(headers={"retry-after": "2"}, body=body).retry_after == 2
    assert told(headers={"x-ratelimit-reset": "60"}, body=body).retry_after == 6
    assert told(headers={"retry-after": "0"}, body=body).retry_after == 6, "no wait says less than one"
    assert told(headers={"retry-after": "0"}).retry_after == 0


@pytest.mark.parametrize(
    "said", ["Rate limit exceeded: free-models-per-day", "requests per day (RPD): Limit 50"]
)
def test_a_cap_per_day_without_an_end_ends_with_the_day_and_the_end_is_told(said):
    error = told(body={"error": {"message": said}})
    assert HOUR <= error.retry_after <= 86_400
    assert "UTC" in str(error)


def test_a_long_wait_is_told_with_its_end():
    error = told(body={"error": {"message": "try again in 3h12m" + " and more" * 100}})
    end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=11_520)
    assert end.strftime("%Y-%m-%d") in str(error)
    assert len(str(error)) <= 300


def test_what_is_no_matter_of_waiting_has_no_wait_but_by_its_header():
    assert told(400, body={"error": "try again in 6s"}).retry_after is None
    assert told(503, body={"error": "loading, try again in 6s"}).retry_after == 6


@given(st.text(), st.text())
def test_nothing_raises(header, body):
    error = told(headers={"retry-after": header, "x-ratelimit-reset": header}, body={"error": body})
    assert error.retry_after is None or 0 <= error.retry_after <= MONTH


@pytest.mark.parametrize("word", ["9", "again ", "try again in 1", "1s", "retry-after ", "2026-01-01T", "a"])
def test_long_texts_take_linear_time(word):
    def read(text):
        told(
            headers={"retry-after": text, "x-ratelimit-reset": text},
            body={"error": text, "retry_after": text},
        )

    assert growth(read, word * (1_000_000 // len(word))) < WIDE
