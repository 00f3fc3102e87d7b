"""A key shows nowhere: not in repr, vars, pickles, identity, requests, errors or their tracebacks."""

from __future__ import annotations

import json
import pickle
import traceback
from base64 import b64decode, b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI
from tests.support.growth import WIDE, growth
from tests.support.openai_server import Fault

from tilth.errors import TeacherError
from tilth.teacher import CallError, Teacher
from tilth.teacher.http.redact import public_url, redacted, secret_forms

CANARY = "canary-9f8e7d6c5b4a"


def teachers_at(url, **settings):
    """Teachers that hold secrets wherever one can be held."""
    host = url.removeprefix("http://")
    headers = {"X-Api-Key": f"{CANARY}-header"}
    with_key = Teacher(
        "test-model",
        base_url=f"{url}?code={CANARY}-query",
        api_key=f"{CANARY}-key",
        headers=headers,
        **settings,
    )
    with_login = Teacher("test-model", base_url=f"http://user:{CANARY}@{host}", **settings)
    return with_key, with_login


def teacher_with_client(url, **settings):
    client = AsyncOpenAI(base_url=url, api_key=f"{CANARY}-key")
    return Teacher("test-model", client=client, headers={"X-Api-Key": f"{CANARY}-header"}, **settings)


@pytest.mark.parametrize("teacher", teachers_at("http://127.0.0.1:9/v1"))
def test_a_teacher_shows_no_key(teacher, ask):
    shown = [repr(teacher), str(teacher), repr(vars(teacher)), json.dumps(teacher.identity())]
    shown += [json.dumps(teacher.request(ask("x"))), repr(pickle.dumps(teacher))]
    assert not [text for text in shown if CANARY in text]
    assert repr(teacher) == 'Teacher("test-model" at http://127.0.0.1:9/v1)'


async def test_a_login_in_the_base_url_is_sent_as_basic_authorization(ask, behave):
    server = behave()
    _, teacher = teachers_at(server.base_url)
    async with teacher.open() as endpoint:
        await endpoint.complete(teacher.request(ask("x")), max_tokens=5, sampling_seed=1)
    sent = server.books()["headers"]["authorization"]
    assert b64decode(sent.removeprefix("Basic ")).decode() == f"user:{CANARY}"


def test_an_unpickled_teacher_is_the_same_without_its_secrets(ask):
    for teacher in teachers_at("http://127.0.0.1:9/v1", system="Be brief.", max_tokens=7):
        again = pickle.loads(pickle.dumps(teacher))
        assert repr(again) == repr(teacher)
        assert again.identity() == teacher.identity()
        assert again.max_tokens == 7
        assert again.request(ask("x")) == teacher.request(ask("x"))


@pytest.mark.parametrize("fault", ["400", "401", "429", "500", "reset", "reset-early", "silent"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["key", "login", "client"])
async def test_no_error_leads_to_a_key(fault, which, ask, behave):
    server = behave(faults=(Fault(fault, seconds=600),))
    limit = 1.0 if fault == "silent" else 60.0
    teacher = (
        *teachers_at(server.base_url, timeout=limit),
        teacher_with_client(server.base_url, timeout=limit),
    )[which]
    with pytest.raises(CallError) as caught:
        async with teacher.open() as endpoint:
            await endpoint.complete(teacher.request(ask("x")), max_tokens=5, sampling_seed=1)
    assert_no_canary(caught.value)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["key", "login", "client"])
async def test_no_failed_preflight_leads_to_a_key(which, behave):
    server = behave(key="right")
    teacher = (*teachers_at(server.base_url), teacher_with_client(server.base_url))[which]
    with pytest.raises(TeacherError, match="refused by") as caught:
        async with teacher.open() as endpoint:
            await endpoint.preflight()
    assert_no_canary(caught.value)


def assert_no_canary(error):
    """Neither the error nor any variable of the package's frames below it holds a secret."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame.locals or {} for frame in told.stack if "tilth/teacher" in frame.filename]
    assert frames
    assert not [line for variables in frames for line in variables.values() if CANARY in line]
    assert CANARY not in str(error) + repr(error) + repr(vars(error))
    assert error.__context__ is None
    assert error.__cause__ is None


async def test_a_key_that_an_endpoint_repeats_is_hidden(ask, behave):
    server = behave(key="right")
    teacher, _ = teachers_at(server.base_url)
    async with teacher.open() as endpoint:
        with pytest.raises(TeacherError) as preflight:
            await endpoint.preflight()
        with pytest.raises(CallError) as call:
            await endpoint.complete(teacher.request(ask("x")), max_tokens=5, sampling_seed=1)
    assert "Incorrect API key provided: [hidden]" in str(call.value)
    assert CANARY not in str(preflight.value) + str(call.value)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("key sk-proj-abcDEF123456_789 is wrong", "sk-proj-abcDEF"),
        ("Incorrect API key provided: sk-ab***********wxyz.", "wxyz"),
        ("header Authorization: Bearer abc.def-ghi", "abc.def"),
        ('{"api_key": "0123456789"}', "0123456789"),
        ("GET https://joe:pass@host/v1/models?sig=zzz failed", "joe:pass"),
        ("GET https://joe:pass@host/v1/models?sig=zzz failed", "zzz"),
        ("token=eyJhbGciOi.eyJzdWIiOi.sig-na_ture", "eyJ"),
    ],
)
def test_what_looks_like_a_key_is_hidden(text, hidden):
    assert hidden not in redacted(text)


KEY = "a+Key/c0FFee=="


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        f"Bearer {KEY}",
        f"session={KEY}; theme=dark",
        f"Basic {b64encode(f'joe:{KEY}'.encode()).decode()}",
    ],
    ids=["whole", "bearer", "cookie", "basic"],
)
@pytest.mark.parametrize(
    "repeated",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        b64encode(KEY.encode()).decode(),
        KEY[:5] + "\u200b" + KEY[5:],
        f"joe:{KEY}",
        "z" * 290 + KEY,
    ],
    ids=["as it is", "in capitals", "for a URL", "base64", "with an invisible character", "a login", "cut"],
)
def test_a_secret_is_hidden_in_whatever_form_it_is_repeated(value, repeated):
    told = redacted(f"no such user: {repeated} here", secret_forms([value]))
    assert not [part for part in (KEY[:8], quote(KEY, safe="")[:10]) if part.lower() in told.lower()]
    assert b64encode(KEY.encode()).decode()[:8] not in told


async def test_what_a_client_sends_of_its_own_is_hidden(ask, behave):
    server = behave(key="right")
    client = AsyncOpenAI(
        base_url=server.base_url,
        api_key="wrong",
        default_headers={"Authorization": f"Bearer {CANARY}"},
        default_query={"code": f"{CANARY}-query"},
    )
    teacher = Teacher("test-model", client=client)
    async with teacher.open() as endpoint:
        with pytest.raises(CallError) as call:
            await endpoint.complete(teacher.request(ask("x")), max_tokens=5, sampling_seed=1)
    assert "Incorrect API key provided: [hidden]" in str(call.value)
    assert CANARY not in str(call.value)


@given(st.text(), st.text(alphabet="abcdef0123456789", min_size=12, max_size=60), st.text())
def test_a_known_secret_never_passes_and_a_message_is_one_printable_line(before, secret, after):
    message = redacted(before + secret + after, [secret])
    assert secret not in message
    assert len(message) <= 300
    assert message.isprintable()


@pytest.mark.parametrize(
    "word", ["a", "QUJD", "token", "eyJ-", "\u5b57", "sk-", "://", "a://", "bearer ", "key="]
)
def test_a_long_word_in_an_error_takes_linear_time(word):
    assert growth(lambda text: redacted(text, ["sk-secret-123456"]), word * (20_000 // len(word))) < WIDE


def test_a_url_is_shown_without_user_info_query_and_fragment():
    assert public_url("https://a:b@host:8/v1?x=1#y") == "https://host:8/v1"
