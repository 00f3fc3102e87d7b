"""The simulated teacher as an OpenAI-compatible HTTP server on 127.0.0.1: `python -m tilth.demo.server`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tilth.demo.protocol import Request, Stream, respond

HOST = "127.0.0.1"
PACE = 0.004
"""Seconds between the pieces of a streamed reply, so that it can be watched."""

_MOST_HEAD = 64 * 1024
_MOST_BODY = 8 * 1024 * 1024
_PARENT_CHECK = 1.0


@dataclass(slots=True)
class Server:
    """Answers connections; keeps them open between requests."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, port: int) -> asyncio.Server:
        """Listens on 127.0.0.1; port 0 takes any free one."""
        return await asyncio.start_server(self._connected, HOST, port, limit=_MOST_HEAD)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads one request and answers it; says whether the connection stays open."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await _send(writer, 431, _plain_error("the request's headers are too long"), close=True)
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        parts = first.split(" ")
        if len(parts) != 3:
            await _send(writer, 400, _plain_error("this is no HTTP request"), close=True)
            return False
        try:
            body = await _read_body(reader, writer, headers)
        except _BadBody as error:
            await _send(writer, error.status, _plain_error(str(error)), close=True)
            return False
        keep = parts[2] != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
        answer = respond(Request(parts[0], parts[1].partition("?")[0], body))
        if isinstance(answer, Stream):
            await _stream(writer, answer)
            return keep
        await _send(writer, *answer, close=not keep)
        return keep


class _BadBody(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _read_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]
) -> bytes:
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise _BadBody(400, f"content-length {length[:40]!r} is no number")
    if len(length) > 12 or int(length) > _MOST_BODY:
        raise _BadBody(413, f"the request is longer than {_MOST_BODY:,} bytes")
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        line = (await reader.readline()).partition(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError:
            raise _BadBody(400, "a chunk of the request has no size") from None
        if size < 0 or len(body) + size > _MOST_BODY:
            raise _BadBody(413, f"the request is longer than {_MOST_BODY:,} bytes")
        if size == 0:
            while (await reader.readline()).strip():
                pass
            return bytes(body)
        body += await reader.readexactly(size)
        await reader.readexactly(2)


def _plain_error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


async def _send(writer: asyncio.StreamWriter, status: int, content: Any, *, close: bool) -> None:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: {'close' if close else 'keep-alive'}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter, stream: Stream) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    for event in stream.events:
        data = f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await writer.drain()
        await asyncio.sleep(PACE)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _follow_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """Sets `ended` when the parent closes our standard input, or is gone.

    The pipe tells at once, also after kill -9; the parent's id covers the case that a fork of the parent
    still holds the pipe's other end.
    """
    parent = os.getppid()

    def end() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    def read() -> None:
        while os.read(sys.stdin.fileno(), 64):
            pass
        end()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(_PARENT_CHECK)
        end()

    for work in (read, watch):
        threading.Thread(target=work, daemon=True).start()


async def _serve(port: int, follow: bool) -> None:
    ended = asyncio.Event()
    if follow:
        _follow_parent(asyncio.get_running_loop(), ended)
    server = await Server().start(port)
    address = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/v1"
    announcement = {"base_url": address, "note": "rule-based simulation, no language model"}
    sys.stdout.write(f"{json.dumps(announcement)}\n")
    sys.stdout.flush()
    await ended.wait()


def main(arguments: list[str] | None = None) -> None:
    """Serves until interrupted, or until its parent ends (--follow-parent)."""
    parser = argparse.ArgumentParser(
        prog="python -m tilth.demo.server",
        description="Tilth's rule-based simulation of a teacher, by the OpenAI protocol; no language model.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--follow-parent", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, options.follow_parent))


if __name__ == "__main__":
    main()
    # The thread that reads standard input cannot be interrupted; a normal exit would wait on its lock.
    sys.stdout.flush()
    os._exit(0)
