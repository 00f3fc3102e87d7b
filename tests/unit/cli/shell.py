"""The command line as a shell runs it, and an endpoint for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-canary-0c44d1"


class Endpoint(ThreadingHTTPServer):
    """An OpenAI-compatible server that answers 4; while it is not `open`, three calls and no more."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.open = threading.Event()
        self.open.set()
        self.served = 0
        self.keys = set()
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _send(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self._send(
            {"object": "list", "data": [{"id": "four", "object": "model", "created": 0, "owned_by": "us"}]}
        )

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.served += 1
            waits = self.server.served > 3
        if waits:
            self.server.open.wait()
        with self.server.lock:
            self.server.keys.add(self.headers.get("Authorization"))
        message = {"role": "assistant", "content": "2 + 2 = 4\n#### 4"}
        self._send(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "four",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
            }
        )

    def log_message(self, *_):
        pass


def command(*arguments):
    return [sys.executable, "-m", "tilth.cli", *map(str, arguments)]


def ended_in(folder, *arguments):
    """A command that was run to its end in a folder."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "OPENAI_API_KEY": KEY, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
