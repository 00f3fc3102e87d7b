"""What goes over the wire, the same by the direct way and by the openai package."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import ssl
import subprocess
import sys
import tracemalloc
from base64 import b64decode
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from tests.support.openai_server import Fault

from tilth.errors import TeacherError
from tilth.teacher import CallError, Teacher
from tilth.teacher.http import redirects

REPLY = {"choices": [{"message": {"content": "18"}, "finish_reason": "stop"}]}


@asynccontextmanager
async def served(handle, *, tls=None):
    """An endpoint in this loop; gives its base URL."""
    application = web.Application()
    application.add_routes([web.route("*", "/{path:.*}", handle)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def no_proxies(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def put(teacher, ask):
    async with teacher.open() as endpoint:
        return await endpoint.complete(teacher.request(ask("What?")), max_tokens=50, sampling_seed=1)


async def test_organization_and_project_come_from_the_environment(ask, behave, connect, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-7")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-7b")
    server = behave()
    await put(connect(server.base_url), ask)
    headers = server.books()["headers"]
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-7", "proj-7b")


async def test_what_the_environment_does_not_name_is_not_sent(ask, behave, connect):
    server = behave()
    await put(connect(server.base_url), ask)
    assert not {"openai-organization", "openai-project"} & set(server.books()["headers"])


async def test_headers_of_the_user_win_in_any_case(ask, behave, connect):
    server = behave()
    await put(connect(server.base_url, headers={"authorization": "Key 7b", "USER-AGENT": "class"}), ask)
    headers = server.books()["headers"]
    assert (headers["authorization"], headers["user-agent"]) == ("Key 7b", "class")


async def test_a_body_is_compact_utf_8_json(ask, connect):
    seen = []

    async def handle(request):
        seen.append((request.content_type, await request.read()))
        return web.json_response(REPLY)

    async with served(handle) as url:
        await put(connect(url, system="Größe, 数"), ask)
    [(content_type, body)] = seen
    assert content_type == "application/json"
    assert body == json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()


async def test_a_host_that_the_environment_exempts_is_called_without_its_proxy(
    ask, behave, connect, monkeypatch
):
    server = behave()
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert (await put(connect(server.base_url), ask)).finish_reason == "stop"


async def test_a_proxy_for_all_is_used(ask, behave, connect, monkeypatch):
    server = behave()
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", server.url)
    assert (await put(connect("http://model.invalid/v1"), ask)).finish_reason == "stop"


async def test_a_proxys_login_goes_to_the_proxy(ask, behave, connect, monkeypatch):
    server = behave()
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://user:p%40ss@"))
    await put(connect("http://model.invalid/v1"), ask)
    headers = server.books()["headers"]
    sent = headers["proxy-authorization"].removeprefix("Basic ")
    assert b64decode(sent).decode() == "user:p@ss"
    assert headers["authorization"] == "Bearer none"


async def test_a_dead_proxy_is_told_and_nothing_is_in_doubt(ask, behave, connect, monkeypatch):
    no_proxies(monkeypatch)
    monkeypatch.setenv("HTTP_PROXY", "http://user:canary-pass@127.0.0.1:9")
    with pytest.raises(
        CallError, match=r"through the proxy in HTTP_PROXY \(http://127\.0\.0\.1:9\)"
    ) as caught:
        await put(connect("http://model.invalid/v1"), ask)
    assert (caught.value.kind, caught.value.in_doubt) == ("connection", False)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks://127.0.0.1:9", "socks5h://127.0.0.1:9"])
async def test_this_machine_is_called_without_any_proxy(name, proxy, ask, behave, connect, monkeypatch):
    no_proxies(monkeypatch)
    teacher = connect(behave().base_url)  # the openai package refuses to make a client beside some of these
    monkeypatch.setenv(name, proxy)
    assert (await put(teacher, ask)).finish_reason == "stop"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
async def test_a_proxy_that_cannot_be_used_is_named_with_what_to_do(name, ask, monkeypatch):
    no_proxies(monkeypatch)
    monkeypatch.setenv(name, "socks5://user:canary-pass@127.0.0.1:9")
    told = rf"the proxy in {name} .* unset {name}, add model\.invalid to NO_PROXY"
    with pytest.raises(TeacherError, match=told) as caught:
        await put(Teacher("test-model", base_url="https://model.invalid/v1"), ask)
    assert "canary" not in str(caught.value)


async def test_a_proxys_refusal_names_it(ask, behave, connect, monkeypatch):
    no_proxies(monkeypatch)
    monkeypatch.setenv("HTTP_PROXY", behave(faults=(Fault("503"),)).url)
    with pytest.raises(CallError, match="through the proxy in HTTP_PROXY"):
        await put(connect("http://model.invalid/v1"), ask)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("own_client", [False, True])
async def test_no_redirect_takes_key_headers_or_prompt_to_another_host(status, own_client, ask, connect):
    taken, paths = [], []

    async def steal(request):
        taken.append(request)
        return web.json_response(REPLY)

    async with served(steal) as elsewhere:
        place = elsewhere.replace("127.0.0.1", "localhost")

        async def handle(request):
            paths.append(request.path)
            return web.Response(status=status, headers={"Location": f"{place}/chat/completions?key=canary-1"})

        async with served(handle) as url:
            settings = {"headers": {"api-key": "canary-2", "X-Api-Key": "canary-3"}}
            if own_client:
                http = DefaultAsyncHttpxClient()
                client = AsyncOpenAI(base_url=url, api_key="canary-4", http_client=http)
                teacher = Teacher("test-model", client=client, **settings)
            else:
                teacher = connect(url, api_key="canary-4", **settings)
            with pytest.raises(CallError) as caught:
                await put(teacher, ask)
            async with teacher.open() as endpoint:
                with pytest.raises(TeacherError, match="a redirect to") as found:
                    await endpoint.preflight()
    assert taken == []
    assert paths == ["/v1/chat/completions", "/v1/models"]
    assert caught.value.kind == "not-found"
    assert f"answered {status}: a redirect to {place}/chat/completions;" in str(caught.value)
    assert f"pass base_url={place}" in str(caught.value)
    assert "canary" not in str(caught.value) + str(found.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_within_its_host_a_post_is_followed_and_stays_one(status, ask, connect):
    seen = []

    async def handle(request):
        seen.append((request.method, request.path, request.headers.get("X-Api-Key"), await request.read()))
        if request.path.endswith("/"):
            return web.json_response(REPLY)
        return web.Response(status=status, headers={"Location": request.path + "/"})

    async with served(handle) as url:
        assert (await put(connect(url, headers={"X-Api-Key": "k"}), ask)).text == "18"
    first, second = seen
    assert second == ("POST", first[1] + "/", "k", first[3])


async def test_a_redirect_without_end_is_told(ask, connect):
    calls = []

    async def handle(request):
        calls.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with served(handle) as url:
        with pytest.raises(CallError, match=r"a redirect to .*/elsewhere, which does not end"):
            await put(connect(url), ask)
    assert len(calls) <= 5


@pytest.mark.parametrize("location", ["", "x:y", "http://h:99999999/", "//", "http://[", "\t", "a" * 9000])
def test_a_location_that_makes_no_sense_is_followed_nowhere(location):
    at = "http://127.0.0.1:8000/v1/chat/completions"
    place = redirects.followed(at, 307, location)
    assert place is None or place.startswith("http://127.0.0.1:8000/")
    assert all(isinstance(words, str) for words in redirects.told(at, 307, location))


@pytest.mark.parametrize(
    ("at", "to", "follows"),
    [
        ("http://h/v1", "https://h/v1", True),
        ("https://h/v1", "http://h/v1", False),
        ("http://h:8000/v1", "https://h:8443/v1", False),
        ("http://h/v1", "http://sub.h/v1", False),
        ("http://h/v1", "http://user@h/v1", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(at, to, follows):
    assert (redirects.followed(at, 308, to) is not None) == follows


async def test_an_error_is_read_no_further_than_a_reply(ask, connect):
    """The package behind client= would unpack all of it."""
    bomb = gzip.compress(bytes(100_000_000), 9)

    async def handle(request):
        return web.Response(status=500, body=bomb, headers={"Content-Encoding": "gzip"})

    async with served(handle) as url:
        connected = connect(url)
        tracemalloc.start()
        try:
            with pytest.raises(CallError, match="answered 500"):
                await put(connected, ask)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 60_000_000


async def test_a_compressed_reply_is_read(ask, connect):
    async def handle(request):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=gzip.compress(json.dumps(REPLY).encode()), headers=headers)

    async with served(handle) as url:
        assert (await put(connect(url), ask)).text == "18"


async def test_a_moved_endpoint_is_followed_with_its_body(ask, connect):
    bodies = []

    async def handle(request):
        if request.path.startswith("/v1"):
            raise web.HTTPPermanentRedirect("/v2" + request.path.removeprefix("/v1"))
        bodies.append(await request.json())
        return web.json_response(REPLY)

    async with served(handle) as url:
        assert (await put(connect(url), ask)).text == "18"
    assert bodies[0]["model"] == "test-model"


async def test_connections_are_used_again(ask, connect):
    peers = set()

    async def handle(request):
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response(REPLY)

    async with served(handle) as url, (teacher := connect(url)).open() as endpoint:
        for seed in range(5):
            await endpoint.complete(teacher.request(ask("What?")), max_tokens=50, sampling_seed=seed)
    assert len(peers) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that no authority signed, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1"
        " -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


async def test_certificates_are_checked_against_the_environments(ask, connect, certificate, monkeypatch):
    async def handle(request):
        return web.json_response(REPLY)

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with served(handle, tls=tls) as url:
        with pytest.raises(
            CallError, match="not trusted: self-signed certificate; set SSL_CERT_FILE"
        ) as caught:
            await put(connect(url), ask)
        assert (caught.value.kind, caught.value.in_doubt) == ("connection", False)
        with pytest.raises(TeacherError, match="is it https:// instead of http://"):
            async with connect(url.replace("https://", "http://")).open() as endpoint:
                await endpoint.preflight()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert (await put(connect(url), ask)).text == "18"


async def test_https_to_a_server_without_it_is_told(ask, behave, connect):
    with pytest.raises(CallError, match="answers, but not in TLS; is it http:// instead") as caught:
        await put(connect(behave().base_url.replace("http://", "https://")), ask)
    assert (caught.value.kind, caught.value.in_doubt) == ("connection", False)


async def test_https_to_a_server_that_keeps_silent_is_told(connect, monkeypatch):
    monkeypatch.setattr("tilth.teacher.http.preflight.PATIENCE", 0.5)
    opened = []

    def keep(reader, writer):
        opened.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, connect(f"https://127.0.0.1:{port}/v1").open() as endpoint:
        with pytest.raises(TeacherError, match="is it http:// instead of https://"):
            await endpoint.preflight()
        for writer in opened:
            writer.close()


def test_the_direct_way_does_without_the_openai_package(behave):
    """Importing it takes longer than a first call should."""
    program = (
        "import asyncio, sys; from tilth.teacher import Teacher\n"
        "async def main():\n"
        "    async with Teacher('test-model', base_url=sys.argv[1]).open() as endpoint:\n"
        "        await endpoint.preflight()\n"
        "        request = {'model': 'test-model', 'messages': [{'role': 'user', 'content': 'x'}]}\n"
        "        print((await endpoint.complete(request, max_tokens=5, sampling_seed=1)).finish_reason)\n"
        "asyncio.run(main()); print('openai' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, behave().base_url], capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "False"


async def test_azure_by_its_address_goes_by_the_openai_package(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    async with Teacher("m", base_url="https://school.openai.azure.com/openai/v1").open() as endpoint:
        assert type(endpoint).__name__ == "SdkEndpoint"
