"""A wrong key, a wrong model and a dead host are told at once, plainly, with no query spent."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from openai import AsyncOpenAI
from tests.support.openai_server import serve

from tilth.errors import TeacherError, TilthWarning
from tilth.teacher import CallError, Teacher

MODELS = ("gpt-4.1", "gpt-4.1-mini", "models/gemini-2.0-flash", "llama3:latest")


async def preflight(server, teacher):
    async with teacher.open() as endpoint:
        await endpoint.preflight()
    assert server.books()["received"] == 0


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "gemini-2.0-flash", "llama3"])
async def test_a_listed_model_passes(model, behave, connect):
    server = behave(models=MODELS)
    await preflight(server, connect(server.base_url, model))


async def test_an_endpoint_without_a_list_passes(behave, connect):
    server = behave(models=None)
    await preflight(server, connect(server.base_url, "anything"))


async def test_a_wrong_model_is_told_with_names_that_are_close(behave, connect):
    server = behave(models=MODELS)
    with pytest.raises(
        TeacherError, match=r'has no model "gpt-4.1-minni"; close to it are: gpt-4.1-mini, gpt'
    ):
        await preflight(server, connect(server.base_url, "gpt-4.1-minni"))
    with pytest.raises(TeacherError, match=r"it lists: gpt-4\.1, gpt-4\.1-mini"):
        await preflight(server, connect(server.base_url, "zzzzzzzz"))
    assert server.books()["received"] == 0


async def test_a_name_that_a_server_of_one_model_does_not_list_is_told_and_asked_for(behave, connect):
    server = behave(models=("/models/smol.gguf",))
    told = r'lists no "smollm2", only "/models/smol\.gguf"; it is asked for "smollm2"'
    with pytest.warns(TilthWarning, match=told):
        await preflight(server, connect(server.base_url, "smollm2"))


async def test_a_server_that_still_loads_its_model_passes(connect):
    async def handle(request):
        return web.json_response({"error": {"code": 503, "message": "Loading model"}}, status=503)

    application = web.Application()
    application.add_routes([web.route("*", "/{path:.*}", handle)])
    async with TestServer(application) as server:
        teacher = connect(f"http://127.0.0.1:{server.port}/v1")
        async with teacher.open() as endpoint:
            await endpoint.preflight()
            with pytest.raises(CallError, match="503: Loading model") as caught:
                await endpoint.complete({"messages": []}, max_tokens=5, sampling_seed=1)
    assert (caught.value.kind, caught.value.in_doubt) == ("server", False)


@pytest.mark.parametrize("from_environment", [True, False])
async def test_a_wrong_key_is_told_with_its_origin_and_not_shown(from_environment, monkeypatch, behave):
    server = behave(key="right")
    key = "sk-canary-0123456789abcdef"
    if from_environment:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    teacher = Teacher("test-model", base_url=server.base_url, api_key=None if from_environment else key)
    with pytest.raises(TeacherError) as caught:
        await preflight(server, teacher)
    assert server.books()["received"] == 0
    message = str(caught.value)
    assert "401" in message
    assert server.base_url in message
    assert ("the key from OPENAI_API_KEY was" if from_environment else "the key from api_key was") in message
    assert "canary" not in message


async def test_a_clients_wrong_key_is_told_with_its_origin(behave):
    server = behave(key="right")
    client = AsyncOpenAI(base_url=server.base_url, api_key="sk-canary-0123456789abcdef")
    with pytest.raises(TeacherError, match="the key from client= was refused") as caught:
        await preflight(server, Teacher("test-model", client=client))
    assert "canary" not in str(caught.value)


async def test_a_dead_host_is_told(connect):
    with serve() as server:
        server.kill()
        async with connect(server.base_url).open() as endpoint:
            with pytest.raises(
                TeacherError, match=f"nothing answers at {server.base_url}; is the server running"
            ):
                await endpoint.preflight()
