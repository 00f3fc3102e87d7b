"""The process behind `serve_tuning`: reads its plan from stdin, prints its port, serves until stdin ends."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections import Counter
from typing import Any

from aiohttp import web

BASE = "base-model"


class App:
    """Files, jobs, and chat completions of the models that came of them; misbehaves to plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.start_over(plan)

    def start_over(self, plan: dict[str, Any]) -> None:
        self.plan: dict[str, Any] = plan
        self.steps: Counter[str] = Counter()
        self.files: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.jobs: list[dict[str, Any]] = []
        self.looks: Counter[str] = Counter()
        self.chats: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/books", self.books),
            web.post("/plan", self.replan),
            web.post("/start-over", self.forget),
            web.get("/v1/models", self.models),
            web.get("/v1/models/{name:.+}", self.model),
            web.post("/v1/files", self.step("upload", self.upload)),
            web.get("/v1/files", self.step("files", self.list_files)),
            web.post("/v1/fine_tuning/jobs", self.step("create", self.create)),
            web.get("/v1/fine_tuning/jobs", self.step("jobs", self.list_jobs)),
            web.get("/v1/fine_tuning/jobs/{id}", self.step("job", self.job)),
            web.get("/v1/fine_tuning/jobs/{id}/events", self.step("events", self.events)),
            web.post("/v1/fine_tuning/jobs/{id}/cancel", self.step("cancel", self.cancel)),
            web.post("/v1/chat/completions", self.step("chat", self.chat)),
        ]

    async def books(self, request: web.Request) -> web.Response:
        told = {"steps": self.steps, "files": self.files, "texts": self.texts, "jobs": self.jobs}
        return web.json_response({**told, "chats": self.chats, "bodies": self.bodies})

    async def replan(self, request: web.Request) -> web.Response:
        self.plan = await request.json()
        return web.json_response({})

    async def forget(self, request: web.Request) -> web.Response:
        self.start_over(await request.json())
        return web.json_response({})

    def step(self, name: str, handler: Any) -> Any:
        """A handler that does what the plan says of its next call: faults of a step are used one by one."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.steps[name] += 1
            if self.plan["key"] and request.headers.get("Authorization") != f"Bearer {self.plan['key']}":
                return self.error(401, f"Incorrect key: {request.headers.get('Authorization')}")
            faults = self.plan["faults"].get(name, [])
            fault = faults.pop(0) if faults else "none"
            if fault.isdigit():
                return self.error(int(fault), f"planned {fault}")
            if fault == "reset":
                return self.broken(request)
            answer: web.Response = await handler(request)
            if fault == "slow":
                await asyncio.sleep(600)
            if fault == "lost":
                return self.broken(request)
            if fault == "html":
                return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
            if fault == "malformed":
                return web.json_response({"id": ["no"], "data": "none", "status": 7})
            return answer

        return handle

    @staticmethod
    def error(status: int, said: str) -> web.Response:
        headers = {"Retry-After": "0.01"} if status in (429, 503) else {}
        return web.json_response({"error": {"message": said}}, status=status, headers=headers)

    @staticmethod
    def broken(request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": BASE}, {"id": "another"}]})

    async def model(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.json_response({"id": name}) if self.has(name) else self.error(404, f"no model {name}")

    def has(self, name: str) -> bool:
        return name == BASE or any(job["fine_tuned_model"] == name for job in self.jobs)

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        sent = form["file"]
        assert isinstance(sent, web.FileField)
        assert form["purpose"] == "fine-tune"
        self.texts.append(sent.file.read().decode())
        file = {"id": f"file-{len(self.files)}", "object": "file", "filename": sent.filename}
        self.files.append({**file, "purpose": "fine-tune"})
        return web.json_response(self.files[-1])

    async def list_files(self, request: web.Request) -> web.Response:
        return self.page(request, self.files)

    def page(self, request: web.Request, found: list[dict[str, Any]]) -> web.Response:
        """Two at a time, the newest first, so that whoever lists must turn pages."""
        newest = found[::-1]
        after = request.query.get("after")
        ids = [one["id"] for one in newest]
        start = ids.index(after) + 1 if after in ids else 0
        return web.json_response({"data": newest[start : start + 2], "has_more": start + 2 < len(newest)})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.jobs.append(
            {
                "id": f"ftjob-{len(self.jobs)}",
                "object": "fine_tuning.job",
                "status": "validating_files",
                "model": body["model"],
                "training_file": body["training_file"],
                "fine_tuned_model": None,
                "trained_tokens": None,
                "error": None,
                **({"metadata": body.get("metadata")} if self.plan["metadata"] else {}),
            }
        )
        return web.json_response(self.jobs[-1])

    async def list_jobs(self, request: web.Request) -> web.Response:
        if self.plan["hidden"] > 0:  # a list that lags behind
            self.plan["hidden"] -= 1
            return web.json_response({"data": [], "has_more": False})
        return self.page(request, self.jobs)

    async def job(self, request: web.Request) -> web.Response:
        found = self.found(request)
        course = self.plan["course"]
        looks = self.looks[found["id"]]
        self.looks[found["id"]] += 1
        if found["status"] not in ("succeeded", "failed", "cancelled"):
            found["status"] = course[min(looks, len(course) - 1)]
        if found["status"] == "succeeded":
            number = found["id"].rpartition("-")[2]
            found["fine_tuned_model"] = self.plan["model"] or f"ft:{found['model']}:acme:tilth:{number}"
            found["trained_tokens"] = self.plan["tokens"]
        if found["status"] == "failed":
            found["error"] = {"code": "invalid", "message": self.plan["reason"]}
        return web.json_response(found)

    def found(self, request: web.Request) -> dict[str, Any]:
        return next(job for job in self.jobs if job["id"] == request.match_info["id"])

    async def events(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": self.plan["events"], "has_more": False})

    async def cancel(self, request: web.Request) -> web.Response:
        found = self.found(request)
        found["status"] = "cancelled"
        return web.json_response(found)

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not self.has(body["model"]):
            return self.error(404, f"The model '{body['model']}' does not exist")
        self.chats[body["model"]] += 1
        asked = json.dumps([body["model"], body["messages"]]).encode()
        answer = int(hashlib.sha256(asked).hexdigest()[:8], 16) % 4
        message = {"role": "assistant", "content": f"The answer is {answer}."}
        usage = {"prompt_tokens": len(asked) // 8, "completion_tokens": 6}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"model": body["model"], "choices": [choice], "usage": usage})


async def main() -> None:
    app = App(json.loads(sys.stdin.readline()))
    served = web.Application(client_max_size=1 << 26)
    served.add_routes(app.routes())
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[attr-defined] # noqa: T201
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
