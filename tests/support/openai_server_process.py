"""The process behind `serve`: reads its start from stdin, prints its port, serves until stdin ends."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from typing import Any

from aiohttp import web
from openai_replies import Model

HUGE = 10_000_000
BROKEN_EVENTS = {
    "invalid-json": b'data: {"choices": [,,\n\n',
    "invalid-utf8": b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n',
}


UNBILLED = {
    "html": (b"<html><body>Welcome</body></html>", "text/html"),
    "told-429": (b'{"error": {"code": 429, "message": "upstream busy"}, "choices": []}', "application/json"),
    "arrears": (b'{"code": 1113, "msg": "Account in arrears", "success": false}', "application/json"),
}
"""Answers of 200 that no model has made, whether streamed or whole."""


class Books:
    """What happened, as the server saw it."""

    def __init__(self) -> None:
        self.received = self.billed = self.completed = self.lost = 0
        self.prompt_tokens = self.completion_tokens = 0
        self.in_flight = self.most_in_flight = 0
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.questions: dict[str, Counter[str]] = {}
        self.bodies: deque[Any] = deque(maxlen=20)
        self.headers: dict[str, str] = {}

    def open(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value, deque) else value
            for name, value in vars(self).items()
            if name != "in_flight"
        }


class Bucket:
    """A token bucket."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.at = float(burst), time.monotonic()

    def take(self) -> bool:
        if not self.rate:
            return True
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class App:
    """The server's handlers."""

    def __init__(self, answers: dict[str, list[str]], plan: dict[str, Any]) -> None:
        self.model = Model(answers)
        self.books = Books()
        self.take_plan(plan)

    def take_plan(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.bucket = Bucket(plan["rate"], plan["burst"])

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/books", self.show_books),
            web.post("/plan", self.change_plan),
            web.post("/start-over", self.start_over),
            web.get("/v1/models", self.models),
            web.get("/v1/models/{name:.+}", self.one_model),
            web.post("/v1/chat/completions", self.chat),
        ]

    async def show_books(self, request: web.Request) -> web.Response:
        return web.json_response(self.books.open())

    async def change_plan(self, request: web.Request) -> web.Response:
        self.take_plan(await request.json())
        return web.json_response({})

    async def start_over(self, request: web.Request) -> web.Response:
        self.books = Books()
        return await self.change_plan(request)

    async def models(self, request: web.Request) -> web.Response:
        if not self.allowed(request):
            return error(401, "Incorrect API key provided: " + sent_key(request), code="invalid_api_key")
        if self.plan["models"] is None:
            return error(404, "Not found")
        return web.json_response({"object": "list", "data": [{"id": name} for name in self.plan["models"]]})

    async def one_model(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in (self.plan["models"] or ()):
            return error(404, f"The model '{name}' does not exist", code="model_not_found")
        return web.json_response({"id": name})

    def allowed(self, request: web.Request) -> bool:
        return self.plan["key"] is None or sent_key(request) == self.plan["key"]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        books = self.books
        books.received += 1
        number = books.received
        books.in_flight += 1
        books.most_in_flight = max(books.most_in_flight, books.in_flight)
        try:
            response = await self.answer(request, number, books)
        except ConnectionError:
            books.lost += 1
            return break_off(request)
        else:
            books.statuses[response.status] += 1
            return response
        finally:
            books.in_flight -= 1

    async def answer(self, request: web.Request, number: int, books: Books) -> web.StreamResponse:
        passes = self.bucket.take()
        body = await request.json()
        books.bodies.append(body)
        books.headers = {name.lower(): value for name, value in request.headers.items()}
        question = self.model.question(body["messages"])
        counts = books.questions.setdefault(question, Counter())
        counts["received"] += 1
        if not passes:
            return error(429, "Rate limit reached", headers={"Retry-After": "1"})
        if not self.allowed(request):
            return error(401, "Incorrect API key provided: " + sent_key(request), code="invalid_api_key")
        if self.plan["models"] is not None and body["model"] not in self.plan["models"]:
            return error(404, f"The model '{body['model']}' does not exist", code="model_not_found")
        for name in self.plan["refuses"]:
            if name in body:
                return error(
                    400, f"Unsupported parameter: '{name}' is not supported with this model.", param=name
                )
        fault = self.fault(number, question, counts["received"])
        if fault is not None:
            books.faults[fault["kind"]] += 1
        if fault is None or fault["kind"] not in ("429", "400", "401", "403", "404"):
            await self.wait(number)
        return await self.reply(request, body, books, counts, fault)

    def fault(self, number: int, question: str, received: int) -> dict[str, Any] | None:
        index = self.model.index.get(question, -1)
        for fault in self.plan["faults"]:
            if (
                (not fault["every"] or number % fault["every"] == 0)
                and (not fault["calls"] or number in fault["calls"])
                and number > fault["after"]
                and (fault["questions"] is None or index in fault["questions"])
                and (not fault["first"] or received <= fault["first"])
                and random.Random(f"{fault['draw']}:{number}").random() < fault["probability"]
            ):
                return fault
        return None

    async def wait(self, number: int) -> None:
        latency = self.plan["latency"]
        if isinstance(latency, list):
            latency = random.Random(f"latency:{number}").uniform(*latency)
        if latency:
            await asyncio.sleep(latency)

    async def reply(
        self,
        request: web.Request,
        body: Any,
        books: Books,
        counts: Counter[str],
        fault: dict[str, Any] | None,
    ) -> web.StreamResponse:
        kind = fault["kind"] if fault else ""
        seconds = fault["seconds"] if fault else 0.0
        if kind.isdigit():
            headers = {"Retry-After": f"{seconds:g}"} if kind in ("429", "503") else {}
            return error(int(kind), f"planned failure {kind}", headers=headers)
        if kind == "reset-early":
            return break_off(request)
        if kind == "silent":
            await asyncio.sleep(seconds)
            return break_off(request)
        if kind == "redirect":
            return web.Response(
                status=307, headers={"Location": "http://elsewhere.invalid/v1/chat/completions"}
            )
        if kind in UNBILLED:
            data, content_type = UNBILLED[kind]
            headers = {"Retry-After": f"{seconds:g}"} if kind == "told-429" else {}
            return web.Response(body=data, content_type=content_type, headers=headers)
        completion, usage = self.completion(body, kind)
        books.billed += 1
        counts["billed"] += 1
        books.prompt_tokens += usage["prompt_tokens"]
        books.completion_tokens += usage["completion_tokens"]
        if body.get("stream") and kind not in ("other-api", "billed-400"):
            response = await self.stream(request, completion, usage, body.get("stream_options"), fault)
        else:
            response = await self.whole(request, completion, kind, seconds)
        if closing(request):
            books.lost += 1
            return response
        books.completed += 1
        counts["completed"] += 1
        return response

    def completion(self, body: Any, kind: str) -> tuple[dict[str, Any], dict[str, int]]:
        text: str | None = self.model.reply(body["messages"], body.get("seed"))
        limit = body.get("max_completion_tokens", body.get("max_tokens", 1 << 30))
        finish = "stop"
        if len(text or "") > 4 * limit or kind == "length":
            text, finish = (text or "")[: min(4 * limit, len(text or "") // 2)], "length"
        if kind == "huge":
            text = "x" * HUGE
        usage = {
            "prompt_tokens": sum(len(str(message.get("content"))) for message in body["messages"]) // 4 + 4,
            "completion_tokens": limit * 10
            if kind == "usage-above"
            else min(limit, len(text or "") // 4 + 1),
        }
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if self.plan["reasoning"]:
            message["reasoning_content"] = self.plan["reasoning"]
        if kind in ("null-content", "refusal", "content-filter"):
            message["content"] = None
        if kind == "refusal":
            message["refusal"] = "I cannot help with that."
        if kind == "content-filter":
            finish = "content_filter"
        completion = {
            "id": "chatcmpl-test",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        }
        if kind == "told-502":
            message["content"] = (text or "")[: len(text or "") // 2]
            completion["choices"][0] |= {"error": {"code": 502, "message": "upstream closed"}}  # type: ignore[index]
        if kind == "no-choices":
            completion["choices"] = []
        if kind != "no-usage":
            completion["usage"] = usage
        return completion, usage

    async def whole(
        self, request: web.Request, completion: dict[str, Any], kind: str, seconds: float
    ) -> web.StreamResponse:
        data = json.dumps(completion, ensure_ascii=False).encode()
        if kind == "billed-400":
            told = {"error": {"message": "The prompt was flagged"}, "usage": completion["usage"]}
            return web.json_response(told, status=400)
        if kind == "other-api":
            return web.json_response({"message": completion["choices"][0]["message"], "done": True})
        if kind == "invalid-json":
            data = data[:-2] + b",,"
        if kind == "invalid-utf8":
            data = data.replace(b'"content": "', b'"content": "\xff\xfe', 1)
        if kind not in ("reset", "drip", "endless"):
            return web.Response(body=data, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if kind == "drip":
            step = len(data) // 20 + 1
            for start in range(0, len(data), step):
                await response.write(data[start : start + step])
                await asyncio.sleep(seconds)
            await response.write_eof()
            return response
        begun = data.index(b'"content": "') + 15
        await response.write(data[:begun])
        while kind == "endless" and not closing(request):
            await response.write(b" so on" * 10_000)
        break_off(request)
        return response

    async def stream(
        self,
        request: web.Request,
        completion: dict[str, Any],
        usage: dict[str, int],
        options: dict[str, Any] | None,
        fault: dict[str, Any] | None,
    ) -> web.StreamResponse:
        kind = fault["kind"] if fault else ""
        pause = fault["seconds"] if fault and kind == "drip" else self.plan["stream_pause"]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(choices: list[Any], **more: Any) -> None:
            chunk = {"id": "chatcmpl-test", "model": completion["model"], "choices": choices, **more}
            await response.write(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")

        for choice in completion["choices"]:
            message = choice["message"]
            if "reasoning_content" in message:
                await send([{"index": 0, "delta": {"reasoning_content": message["reasoning_content"]}}])
            if message["refusal"]:
                await send([{"index": 0, "delta": {"refusal": message["refusal"]}}])
            words = (message["content"] or "").split(" ")
            for number, word in enumerate(words):
                if kind == "reset" and number > len(words) // 2:
                    break_off(request)
                    return response
                await send([{"index": 0, "delta": {"content": word if number == 0 else f" {word}"}}])
                if pause:
                    await asyncio.sleep(pause)
            while kind == "endless" and not closing(request):
                await send([{"index": 0, "delta": {"content": " so on" * 1000}}])
            if kind in BROKEN_EVENTS:
                await response.write(BROKEN_EVENTS[kind])
            await send([{**choice, "message": None, "delta": {}}])
        if (options or {}).get("include_usage") and "usage" in completion:
            await send([], usage=usage)
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def sent_key(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def closing(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def break_off(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def error(
    status: int, message: str, *, code: str | None = None, param: str | None = None, headers: Any = None
) -> web.Response:
    told = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return web.json_response({"error": told}, status=status, headers=headers)


async def main() -> None:
    loop = asyncio.get_running_loop()
    start = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    application = web.Application(client_max_size=64_000_000)
    application.add_routes(App(start["answers"], start["plan"]).routes())
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", start["port"], backlog=4096)
    await site.start()
    port = runner.addresses[0][1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
