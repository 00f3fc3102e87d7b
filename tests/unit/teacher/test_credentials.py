"""Keys, headers and addresses as they are pasted: what came along is taken off, or told unseen."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.errors import TeacherError
from tilth.teacher import Teacher
from tilth.teacher.http.credentials import clean_key

KEY = "sk-canary-0123456789abcdef"
AROUND = [
    ("", "\r\n"),
    ("", "\n"),
    ("\ufeff", ""),
    (" ", "\t"),
    ('"', '"'),
    ("'", "'\n"),
    ("\u201c", "\u201d"),
    ("Bearer ", ""),
    ("bearer: ", ""),
    ('"Bearer ', '"\r\n'),
    ("", "\u200b"),
    ("\u2060\u00a0", "\x00\u200e"),
]


async def sent(teacher, server):
    async with teacher.open() as endpoint:
        request = {"model": "test-model", "messages": [{"role": "user", "content": "What?"}]}
        await endpoint.complete(request, max_tokens=5, sampling_seed=1)
    return server.books()["headers"]


@pytest.mark.parametrize(("before", "after"), AROUND)
async def test_what_stands_around_a_key_is_taken_off(before, after, behave, connect):
    server = behave(key=KEY)
    headers = await sent(connect(server.base_url, api_key=before + KEY + after), server)
    assert headers["authorization"] == f"Bearer {KEY}"


async def test_a_key_of_the_environment_is_cleaned_too(behave, monkeypatch):
    server = behave(key=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\r")  # as a .env file of Windows gives it
    assert (await sent(Teacher("test-model", base_url=server.base_url), server))["authorization"].endswith(
        KEY
    )


@pytest.mark.parametrize(
    ("within", "called"),
    [
        (" ", "a blank"),
        ("\n", "a line break"),
        ("\u200b", "an invisible character"),
        ("\u00e9", "a character that no key has"),
        ("\x07", "an invisible character"),
    ],
)
@pytest.mark.parametrize("source", ["api_key", "OPENAI_API_KEY"])
async def test_what_stands_within_a_key_is_told_and_the_key_is_not(within, called, source, monkeypatch):
    key = f"sk-canary{within}0123456789"
    if source == "OPENAI_API_KEY":
        monkeypatch.setenv(source, key)
    teacher = Teacher("m", base_url="http://127.0.0.1:9/v1", api_key=key if source == "api_key" else None)
    with pytest.raises(TeacherError, match=f"the key from {source} holds {called} within") as caught:
        async with teacher.open():
            pass
    assert "canary" not in str(caught.value)


@given(st.text())
def test_a_key_is_clean_or_refused(text):
    with suppress(TeacherError):
        clean, _ = clean_key(text, "api_key")
        assert clean_key(clean, "api_key") == (clean, "api_key")
        assert all("!" <= character <= "~" for character in clean)


async def test_headers_lose_their_line_ends_and_are_refused_with_one_within(behave):
    server = behave()
    teacher = Teacher("test-model", base_url=server.base_url, headers={"X-Api-Key": f" {KEY}\r\n"})
    assert (await sent(teacher, server))["x-api-key"] == KEY
    with pytest.raises(TeacherError, match='the header "X-Api-Key" of headers= holds a line break') as caught:
        async with Teacher("m", base_url=server.base_url, headers={"X-Api-Key": f"{KEY}\nX: 1"}).open():
            pass
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        (f"{KEY}\r\n", r"api_key \(without a line break around it\) was refused"),
        (f'"Bearer {KEY}" ', r'api_key \(without quotes and a blank and "Bearer" around it\) was refused'),
        (KEY, "api_key was refused"),
    ],
)
async def test_a_key_that_is_refused_all_the_same_is_told_with_what_was_taken_off(
    pasted, told, behave, connect
):
    server = behave(key="right")
    async with Teacher("test-model", base_url=server.base_url, api_key=pasted).open() as endpoint:
        with pytest.raises(TeacherError, match=told):
            await endpoint.preflight()


@pytest.mark.parametrize("address", [" {}\n", "\ufeff{}", "{}/"])
@pytest.mark.parametrize("from_environment", [True, False])
async def test_an_address_is_taken_as_it_is_pasted(address, from_environment, behave, monkeypatch):
    server = behave()
    address = address.format(server.base_url)
    if from_environment:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
    teacher = Teacher("test-model", base_url=None if from_environment else address)
    await sent(teacher, server)
    assert server.base_url in repr(teacher)


@pytest.mark.parametrize("end", ["/chat/completions", "/chat/completions/", "/chat/completions?key=canary"])
async def test_the_whole_path_of_a_call_is_told_before_any(end, monkeypatch):
    address = f"http://127.0.0.1:9/v1{end}"
    with pytest.raises(ValueError, match=r"leave out /chat/completions: http://127\.0\.0\.1:9/v1$"):
        Teacher("m", base_url=address)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(TeacherError, match=r"OPENAI_BASE_URL ends in .*: leave out /chat/completions: http"):
        async with Teacher("m").open():
            pass
