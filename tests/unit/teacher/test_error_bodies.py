"""What an error answer says is found where servers put it, and told as what it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.teacher.http.answers.error_body import read_error
from tilth.teacher.http.answers.failures import of_status


@given(st.binary())
def test_any_body_makes_a_message(body):
    assert len(str(of_status(500, {}, body, where="http://h/v1"))) <= 300


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "no"}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"detail": "no"}', "no"),
        (b'{"object": "error", "message": "no"}', "no"),
        (b'[{"error": {"message": "no"}}]', "no"),
        (b'{"error": {"message": "failed", "metadata": {"raw": "no"}}}', "failed: no"),
        (b'{"code": 1113, "msg": "no"}', "no"),
        (b'{"errors": []}', ""),
        (b"no", "no"),
        (b"<html>no</html>", ""),
        (b"<!DOCTYPE html><title>No &amp; no</title>", "No & no"),
        (b"[1]", "[1]"),
        (b'{"Message": "no", "Code": "AccessDenied"}', "no"),
        (b'{"choices": null, "base_resp": {"status_code": 1008, "status_msg": "no"}}', "no"),
        (b'{"statusMessage": "no"}', "no"),
        (b'{"message": null}', ""),
    ],
)
def test_messages_are_found_where_servers_put_them(body, message):
    assert read_error(body).said == message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
        (400, {"error": {"message": "slow down", "type": "rate_limit_error"}}),
        (403, {"error": {"message": "slow down", "status": "RESOURCE_EXHAUSTED"}}),
    ],
)
def test_a_rate_is_one_whatever_status_it_comes_with(status, body):
    assert of_status(status, {}, json.dumps(body).encode(), where="h").kind == "rate-limited"


@pytest.mark.parametrize(("status", "kind"), [(402, "unauthorized"), (408, "server"), (529, "server")])
def test_rarer_statuses(status, kind):
    assert of_status(status, {}, b"", where="h").kind == kind


OUT_OF_MONEY = [
    {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
    {
        "error": {
            "message": "Your credit balance is too low to access the API.",
            "type": "invalid_request_error",
        }
    },
    {"error": {"message": "Your balance is too low: 0.12 left, 0.40 needed"}},
    {"error": {"message": "Insufficient Balance", "code": "invalid_request_error"}},
    {"error": {"message": "This request needs more credits. You can only afford 2666.", "code": 402}},
    {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
    {"error": {"code": "AccountOverdueError", "message": "The request failed"}},
    {
        "error": {
            "message": "Budget has been exceeded! Current cost: 3, Max budget: 2",
            "type": "budget_exceeded",
        }
    },
    {"code": 1113, "msg": "Account in arrears"},
    {"error": {"message": "Please see the billing details on our website.", "code": "billing_not_active"}},
    {"error": {"message": "Credit limit exceeded, please see settings", "type": "credit_limit"}},
    {"error": {"message": "no quota left", "type": "new_api_error", "code": "insufficient_user_quota"}},
    {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
]


@pytest.mark.parametrize("status", [400, 402, 403, 429])
@pytest.mark.parametrize("body", OUT_OF_MONEY, ids=lambda body: json.dumps(body)[:60])
def test_an_account_out_of_money_is_not_a_matter_of_waiting(body, status):
    error = of_status(status, {}, json.dumps(body).encode(), where="h")
    assert error.kind == "unauthorized"
    assert str(error).endswith("; the account can no longer pay")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (429, "You exceeded your current quota, please check your plan and billing details.", "rate-limited"),
        (429, "Rate limit reached for requests", "rate-limited"),
        (400, "This model's maximum context length is 4096 tokens", "bad-request"),
        (400, "The seed's question asks for the balance of an account", "bad-request"),
    ],
)
def test_what_only_sounds_like_money_is_none(status, message, kind):
    body = json.dumps({"error": {"message": message}}).encode()
    assert of_status(status, {}, body, where="h").kind == kind


@pytest.mark.parametrize(
    "said",
    [
        "Your account is not active, please check your billing details on our website.",
        "You have run out of credits",
        "Please top up your balance",
        "Your account has been suspended",
    ],
)
def test_an_account_that_is_closed_is_told_but_by_a_429(said):
    body = json.dumps({"error": {"message": said}}).encode()
    assert of_status(400, {}, body, where="h").kind == "unauthorized"
    assert of_status(403, {}, body, where="h").kind == "unauthorized"


def test_a_key_that_litellm_does_not_know_is_a_key_refused():
    body = b'{"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}'
    assert of_status(400, {}, body, where="h").kind == "unauthorized"


@pytest.mark.parametrize(
    ("where", "body", "says", "lacks"),
    [
        ("http://h:8000", b"404 page not found", "It usually ends in /v1", "xx"),
        (
            "http://h:8000",
            b"<html><h1>404 Not Found</h1></html>",
            "a web page: 404 Not Found; is base_url",
            "<",
        ),
        ("http://h:8000/v1", b'{"detail": "Not Found"}', "is base_url right?", "usually"),
        (
            "http://h:8000/v1",
            b'{"error": {"message": "The model `m` does not exist"}}',
            "does not exist",
            "base_url",
        ),
    ],
)
def test_a_path_that_is_not_there_is_told_with_what_to_change(where, body, says, lacks):
    message = str(of_status(404, {}, body, where=where))
    assert says in message
    assert lacks not in message


def test_advice_stays_whole_behind_a_long_text():
    message = str(of_status(404, {}, b"x y " * 1000, where="http://h:8000"))
    assert len(message) <= 300
    assert message.endswith("It usually ends in /v1")
