"""An endpoint with nothing but speed: fixed replies after a fixed delay, in a process of its own.

The server of the other suites spends as much of a core on a call as the client that is measured.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TEXT = (
    "The first box holds 12 rows of 8 pencils, so it holds 12 * 8 = 96 pencils.\n"
    "Half of them are given away, so 96 / 2 = 48 are left.\n"
    "The second box holds 3 more than that: 48 + 3 = 51.\n"
    "Together they hold 48 + 51 = 99 pencils.\n12 * 8 / 2 + 12 * 8 / 2 + 3 = 99\nThe answer is 99."
)
_REPLY = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1,
        "model": "bench-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 110, "total_tokens": 230},
    }
).encode()


def _whole(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Books:
    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.calls = 0
        self.first_call = self.first_reply = 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, books: _Books) -> None:
        self.books = books
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, _, length = head.partition(b"content-length:")
            whole = end + 4 + int(length.split(b"\r\n", 1)[0] or 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            self.answer(head)

    def answer(self, head: bytes) -> None:
        books = self.books
        if head.startswith(b"get /books"):
            self.send(_whole("200 OK", json.dumps(vars(books)).encode()))
        elif not head.startswith(b"post"):
            self.send(_whole("404 Not Found", b"{}"))
        else:
            books.calls += 1
            books.first_call = books.first_call or time.time()
            if books.latency:
                asyncio.get_running_loop().call_later(books.latency, self.reply)
            else:
                self.reply()

    def reply(self) -> None:
        self.books.first_reply = self.books.first_reply or time.time()
        self.send(_whole("200 OK", _REPLY))

    def send(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


async def _serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    books = _Books(latency)
    server = await loop.create_server(lambda: _Connection(books), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def serve(latency: float = 0.0) -> Iterator[str]:
    """Runs one and gives its address; a chat completion is answered `latency` seconds after it came."""
    with subprocess.Popen(
        [sys.executable, __file__, str(latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
