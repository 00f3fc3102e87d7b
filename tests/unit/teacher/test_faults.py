"""Every way an endpoint can misbehave: what counts, what is in doubt, and what is told."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.openai_server import Fault, serve

from tilth.teacher import CallError

ANSWERS = {"What?": "It is nine and nine.\n#### 18"}
WHOLE = ANSWERS["What?"]

# By fault: kind, status, seconds to wait, whether in doubt.
NO_REPLY = {
    "429": ("rate-limited", 429, 0.25, False),
    "500": ("server", 500, None, False),
    "503": ("server", 503, 0.25, False),
    "400": ("bad-request", 400, None, False),
    "401": ("unauthorized", 401, None, False),
    "403": ("unauthorized", 403, None, False),
    "404": ("not-found", 404, None, False),
    "reset-early": ("reset", None, None, True),
    "reset": ("reset", None, None, True),
    "html": ("no-completion", 200, None, False),
    "invalid-json": ("reset", 200, None, True),
    "invalid-utf8": ("reset", 200, None, True),
    "told-429": ("rate-limited", 200, 0.25, False),
    "told-502": ("server", 200, None, True),
    "other-api": ("no-completion", 200, None, True),
    "arrears": ("unauthorized", 200, None, False),
}
# By fault: text, finish reason, refusal, whether usage is told.
BAD_REPLY = {
    "no-choices": ("", "malformed", None, True),
    "null-content": ("", "stop", None, True),
    "refusal": ("", "stop", "I cannot help with that.", True),
    "content-filter": ("", "content_filter", None, True),
    "length": (WHOLE[: len(WHOLE) // 2], "length", None, True),
    "no-usage": (WHOLE, "stop", None, False),
    "usage-above": (WHOLE, "stop", None, True),
}


async def put(teacher, ask, *, stream, question="What?", max_tokens=50):
    shown = [] if stream else None
    async with teacher.open() as endpoint:
        return await endpoint.complete(
            teacher.request(ask(question)),
            max_tokens=max_tokens,
            sampling_seed=1,
            on_text=shown.append if shown is not None else None,
        )


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", NO_REPLY)
async def test_no_reply_is_a_call_error_that_says_what_happened(fault, stream, ask, behave, connect):
    kind, status, retry_after, in_doubt = NO_REPLY[fault]
    server = behave(faults=(Fault(fault, seconds=0.25),))
    with pytest.raises(CallError) as caught:
        await put(connect(server.base_url), ask, stream=stream)
    books = server.books()
    error = caught.value
    assert (error.kind, error.status, error.retry_after, error.in_doubt) == (
        kind,
        status,
        retry_after,
        in_doubt,
    )
    assert server.base_url in str(error)
    assert error.__context__ is None
    assert books["received"] == 1, "one attempt, and no hidden retry"
    assert books["completed"] == (status == 200 and in_doubt), "what was handed over may be billed"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", BAD_REPLY)
async def test_a_reply_of_200_is_a_completion_however_bad(fault, stream, ask, behave, connect):
    text, finish_reason, refusal, told = BAD_REPLY[fault]
    server = behave(faults=(Fault(fault),))
    completion = await put(connect(server.base_url), ask, stream=stream)
    books = server.books()
    assert (completion.text, completion.finish_reason, completion.refusal) == (text, finish_reason, refusal)
    assert books["received"] == books["completed"] == 1
    if told:
        assert completion.prompt_tokens == books["prompt_tokens"]
        assert completion.completion_tokens == books["completion_tokens"]
    if fault == "usage-above":
        assert completion.completion_tokens == 500
    if fault == "no-usage":
        assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", ["huge", "endless"])
async def test_a_reply_beyond_8_mb_is_cut_and_not_read_on(fault, stream, ask, behave, connect):
    server = behave(faults=(Fault(fault),))
    teacher = connect(server.base_url, timeout=30)
    completion = await put(teacher, ask, stream=stream)
    assert completion.finish_reason == "too-large"
    assert 7_900_000 < len(completion.text.encode()) <= 8_000_000


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "fault", [Fault("silent", seconds=600), Fault("drip", seconds=0.5)], ids=lambda f: f.kind
)
async def test_the_timeout_holds_for_the_whole_call_and_leaves_it_in_doubt(
    fault, stream, ask, behave, connect
):
    server = behave(faults=(fault,))
    teacher = connect(server.base_url, timeout=1.0)
    with pytest.raises(CallError, match="in time") as caught:
        await put(teacher, ask, stream=stream)
    assert (caught.value.kind, caught.value.in_doubt) == ("timeout", True)


async def test_a_slow_drip_within_the_timeout_is_read_whole(ask, behave, connect):
    server = behave(faults=(Fault("drip", seconds=0.01),))
    completion = await put(connect(server.base_url), ask, stream=False)
    assert completion.text == WHOLE


async def test_no_server_and_no_such_host_are_told_apart_and_never_in_doubt(ask, connect):
    with serve(ANSWERS) as server:
        server.kill()
    with pytest.raises(CallError, match=f"^nothing answers at {server.base_url}$") as caught:
        await put(connect(server.base_url), ask, stream=False)
    assert (caught.value.kind, caught.value.in_doubt) == ("connection", False)
    with pytest.raises(CallError, match="host's name is unknown") as caught:
        await put(connect("http://nowhere.invalid/v1"), ask, stream=False)
    assert (caught.value.kind, caught.value.in_doubt) == ("connection", False)


async def test_a_connection_that_the_server_dropped_while_idle_is_replaced(ask, behave, connect):
    server = behave(faults=(Fault("reset-early", calls=(2,)),))
    teacher = connect(server.base_url)
    async with teacher.open() as endpoint:

        async def call():
            return await endpoint.complete(teacher.request(ask("What?")), max_tokens=50, sampling_seed=1)

        assert (await call()).text == WHOLE
        with pytest.raises(CallError):
            await call()
        assert (await call()).text == WHOLE


async def test_a_cancelled_call_frees_its_connection_and_raises_nothing_else(ask, behave, connect):
    server = behave(latency=30.0)
    teacher = connect(server.base_url)
    task = asyncio.create_task(put(teacher, ask, stream=False))
    while not server.books()["received"]:  # noqa: ASYNC110 - the event is in another process
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
