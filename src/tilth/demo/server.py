"""The simulated teacher as an OpenAI-compatible HTTP server on 127.0.0.1: `python -m tilth.demo.server`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from http import HTTPStatus
from typing import Any

from tilth.demo.protocol import Request, Stream, respond
from tilth.teacher.own_process import follow_parent

HOST = "127.0.0.1"
PACE = 0.004
"""Seconds between the pieces of a streamed reply, so that it can be watched."""

_MOST_HEAD = 64 * 1024
_MOST_BODY = 8 * 1024 * 1024


async def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one connection, kept open between requests."""
    try:
        while await _exchange(reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
        pass
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Reads one request and answers it; says whether the connection stays open."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        request, headers = _read_head(head)
        body = await _read_body(reader, writer, headers)
    except asyncio.LimitOverrunError:
        await _send(writer, 431, _plain_error("the request's headers are too long"), close=True)
        return False
    except _BadRequest as error:
        await _send(writer, error.status, _plain_error(str(error)), close=True)
        return False
    keep = headers.get("connection", "").lower() != "close"
    answer = respond(Request(request[0], request[1].partition("?")[0], body))
    if isinstance(answer, Stream):
        await _stream(writer, answer)
    else:
        await _send(writer, *answer, close=not keep)
    return keep


def _read_head(head: bytes) -> tuple[list[str], dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    request = first.split(" ")
    if len(request) != 3 or not request[2].startswith("HTTP/1."):
        raise _BadRequest(400, "this is no HTTP/1.1 request")
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return request, {"connection": "close"} | headers if request[2] == "HTTP/1.0" else headers


class _BadRequest(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _read_body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]
) -> bytes:
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        try:
            return await _read_chunks(reader)
        except ValueError:
            raise _BadRequest(400, "the request's chunks cannot be read") from None
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise _BadRequest(400, f"content-length {length[:40]!r} is no number")
    if len(length) > 12 or int(length) > _MOST_BODY:
        raise _BadRequest(413, f"the request is longer than {_MOST_BODY:,} bytes")
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = int((await reader.readline()).partition(b";")[0].strip(), 16)
        if size < 0 or len(body) + size > _MOST_BODY:
            raise _BadRequest(413, f"the request is longer than {_MOST_BODY:,} bytes")
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


async def _serve(port: int, follow: bool) -> None:
    ended = asyncio.Event()
    if follow:
        loop = asyncio.get_running_loop()

        def end() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(ended.set)

        follow_parent(end)
    server = await asyncio.start_server(_connected, HOST, port, limit=_MOST_HEAD)
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
