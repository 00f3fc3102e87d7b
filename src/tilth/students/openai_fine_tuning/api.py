"""The fine-tuning API of an OpenAI-compatible endpoint: files and jobs, read as what strangers send."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from tilth.errors import StudentError
from tilth.teacher import CallError, Teacher
from tilth.teacher.http.direct import DirectEndpoint, Upload

TAG = "tilth"
"""The key of a job's metadata that holds whose it is."""

_PAGE, _MOST_PAGES = 100, 100
"""Objects a page of a list, and pages that are looked through."""
_EVENTS = 5
_LONGEST_MESSAGE = 200
_MOST_TOKENS = 10**10
_NO_API = (
    "student 'openai-fine-tuning' needs a model behind a fine-tuning API: give its tilth.Teacher base_url= "
    "and a key instead of client= or a callable"
)
_ID = re.compile(r"[\w.:/-]{1,200}")
_MODEL = re.compile(r"[!-~]{1,500}")

Stage = Literal["at work", "succeeded", "failed", "cancelled"]
_STAGES: Mapping[str, Stage] = {"succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, slots=True)
class TuningJob:
    """A fine-tuning job, as its endpoint tells it.

    Attributes:
        id: Its id there.
        stage: Whether it is over, and how; what is told in other words is at work.
        told: Its status in the endpoint's own word.
        model: The tuned model's name, once there is one.
        tokens: Tokens it was billed for, where that is told.
        reason: Why it failed, in the endpoint's words, shortened.
        file: The file it trains on.
        tag: What our metadata of it say.
    """

    id: str
    stage: Stage
    told: str
    model: str | None
    tokens: int | None
    reason: str
    file: str | None
    tag: str | None


class FineTuningApi:
    """An open endpoint's files and jobs. Each method is one request, or a few where it looks through a list.

    All of them raise `CallError` where no answer comes, or one that cannot be meant, and `TeacherError` where
    the call cannot work.
    """

    def __init__(self, endpoint: DirectEndpoint, where: str) -> None:
        self._endpoint, self.where = endpoint, where

    async def find_file(self, name: str) -> str | None:
        """The id of an uploaded file of that name; None where there is none."""
        query = {"purpose": "fine-tune"}
        async for one in self._listed("/files", query):
            if one.get("filename") == name and (found := _id(one)):
                return found
        return None

    async def upload(self, name: str, data: bytes) -> str:
        """Uploads training rows; gives the file's id."""
        upload = Upload(name, data, {"purpose": "fine-tune"})
        found = _id(await self._endpoint.exchange("POST", "/files", upload=upload))
        if found is None:
            raise self._strange("an upload")
        return found

    async def find_job(self, tag: str, file: str | None) -> TuningJob | None:
        """The newest job that carries this tag, or trains on this file, however it stands.

        Servers that know no metadata are found out by the file, whose name is ours alone.
        """
        queries = [{f"metadata[{TAG}]": tag}, {}] if file is not None else [{f"metadata[{TAG}]": tag}]
        for query in queries:
            async for one in self._listed("/fine_tuning/jobs", query):
                job = self._job(one)
                ours = job is not None and (job.tag == tag or (file is not None and job.file == file))
                if job is not None and ours:
                    return job
        return None

    async def create(self, body: Mapping[str, Any]) -> TuningJob:
        """Creates a job."""
        return self._read(await self._endpoint.exchange("POST", "/fine_tuning/jobs", body=body), "a new job")

    async def job(self, job_id: str) -> TuningJob:
        """How a job stands."""
        return self._read(await self._endpoint.exchange("GET", _path(job_id)), f"job {job_id}")

    async def cancel(self, job_id: str) -> TuningJob:
        """Cancels a job."""
        return self._read(await self._endpoint.exchange("POST", f"{_path(job_id)}/cancel"), f"job {job_id}")

    async def latest_event(self, job_id: str) -> str | None:
        """What a job said last, in one line; None where it said nothing that can be read."""
        listed = await self._endpoint.exchange(
            "GET", f"{_path(job_id)}/events", query={"limit": str(_EVENTS)}
        )
        events = [one for one in _entries(listed) if isinstance(one.get("message"), str)]
        if not events:
            return None
        latest = max(events, key=lambda one: _number(one.get("created_at")) or 0)
        return self._line(latest["message"])

    async def _listed(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """The objects of a list, page by page, the newest first where the endpoint has it so."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            listed = await self._endpoint.exchange("GET", path, query={**query, "limit": str(_PAGE), **after})
            if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
                raise self._strange(f"a list at {path}")
            found = _entries(listed)
            for one in found:
                yield one
            last = _id(found[-1]) if found else None
            if listed.get("has_more") is not True or last is None or last == after.get("after"):
                return
            after = {"after": last}

    def _read(self, answer: Any, what: str) -> TuningJob:
        job = self._job(answer)
        if job is None:
            raise self._strange(what)
        return job

    def _strange(self, what: str) -> CallError:
        said = f"{self.where} answered with what is no such thing where {what} belongs"
        return CallError(said, kind="no-completion", status=200, in_doubt=True)

    def _line(self, text: str) -> str:
        """A stranger's words in one line, shortened, without a key or what would move a cursor."""
        shown = self._endpoint.shown(text)
        return shown if len(shown) <= _LONGEST_MESSAGE else shown[: _LONGEST_MESSAGE - 1] + "…"

    def _job(self, answer: Any) -> TuningJob | None:
        """A job; None where it is none."""
        job_id = _id(answer)
        status = answer.get("status") if job_id is not None else None
        if job_id is None or not isinstance(status, str):
            return None
        error, metadata = answer.get("error"), answer.get("metadata")
        reason = error.get("message") if isinstance(error, dict) else None
        tag = metadata.get(TAG) if isinstance(metadata, dict) else None
        model, file = answer.get("fine_tuned_model"), answer.get("training_file")
        return TuningJob(
            id=job_id,
            stage=_STAGES.get(status, "at work"),
            told=self._line(status)[:40],
            model=model if isinstance(model, str) and _MODEL.fullmatch(model) else None,
            tokens=_number(answer.get("trained_tokens")),
            reason=self._line(reason) if isinstance(reason, str) else "",
            file=file if isinstance(file, str) else None,
            tag=tag if isinstance(tag, str) else None,
        )


@asynccontextmanager
async def open_api(model: Teacher) -> AsyncIterator[FineTuningApi]:
    """Opens the fine-tuning API at a model's endpoint, with its key and headers.

    Raises:
        StudentError: The model is none that is asked over HTTP by a key of ours.
        TeacherError: There is no key.
    """
    where = refuse_without_api(model)
    async with model.open() as endpoint:
        if not isinstance(endpoint, DirectEndpoint):
            raise StudentError(_NO_API)
        yield FineTuningApi(endpoint, where)


def refuse_without_api(model: Teacher) -> str:
    """The model's address; raises `StudentError` where it has none, and so no API."""
    if model.address is None:
        raise StudentError(_NO_API)
    return model.address


def _path(job_id: str) -> str:
    return f"/fine_tuning/jobs/{quote(job_id, safe='')}"


def _entries(listed: Any) -> list[dict[str, Any]]:
    data = listed.get("data") if isinstance(listed, dict) else None
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _id(one: Any) -> str | None:
    found = one.get("id") if isinstance(one, dict) else None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
