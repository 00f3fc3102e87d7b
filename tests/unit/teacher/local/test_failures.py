"""What is told where a local model or its server is missing, broken, or dies."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.processes import PATIENCE, listening, until
from tests.support.tiny_gguf import write_tiny_model

import tilth
from tilth.errors import ModelMissing, TeacherError, TilthWarning

_AS_LLAMA_SERVER = f"""#!{sys.executable}
import argparse, os, signal, xllamacpp
parser = argparse.ArgumentParser()
for name in ("model", "alias", "host", "port", "parallel", "ctx-size", "threads", "threads-batch"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--jinja", action="store_true")
given = parser.parse_args()
parameters = xllamacpp.CommonParams()
parameters.model.path, parameters.model_alias = given.model, {{given.alias}}
parameters.hostnames, parameters.port = [given.host], int(given.port)
parameters.n_parallel, parameters.n_ctx = int(given.parallel), int(given.ctx_size)
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = int(given.threads)
parameters.api_keys = [os.environ["LLAMA_API_KEY"]]
server = xllamacpp.Server(parameters)
signal.pause()
"""
"""The options of a llama-server, and behind them the same llama.cpp."""


def program(folder: Path, text: str, name: str = "llama-server") -> Path:
    file = folder / name
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def started(model: Path, server: Path | None = None) -> None:
    tilth.local(model, server=server, context_tokens=1024).server.running()


def test_a_llama_server_of_ones_own_answers(tiny: Path, tmp_path: Path) -> None:
    teacher = tilth.local(tiny, server=program(tmp_path, _AS_LLAMA_SERVER), max_tokens=8, context_tokens=1024)
    run = tilth.generate_sync(tilth.demo.seeds(2), "answer-augmentation", 2, teacher=teacher)
    assert run.progress.queries == 2
    assert all(run.rows["response"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere nothing tells a child of it")
def test_a_llama_server_ends_with_the_process_that_watches_it(tiny: Path, tmp_path: Path) -> None:
    server = tilth.local(tiny, server=program(tmp_path, _AS_LLAMA_SERVER), context_tokens=1024).server
    address = server.running().base_url
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert until(lambda: not listening(address))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it ends once it has loaded")
def test_a_server_ends_with_its_parent_while_it_loads_a_model(tmp_path: Path) -> None:
    endless = tmp_path / "endless.gguf"
    os.mkfifo(endless)
    told = {"model": str(endless), "name": "endless", "key": "k", "server": "", "gpu_layers": None}
    counts = {"slots": 1, "context_tokens": 512, "threads": 1}
    with subprocess.Popen(
        [sys.executable, "-m", "tilth.teacher.local.program"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told | counts).encode() + b"\n")
        process.stdin.flush()

        def loads() -> bool:
            waits = []
            for file in Path(f"/proc/{process.pid}/task").glob("*/wchan"):
                with suppress(OSError):  # its thread may end in between
                    waits.append(file.read_text())
            told = any(wait != "0" for wait in waits)  # some kernels never say what a thread waits for
            begun = "xllamacpp" in Path(f"/proc/{process.pid}/maps").read_text()
            return begun and (not told or any("partner" in wait for wait in waits))

        try:
            assert until(loads)
            process.stdin.close()
            process.wait(PATIENCE)
        finally:
            process.kill()


def test_a_server_that_is_slow_to_start_holds_nobody_up(tiny: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    slow = program(tmp_path, f"#!/bin/sh\ntouch {begun}\nexec sleep 100\n")
    teacher = tilth.local(tiny, server=slow, context_tokens=1024)
    seeds = tilth.demo.seeds(2)
    waiting = tilth.start(seeds, "answer-augmentation", 2, teacher=teacher, path=tmp_path / "slow.tilth")
    assert until(begun.exists)
    other = tilth.generate_sync(
        seeds, "answer-augmentation", 2, teacher=tilth.demo.teacher(), path=tmp_path / "other.tilth"
    )
    assert other.progress.queries == 2
    waiting.abort()
    waiting.wait()
    assert waiting.status == "aborted"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("exec kill -ILL $$", "this processor lacks instructions that llama-server was built for"),
        ("exec kill -KILL $$", "most likely because memory ran out; take a smaller model"),
        (
            "echo 'failed to allocate buffer of size 9' >&2; exit 1",
            "memory is too short; .* lower context_tokens=",
        ),
        ("echo 'unknown model architecture: later' >&2; exit 1", "does not know this kind of model; a newer"),
        ('echo "couldn\'t bind HTTP server socket" >&2; exit 1', "another program took its port; try again"),
        ("echo 'something else' >&2; exit 3", 'it ended with code 3: it said "something else"'),
        ("exit 3", "it ended with code 3$"),
    ],
)
def test_why_a_server_could_not_start_is_told(tiny: Path, tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(TeacherError, match=rf'llama\.cpp server for "Tiny.*could not start: .*{told}'):
        started(tiny, program(tmp_path, f"#!/bin/sh\n{content}\n"))


def test_its_last_words_are_bounded_printable_and_without_folders(tiny: Path, tmp_path: Path) -> None:
    escape = "\\033]0;owned\\007"
    text = f"#!/bin/sh\nprintf '{escape}%s/secret/place/model.gguf {'x' * 5000}\\n' {tmp_path} >&2\nexit 1\n"
    with pytest.raises(TeacherError) as caught:
        started(tiny, program(tmp_path, text))
    told = str(caught.value)
    assert "model.gguf" in told
    assert told.isprintable()
    assert len(told) < 600
    assert "/secret/" not in told
    assert str(tmp_path) not in told


def test_a_broken_file_is_told(tiny: Path, tmp_path: Path) -> None:
    cut, other = tmp_path / "cut.gguf", tmp_path / "other.gguf"
    cut.write_bytes(tiny.read_bytes()[:100_000])
    other.write_bytes(b"<html>404</html>")
    with pytest.raises(
        TeacherError, match=r"the file cannot be loaded; is it whole\?.*corrupted or incomplete"
    ):
        started(cut)
    with pytest.raises(ModelMissing, match=r'"other\.gguf" is no GGUF file'):
        started(other)


def test_a_server_that_is_not_there_is_told(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelMissing, match="there is no such program"):
        tilth.local(tiny, server=tmp_path / "nowhere")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelMissing, match=r'pip install "tilth\[local\]"'):
        tilth.local(tiny)
    program(tmp_path, _AS_LLAMA_SERVER)
    tilth.local(tiny)


def test_a_model_without_a_chat_template_is_told_and_answers(tiny: Path, tmp_path: Path) -> None:
    plain = write_tiny_model(tmp_path / "base.gguf", template=False)
    with pytest.warns(TilthWarning, match=r"base\.gguf has no chat template"):
        teacher = tilth.local(plain, max_tokens=8, context_tokens=1024)
    run = tilth.generate_sync(tilth.demo.seeds(1), "answer-augmentation", 1, teacher=teacher)
    assert run.progress.queries == 1


def test_settings_that_mean_nothing_are_refused(tiny: Path) -> None:
    for wrong in (
        {"threads": 0},
        {"context_tokens": 0},
        {"concurrency": 0},
        {"gpu_layers": -1},
        {"max_tokens": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            tilth.local(tiny, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leaves no room for a prompt"):
        tilth.local(tiny, max_tokens=512, context_tokens=512)
