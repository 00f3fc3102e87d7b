"""Seeds of the hub: read as files on disk are, and refusals told as what they are."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import threading
import urllib.parse

import polars as pl
import pytest

from tilth.errors import SeedsError
from tilth.seeds import read_seeds

TOKEN = "hf_SECRETsecretSECRET"


class Hub(http.server.ThreadingHTTPServer):
    """A hub that answers by path, and keeps what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def holds(self, path, body=b"", status=200, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, data, named)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        self.server.asked.append((path, self.headers.get("Authorization")))
        status, data, headers = self.server.answers.get(
            path, (404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with Hub() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "http_proxy", "HTTP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield server
        server.shutdown()
        serving.join()


RESOLVE = "/datasets/someone/some/resolve/main/"
TREE = "/api/datasets/someone/some/tree/main"
HOME = "hf://datasets/someone/some"


def _file(path):
    return {"type": "file", "path": path, "size": 1}


def test_whole_columns_with_their_types_are_read(hub):
    records = [{"question": f"{n}?", "answer": 7} for n in range(200)]
    records.append({"question": "late?", "answer": 3.5, "note": "late", "tags": [{"k": 1}]})
    hub.holds(RESOLVE + "s.jsonl", "\n".join(map(json.dumps, records)).encode())
    seeds = read_seeds(f"{HOME}/s.jsonl")
    assert seeds.identity() == read_seeds(records).identity()
    assert list(seeds)[-1].reference == "3.5"
    assert list(seeds)[-1].extra == {"note": "late", "tags": [{"k": 1}]}
    assert seeds.name == f"{HOME}/s.jsonl"


@pytest.mark.parametrize("name", ["s.csv", "s.csv.gz", "s.parquet", "data set/s 1.jsonl"])
def test_every_kind_of_file_is_read_as_on_disk(hub, name):
    frame, content = pl.DataFrame({"question": ["a?", "b?"], "answer": ["001", "x"]}), io.BytesIO()
    if name.endswith(".parquet"):
        frame.write_parquet(content)
    elif name.endswith(".jsonl"):
        frame.write_ndjson(content)
    else:
        frame.write_csv(content, separator=";")
    data = content.getvalue()
    hub.holds(RESOLVE + name, gzip.compress(data) if name.endswith(".gz") else data)
    assert [seed.reference for seed in read_seeds(f"{HOME}/{name}")] == ["001", "x"]


def test_revisions_and_the_converted_copy(hub):
    hub.holds("/datasets/someone/some/resolve/v1.0/s.csv", b"question,answer\na?,1\n")
    assert len(read_seeds("hf://datasets/someone/some@v1.0/s.csv")) == 1
    hub.holds("/datasets/someone/some/resolve/refs/convert/parquet/s.csv", b"question,answer\na?,1\n")
    assert len(read_seeds("hf://datasets/someone/some@~parquet/s.csv")) == 1
    assert len(read_seeds("hf://datasets/someone/some@refs%2Fconvert%2Fparquet/s.csv")) == 1


def test_a_folder_with_one_table_and_a_pattern_are_read_in_order(hub):
    shards = [f"data/train-0000{n}-of-00002.csv" for n in range(2)]
    for n, path in enumerate(shards):
        hub.holds(RESOLVE + path, f"question,answer\n{n}?,{n}\n".encode())
    first = [_file(shards[1]), _file("README.md"), {"type": "directory", "path": "data"}]
    hub.holds(f"{TREE}/data?recursive=true", first, Link=f'<{hub.url}/next>; rel="next"')
    hub.holds("/next", [_file(shards[0])])
    for source in (f"{HOME}/data", f"{HOME}/data/train-*.csv"):
        assert [seed.question for seed in read_seeds(source)] == ["0?", "1?"]
    hub.holds(RESOLVE + shards[1], b"question,answer\n1?,\n")
    with pytest.raises(SeedsError, match=r"data/train-00001-of-00002\.csv line 2: 'answer' is empty"):
        read_seeds(f"{HOME}/data")


def test_a_folder_with_several_tables_lists_them(hub):
    hub.holds(f"{TREE}?recursive=true", [_file("test.parquet"), _file("train.parquet"), _file("a.py")])
    with pytest.raises(SeedsError, match="holds several tables") as caught:
        read_seeds(HOME)
    assert f"{HOME}/test.parquet" in str(caught.value)


def test_a_folder_with_nothing_but_a_script_says_so(hub):
    hub.holds(f"{TREE}?recursive=true", [_file("some.py"), _file("README.md")])
    with pytest.raises(SeedsError, match=r"holds no data file .*'some\.py', 'README\.md'.*@~parquet"):
        read_seeds(HOME)
    with pytest.raises(SeedsError, match=r"some\.py: seeds are read from files that end in \.jsonl"):
        read_seeds(f"{HOME}/some.py")


@pytest.mark.parametrize(
    "address", ["hf://datasets/gsm8k", "hf://nobody/nothing/s.csv", "hf://", "hf://datasets/a/"]
)
def test_an_address_without_owner_and_name_is_told(hub, address):
    with pytest.raises(SeedsError, match=r"owner/name, as in hf://datasets/OWNER/NAME/FILE"):
        read_seeds(address)
    assert not hub.asked


REFUSALS = {
    "not found": (404, {}, {"error": "Repository not found"}, r"was not found.*owner/name.*gsm8k"),
    "no file": (404, {"X_Error_Code": "EntryNotFound"}, {}, "someone/some has no such file"),
    "no revision": (404, {"X_Error_Code": "RevisionNotFound"}, {}, "there is no revision 'main'"),
    "gated": (
        401,
        {"X_Error_Code": "GatedRepo"},
        {"error": "Please log in."},
        r"Please log in.*set HF_TOKEN.*terms",
    ),
    "private": (403, {"X_Error_Message": "No."}, {}, "only to those who are logged in"),
    "busy": (429, {"Retry_After": "30"}, {}, r"limits the rate.*try again in 30 s, or set HF_TOKEN"),
    "broken": (502, {}, b"<html>", r"the hub answered 502; try again later"),
}


@pytest.mark.parametrize(("status", "headers", "body", "told"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_are_told_as_what_they_are(hub, status, headers, body, told):
    hub.holds(RESOLVE + "s.jsonl", body, status=status, **headers)
    hub.holds(f"{TREE}?recursive=true", body, status=status, **headers)
    for source in (f"{HOME}/s.jsonl", HOME):
        with pytest.raises(SeedsError, match=told):
            read_seeds(source)


def test_the_token_goes_to_the_hub_alone_and_into_no_message(hub, monkeypatch, tmp_path):
    with Hub() as other:
        serving = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        other.holds("/s.csv", b"question,answer\na?,1\n")
        hub.holds(RESOLVE + "s.csv", status=302, Location=f"{other.url}/s.csv")
        monkeypatch.setenv("HF_TOKEN", f" {TOKEN}\n")
        assert len(read_seeds(f"{HOME}/s.csv")) == 1
        assert hub.asked == [(RESOLVE + "s.csv", f"Bearer {TOKEN}")]
        assert other.asked == [("/s.csv", None)]
        other.shutdown()
        serving.join()
    hub.holds(RESOLVE + "s.csv", {"error": f"bad token {TOKEN}"}, status=401)
    with pytest.raises(SeedsError, match="refuses the token of HF_TOKEN") as caught:
        read_seeds(f"{HOME}/s.csv")
    assert TOKEN not in str(caught.value)
    monkeypatch.delenv("HF_TOKEN")
    kept = tmp_path / "hf" / "token"
    kept.parent.mkdir()
    kept.write_text(TOKEN)
    with pytest.raises(SeedsError):
        read_seeds(f"{HOME}/s.csv")
    assert hub.asked[-1][1] == f"Bearer {TOKEN}"


def test_a_file_is_read_up_to_a_size(hub, monkeypatch):
    monkeypatch.setattr("tilth.seeds.sources.hub.MOST_BYTES", 20)
    hub.holds(RESOLVE + "s.csv", b"question,answer\na?,1\nb?,2\n")
    with pytest.raises(SeedsError, match="is larger than 20 bytes; download it"):
        read_seeds(f"{HOME}/s.csv")


def test_a_hub_that_is_not_there_is_told(monkeypatch):
    with Hub() as gone:
        monkeypatch.setenv("HF_ENDPOINT", gone.url)
    with pytest.raises(SeedsError, match=r"could not be read: .*check the network"):
        read_seeds(f"{HOME}/s.csv")
