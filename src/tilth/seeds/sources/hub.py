"""Reads files of the Hugging Face hub by the readers of files on disk, and tells what the hub answers."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tilth.seeds.sources.files import SUFFIXES, read_file, suffix_of
from tilth.seeds.sources.records import MOST_BYTES, Record, Source, SourceError, of_records

MOST_FILES = 1_000
_MOST_LISTED = 50_000
_PIECE = 2**20
_SECONDS = 60
_FORM = "hf://datasets/OWNER/NAME/FILE, such as hf://datasets/openai/gsm8k/main/train-00000-of-00001.parquet"
_ADDRESS = re.compile(
    r"hf://(?P<kind>datasets|spaces)/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:@(?P<revision>[^/]+))?"
    r"(?:/(?P<path>[^?#]*))?(?:[?#].*)?",
    re.ASCII,
)
_GLOB = re.compile(r"[*?\[]")
_SHARD = re.compile(r"-\d{3,6}-of-\d{3,6}(?=\.)")
_CONVERTED = "refs/convert/parquet"


@dataclass(frozen=True, slots=True)
class _Place:
    """A repository of the hub at a revision, and what of it is meant."""

    url: str
    kind: str
    repository: str
    revision: str
    path: str

    def address(self, path: str) -> str:
        """The address of a file's content."""
        home = f"{_endpoint()}/{self.kind}/{self.repository}"
        return f"{home}/resolve/{quote(self.revision, safe='')}/{quote(path)}"

    def listing(self, folder: str) -> str:
        """The address of the list of all files in a folder, folders in it included."""
        tree = f"{_endpoint()}/api/{self.kind}/{self.repository}/tree/{quote(self.revision, safe='')}"
        return f"{tree}/{quote(folder)}?recursive=true" if folder else f"{tree}?recursive=true"


class _Answer(Exception):
    """What the hub answered instead of a file."""

    def __init__(self, status: int, headers: Mapping[str, str], words: str) -> None:
        super().__init__(status)
        self.status, self.headers, self.words = status, headers, words


def open_hub(url: str, encoding: str | None = None) -> Source:
    """The records of a file of the hub, or of all that a pattern names.

    The hub is that of `HF_ENDPOINT`, or huggingface.co; a token is taken from `HF_TOKEN` or from where
    `hf auth login` keeps it, and is sent to the hub alone.

    Raises:
        SourceError: The hub has no such file, refuses it, or it cannot be read; or is too large.
    """
    place = _place(url)
    paths = [place.path]
    if not place.path or _GLOB.search(place.path) or "." not in place.path.rpartition("/")[2]:
        paths = _chosen(place)
    else:
        suffix_of(place.path)
    sources, left = [], MOST_BYTES
    for path in paths:
        data = _fetched(place, path, left)
        left -= len(data)
        sources.append(read_file(path.rpartition("/")[2], data, encoding))
    return _joined(url, paths, sources)


def _place(url: str) -> _Place:
    found = _ADDRESS.fullmatch(url)
    if found is None:
        raise SourceError(f"{url} does not say whose data set it is: it takes owner/name, as in {_FORM}")
    revision = found["revision"] or "main"
    if revision == "~parquet":
        revision = _CONVERTED
    path = (found["path"] or "").strip("/")
    repository = f"{found['owner']}/{found['name']}"
    return _Place(url, found["kind"], repository, revision.replace("%2F", "/"), path)


def _chosen(place: _Place) -> list[str]:
    """The data files that a folder or a pattern means; several only where they are parts of one table."""
    fixed = _GLOB.split(place.path)[0]
    folder = fixed.rpartition("/")[0] if fixed != place.path else place.path
    try:
        every = list(_listed(place, folder))
    except _Answer as answer:
        raise SourceError(_told(place, answer)) from answer
    data = [path for path in every if _is_data(path)]
    if fixed != place.path:
        data = [path for path in data if fnmatch.fnmatchcase(path, place.path.replace("**/", "*"))]
    if not data:
        there = ", ".join(repr(path) for path in every[:5]) or "nothing"
        raise SourceError(
            f"{place.url} holds no data file ({', '.join(SUFFIXES)}), but {there}. Where it is made by a "
            f"script, the hub may keep a Parquet copy: hf://{place.kind}/{place.repository}@~parquet"
        )
    if len(data) > MOST_FILES:
        raise SourceError(f"{place.url} names {len(data):,} files; at most {MOST_FILES:,} are read")
    tables = {_SHARD.sub("", path) for path in data}
    if fixed == place.path and len(tables) > 1:
        shown = "".join(f"\n  hf://{place.kind}/{place.repository}/{path}" for path in data[:20])
        raise SourceError(
            f"{place.url} holds several tables, such as the parts for training and testing; name one file, "
            f"or a pattern with *:{shown}"
        )
    return sorted(data)


def _is_data(path: str) -> bool:
    try:
        suffix_of(path)
    except SourceError:
        return False
    return not path.rpartition("/")[2].startswith(".")


def _listed(place: _Place, folder: str) -> Iterator[str]:
    """The paths of all files in a folder, page by page."""
    address: str | None = place.listing(folder)
    count = 0
    while address and count < _MOST_LISTED:
        with _opened(address) as reply:
            try:
                entries = json.loads(reply.read(_PIECE * 64))
            except (ValueError, RecursionError) as error:
                raise _Answer(200, {}, "a list of files that is no JSON") from error
            following = re.search(r'<([^>]+)>;\s*rel="next"', reply.headers.get("Link") or "")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and entry.get("type") == "file":
                count += 1
                yield str(entry.get("path"))
        # its token goes to the hub alone
        address = following[1] if following and following[1].startswith(_endpoint() + "/") else None


def _fetched(place: _Place, path: str, most: int) -> bytes:
    pieces, size = [], 0
    try:
        with _opened(place.address(path)) as reply:
            while piece := reply.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise SourceError(
                        f"{place.url} is larger than {MOST_BYTES:,} bytes; download it, and pass a part of it"
                    )
                pieces.append(piece)
    except _Answer as answer:
        raise SourceError(_told(place, answer)) from answer
    except (OSError, ValueError) as error:
        raise SourceError(_lost(place.url, error)) from error
    return b"".join(pieces)


def _opened(address: str) -> Any:
    """The hub's reply to a request, to be read; `_Answer` where it is none with content."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(address, headers={"User-Agent": "tilth"})  # noqa: S310 - the hub's own
    if token := _token():
        # a redirect leads to another host, which has no business with the token
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        return urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310 - see above
    except urllib.error.HTTPError as error:
        with error:
            words = _words(error.headers.get("X-Error-Message"), error.read(20_000), token)
        raise _Answer(error.code, dict(error.headers.items()), words) from None
    except (OSError, ValueError) as error:
        raise SourceError(_lost(address.partition("?")[0], error)) from error


def _lost(url: str, error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return (
        f"{url} could not be read: {reason}; check the network (HTTPS_PROXY, HF_ENDPOINT), or download the "
        "file and pass its path"
    )


def _told(place: _Place, answer: _Answer) -> str:
    """What the hub's answer means, and what to do."""
    page = f"{_endpoint()}/{place.kind}/{place.repository}"
    code = {name.lower(): value for name, value in answer.headers.items()}.get("x-error-code", "")
    status, words = answer.status, f' ("{answer.words}")' if answer.words else ""
    form = f"check owner/name and the path: {_FORM}. Old names of one word, such as gsm8k, have an owner now"
    if status in (401, 403) and _token():
        return (
            f"{place.url}: the hub refuses the token of HF_TOKEN{words}; take one that may read it, and "
            f"accept the data set's terms at {page}"
        )
    if status in (401, 403):
        return (
            f"{place.url}: the hub gives it only to those who are logged in, or there is no such data set"
            f"{words}; {form}; or set HF_TOKEN to a token that may read it, and accept its terms at {page}"
        )
    if status == 404 and code == "EntryNotFound":
        return f"{place.url} was not found: {place.repository} has no such file{words}; see {page}"
    if status == 404 and code == "RevisionNotFound":
        return f"{place.url} was not found: there is no revision {place.revision!r}{words}; see {page}"
    if status == 404:
        return f"{place.url} was not found{words}; {form}"
    if status == 429:
        wait = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
        later = f"in {wait} s" if re.fullmatch(r"\d{1,6}", wait) else "later"
        return f"{place.url}: the hub limits the rate of requests{words}; try again {later}, or set HF_TOKEN"
    return (
        f"{place.url} could not be read: the hub answered {status}{words}; try again later, or download the "
        "file and pass its path"
    )


def _words(header: str | None, body: bytes, token: str | None) -> str:
    """The hub's own words, cut short, on one line, without the token."""
    said = header or ""
    if not said:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        error = told.get("error") if isinstance(told, dict) else None
        said = error if isinstance(error, str) else ""
    if token:
        said = said.replace(token, "…")
    # blanks in their place: a token that was cut by one is not put together again
    return " ".join("".join(c if c.isprintable() else " " for c in said[:2_000]).split())[:200]


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _token() -> str | None:
    """The user's token: of the environment, or of where the hub's own client keeps it."""
    token = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN") or ""
    if not token:
        home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
        kept = Path(os.environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
        try:
            token = kept.read_text("ascii")[:1_000]
        except (OSError, ValueError):
            return None
    token = token.strip()
    return token if re.fullmatch(r"[!-~]+", token) else None


def _joined(url: str, paths: list[str], sources: list[Source]) -> Source:
    """Several files as one source, each record with its file."""
    if len(sources) == 1:
        [only] = sources
        return Source(url, only.records, only.columns, only.notices, only.broken)
    records = [
        Record(f"{path} {record.place}", record.values, record.problem)
        for path, source in zip(paths, sources, strict=True)
        for record in source.records
    ]
    joined = of_records(url, records, tuple(chain.from_iterable(source.notices for source in sources)))
    columns = tuple(dict.fromkeys(chain(joined.columns, *(source.columns for source in sources))))
    broken = next((source.broken for source in sources if source.broken), None)
    return Source(url, records, columns, joined.notices, broken)
