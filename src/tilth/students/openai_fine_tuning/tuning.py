"""One fine-tuning job from its rows to its model: found again or created once, and followed to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from tilth.errors import EndpointUnavailable, StudentError, TeacherError
from tilth.students.asking import PaidWork, Unbilled
from tilth.students.openai_fine_tuning.api import TAG, FineTuningApi, TuningJob
from tilth.teacher import CallError

_Found = TypeVar("_Found")

_FIRST, _GROWTH, _LONGEST = 0.2, 1.5, 20.0
"""Seconds until a job is looked at for the second time, by what factor that grows, and to what."""

_LOOKS = 3
"""How often a job is looked for where the answer to its creation was lost: lists may lag behind."""

_LASTING = frozenset({"unauthorized", "not-found", "bad-request"})
"""Failures that no waiting mends."""


@dataclass(frozen=True)
class Tuning:
    """What a job is to do.

    Attributes:
        tag: Names it: the job carries it in its metadata, its file in its name.
        data: The rows, as JSON lines.
        body: What it is created with, but for its file and metadata.
        begun: Whether an earlier process may have created it.
    """

    tag: str
    data: bytes
    body: Mapping[str, Any]
    begun: bool


async def tuned(api: FineTuningApi, tuning: Tuning, work: PaidWork) -> TuningJob:
    """The job at its end, whichever that is.

    Raises:
        Unbilled: It was refused, or never created; its cause says why.
        EndpointUnavailable: Nothing but failures for as long as the study's patience: what is there is found
            by the next start.
        CancelledError: The study was stopped; likewise.
    """
    pace = _Pace(api, work, tuning.tag)
    job = await _found(api, tuning, None, pace) if tuning.begun else None
    if job is None:
        job = await _created(api, tuning, pace)
    work.leave(
        tuning.tag,
        f"fine-tuning job {job.id} goes on at {api.where}, and costs what it costs; the same call finds it "
        "again, and the student's cancel(job) ends it",
    )
    job = await _followed(api, job, pace)
    work.leave(tuning.tag, None)
    pace.tell(None)
    return job


def failure_of(job: TuningJob, where: str) -> StudentError | None:
    """Why a job at its end has no model to ask; None where it has one."""
    if job.stage == "succeeded" and job.model is not None:
        return None
    why = f": {job.reason}" if job.reason else ""
    told = job.told if job.stage != "succeeded" else "succeeded, but names no model"
    return StudentError(
        f"fine-tuning job {job.id} at {where}: {told}{why}. Nothing of it is measured; mend what it "
        "says, and the same call starts another job"
    )


def tokens_of(job: TuningJob) -> int | None:
    """What a job at its end is billed for; None where nobody says: one that was cancelled had done some."""
    return job.tokens or (0 if job.stage == "failed" else None)


async def _created(api: FineTuningApi, tuning: Tuning, pace: _Pace) -> TuningJob:
    """The job, which is created unless it is there."""
    name = f"tilth-{tuning.tag}.jsonl"
    try:
        file = await pace.steadily(lambda: _uploaded(api, name, tuning.data), "uploading its rows")
        if tuning.begun and (job := await _found(api, tuning, file, pace)) is not None:
            return job
    except (TeacherError, StudentError) as error:
        if tuning.begun:
            raise
        raise Unbilled from error  # nothing was created yet
    body = {**tuning.body, "training_file": file, "metadata": {TAG: tuning.tag}}
    doubtful = tuning.begun
    while True:
        try:
            return await api.create(body)
        except CallError as error:
            if error.kind in _LASTING:
                refused = pace.refused(error, "creating its job")
                if doubtful:
                    raise refused from error
                raise Unbilled from refused
            await pace.failed(error, "creating its job")
            if error.kind in ("rate-limited", "connection"):
                continue  # it was not taken, or never sent
        # it may be there, though the answer is lost: a second one would be paid for
        doubtful = True
        if (found := await _found(api, tuning, file, pace)) is not None:
            return found


async def _found(api: FineTuningApi, tuning: Tuning, file: str | None, pace: _Pace) -> TuningJob | None:
    """The job that may be there, looked for more than once."""
    for look in range(_LOOKS):
        found = await pace.steadily(lambda: api.find_job(tuning.tag, file), "looking for its job")
        if found is not None:
            return found
        await pace.rest(look)
    return None


async def _uploaded(api: FineTuningApi, name: str, data: bytes) -> str:
    return await api.find_file(name) or await api.upload(name, data)


async def _followed(api: FineTuningApi, job: TuningJob, pace: _Pace) -> TuningJob:
    """The job at its end. What it says meanwhile is told."""
    looks = 0
    while job.stage == "at work":
        event = None
        with suppress(CallError, TeacherError):  # nothing depends on it
            event = await api.latest_event(job.id)
        pace.tell(f"fine-tuning job {job.id} is {job.told}" + (f": {event}" if event else ""))
        await pace.rest(looks)
        looks += 1
        job = await pace.steadily(lambda: api.job(job.id), f"following job {job.id}")  # noqa: B023 - awaited here
    return job


class _Pace:
    """Waits between looks and after failures, and gives up after the study's patience."""

    def __init__(self, api: FineTuningApi, work: PaidWork, piece: str) -> None:
        self._api, self._work, self._piece = api, work, piece
        self._failures = 0
        self._failing_since: float | None = None

    async def steadily(self, call: Callable[[], Awaitable[_Found]], doing: str) -> _Found:
        """What a call gives that may be made as often as it takes."""
        while True:
            try:
                found = await call()
            except CallError as error:
                if error.kind in _LASTING:
                    raise self.refused(error, doing) from error
                await self.failed(error, doing)
            else:
                self._failures, self._failing_since = 0, None
                return found

    async def failed(self, error: CallError, doing: str) -> None:
        """Waits after a failure; raises `EndpointUnavailable` where there was nothing else for too long."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        wait = min(_LONGEST, _FIRST * 2**self._failures)
        wait = max(wait, error.retry_after or 0.0)
        if now + wait - self._failing_since > self._work.patience:
            raise EndpointUnavailable(
                f"{doing}: {self._api.where} gives nothing but failures; the last: {error}. What was begun "
                "is found again by the next start"
            ) from error
        self._failures += 1
        self.tell(f"{doing}: {error}")
        await self._work.pause(wait)

    def tell(self, what: str | None) -> None:
        """Says what is waited for."""
        self._work.tell(self._piece, what)

    async def rest(self, looks: int) -> None:
        """Waits until a job is looked at again, longer each time."""
        await self._work.pause(min(_LONGEST, _FIRST * _GROWTH ** min(looks, 50)))

    def refused(self, error: CallError, doing: str) -> TeacherError:
        """What to tell of a failure that no waiting mends."""
        return TeacherError(f"{doing} was refused: {error}")


async def cancelled(api: FineTuningApi, job_id: str) -> TuningJob:
    """Cancels a job, once."""
    async with asyncio.timeout(60.0):
        return await api.cancel(job_id)
