"""Azure's paths, keys and names, through the transport that a local server cannot stand for."""

from __future__ import annotations

import json

import httpx2
import pytest
from openai import AsyncAzureOpenAI

from tilth.teacher import CallError, Teacher

REPLY = {"choices": [{"message": {"content": "18"}, "finish_reason": "stop"}]}
FILTERED = {"error": {"message": "The response was filtered", "code": "content_filter", "param": "prompt"}}


class Azure:
    """Records what it is sent and answers with one reply."""

    def __init__(self, status, body):
        self.seen = []

        def handle(request):
            self.seen.append(request)
            return httpx2.Response(status, json=body)

        self.client = AsyncAzureOpenAI(
            azure_endpoint="https://school.openai.azure.com",
            api_key="azure-canary-key",
            api_version="2026-01-01",
            http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(handle)),
        )


async def put(azure, ask, **settings):
    teacher = Teacher("deployment-7", client=azure.client)
    async with teacher.open() as endpoint:
        return await endpoint.complete(
            teacher.request(ask("What?")), max_tokens=50, sampling_seed=1, **settings
        )


async def test_calls_go_to_the_deployment_with_its_key_and_version(ask):
    azure = Azure(200, REPLY)
    assert (await put(azure, ask)).text == "18"
    (request,) = azure.seen
    url = "https://school.openai.azure.com/openai/deployments/deployment-7/chat/completions"
    assert str(request.url) == f"{url}?api-version=2026-01-01"
    assert request.headers["api-key"] == "azure-canary-key"
    assert json.loads(request.content)["max_completion_tokens"] == 50


async def test_a_filtered_prompt_is_a_bad_request_of_its_own(ask):
    with pytest.raises(CallError, match="answered 400: The response was filtered") as caught:
        await put(Azure(400, FILTERED), ask)
    assert caught.value.kind == "bad-request"


async def test_a_4xx_with_usage_is_a_query(ask):
    body = FILTERED | {"usage": {"prompt_tokens": 12, "completion_tokens": 0, "total_tokens": 12}}
    completion = await put(Azure(400, body), ask)
    assert (completion.text, completion.finish_reason) == ("", "error")
    assert (completion.prompt_tokens, completion.completion_tokens) == (12, 0)


async def test_deployments_are_not_looked_for_among_models():
    azure = Azure(200, {"data": [{"id": "gpt-4.1"}]})
    async with Teacher("deployment-7", client=azure.client).open() as endpoint:
        await endpoint.preflight()
    assert len(azure.seen) == 1


def test_a_teacher_with_a_client_shows_no_key_and_cannot_be_pickled():
    teacher = Teacher("deployment-7", client=Azure(200, REPLY).client)
    assert "canary" not in repr(teacher) + repr(vars(teacher)) + repr(teacher.identity())
    with pytest.raises(TypeError, match="cannot be pickled"):
        teacher.__getstate__()


def test_azure_models_have_azure_prices():
    price = Teacher("gpt-4.1", client=Azure(200, REPLY).client).price()
    assert price is not None
    assert "azure gpt-4.1" in price.source
