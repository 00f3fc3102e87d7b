"""The clients that `throughput` compares, each run in a process of its own; prints its figures as JSON.

python -m tests.bench.quick_clients tilth http://127.0.0.1:8000 2000 64
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUESTIONS = 500
MAX_TOKENS = 512


def question(number: int) -> str:
    return (
        f"Pencils come in boxes. The first box holds {number} rows of 8 pencils; half of them are given "
        "away. The second box holds 3 more than what is left. How many pencils are there together?"
    )


def plain(url: str, calls: int, concurrency: int) -> float:
    """AsyncOpenAI with a semaphore."""
    from openai import AsyncOpenAI

    async def main() -> float:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            completions = client.chat.completions  # loads what is imported at first use
            slots = asyncio.Semaphore(concurrency)

            async def call(messages: Any, seed: int) -> str:
                async with slots:
                    reply = await completions.create(
                        model="bench-model",
                        messages=messages,
                        temperature=0.7,
                        max_tokens=MAX_TOKENS,
                        seed=seed,
                    )
                    return reply.choices[0].message.content or ""

            began = time.perf_counter()
            replies = await asyncio.gather(*(call(m, n) for n, m in enumerate(prompts(calls))))
            assert len(replies) == calls
            return time.perf_counter() - began

    return asyncio.run(main())


def bare(url: str, calls: int, concurrency: int) -> float:
    """aiohttp with a semaphore and `json.loads`: the limit."""
    import aiohttp

    async def main() -> float:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            slots = asyncio.Semaphore(concurrency)

            async def call(messages: Any, seed: int) -> str:
                body = {
                    "model": "bench-model",
                    "messages": messages,
                    "temperature": 0.7,
                    "max_tokens": MAX_TOKENS,
                    "seed": seed,
                }
                async with slots, session.post(f"{url}/v1/chat/completions", json=body) as answer:
                    reply = json.loads(await answer.read())
                    return str(reply["choices"][0]["message"]["content"])

            began = time.perf_counter()
            replies = await asyncio.gather(*(call(m, n) for n, m in enumerate(prompts(calls))))
            assert len(replies) == calls
            return time.perf_counter() - began

    return asyncio.run(main())


def grown(url: str, calls: int, concurrency: int) -> float:
    """Tilth: every reply durably journalled, checked and turned into a row, from call to closed file."""
    # Tilth imports these at first use, and imports are measured apart
    import aiohttp  # noqa: F401
    import genai_prices.data  # noqa: F401

    import tilth
    import tilth.tasks.numeric.task

    seeds = tilth.read_seeds([{"question": question(n), "answer": "99"} for n in range(QUESTIONS)])
    teacher = tilth.Teacher(
        "bench-model", base_url=f"{url}/v1", max_tokens=MAX_TOKENS, concurrency=concurrency
    )
    generate = tilth.generate_sync  # loads the engine
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run = generate(
            seeds, "answer-augmentation", calls, teacher=teacher, path=Path(folder) / "bench.tilth"
        )
        seconds = time.perf_counter() - began
    assert run.progress.accepted == calls
    return seconds


def first(url: str, calls: int, concurrency: int) -> float:
    """Tilth: seconds from the endpoint's first reply until its row is read."""
    import urllib.request

    import tilth

    seeds = tilth.read_seeds([{"question": question(n), "answer": "99"} for n in range(QUESTIONS)])
    teacher = tilth.Teacher("bench-model", base_url=f"{url}/v1", concurrency=concurrency)
    with tempfile.TemporaryDirectory() as folder:
        run = tilth.start(seeds, "answer-augmentation", 1, teacher=teacher, path=Path(folder) / "bench.tilth")
        events = run.subscribe()
        while not run.samples().height:
            events.wait(1.0)
            events.drain()
        seen = time.time()
        run.wait()
    with urllib.request.urlopen(f"{url}/books") as books:
        return seen - float(json.load(books)["first_reply"])


def prompts(calls: int) -> list[list[dict[str, str]]]:
    """The messages that Tilth sends, so that all clients send the same."""
    from tilth.tasks import get

    task = get("numeric")
    asked = [[dict(m) for m in task.answer(question(n)).messages] for n in range(QUESTIONS)]
    return [asked[n % QUESTIONS] for n in range(calls)]


CLIENTS: dict[str, Callable[[str, int, int], float]] = {
    "plain": plain,
    "bare": bare,
    "tilth": grown,
    "first": first,
}


def main() -> None:
    name, url, calls, concurrency = sys.argv[1:]
    seconds = CLIENTS[name](url, int(calls), int(concurrency))
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1024 if sys.platform == "linux" else 1024**2  # ru_maxrss: kB on Linux, bytes on macOS
    figures = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / unit}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
