"""A model on this machine as a teacher, behind a real llama.cpp server."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.processes import PATIENCE, listening, reads_proc, running, until
from tests.support.tiny_gguf import write_tiny_model

import tilth
from tilth.tasks.base import Prompt
from tilth.teacher import CallError, Endpoint, TeacherError
from tilth.teacher.local import server as server_module

_PARENT = """
import os, sys
import tilth
teacher = tilth.local(sys.argv[1], context_tokens=1024, concurrency=1)
running = teacher.server.running()
if len(sys.argv) > 2 and os.fork() == 0:
    assert teacher.server.pid is None
    sys.stdin.read()
    os._exit(0)
print(teacher.server.pid, running.base_url, flush=True)
sys.stdin.read()
"""


def local(tiny: Path, **settings: object) -> tilth.teacher.local.LocalTeacher:
    known: dict[str, object] = {"context_tokens": 1024, "max_tokens": 24, "concurrency": 2}
    return tilth.local(tiny, **(known | settings))  # type: ignore[arg-type]


async def ask(endpoint: Endpoint, teacher: tilth.Teacher, text: str = "hello", max_tokens: int = 8) -> str:
    request = teacher.request(Prompt(({"role": "user", "content": text},), "answer"))
    return (await endpoint.complete(request, max_tokens=max_tokens, sampling_seed=1)).text


def test_it_grows_rows_like_any_teacher(tiny: Path, tmp_path: Path) -> None:
    teacher = local(tiny)
    path = tmp_path / "run.tilth"
    run = tilth.generate_sync(tilth.demo.seeds(6), "answer-augmentation", 6, teacher=teacher, path=path)
    assert run.progress.queries == 6
    assert run.progress.usd == 0
    assert not run.simulated
    assert all(run.rows["response"])
    assert set(run.rows["teacher"]) == {teacher.name}
    assert teacher.name.startswith("Tiny-Instruct@")
    content = path.read_bytes()
    for place in (tiny.parent, f":{urlsplit(teacher.server.running().base_url).port}"):
        assert str(place).encode() not in content, "a run's file says where the model or its server is"
    again = tilth.generate_sync(tilth.demo.seeds(6), "answer-augmentation", 6, teacher=local(tiny), path=path)
    assert again.progress.attempts == 0, "what is journalled was asked again"


def test_a_model_is_its_content(tiny: Path, tmp_path: Path) -> None:
    moved = tmp_path / tiny.name
    moved.write_bytes(tiny.read_bytes())
    other = tmp_path / "other" / tiny.name
    other.parent.mkdir()
    write_tiny_model(other, seed=1)
    assert local(moved).identity() == local(tiny, threads=1, concurrency=1).identity()
    assert local(other).identity() != local(tiny).identity()
    assert local(other).name != local(tiny).name


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone"])
def test_a_file_that_is_another_by_now_is_not_asked(tiny: Path, tmp_path: Path, gone: bool) -> None:
    file = tmp_path / tiny.name
    file.write_bytes(tiny.read_bytes())
    teacher = local(file)
    if gone:
        file.unlink()
    else:
        write_tiny_model(file, seed=1)
    with pytest.raises(tilth.ModelMissing, match="cannot be read" if gone else "has changed"):
        tilth.generate_sync(
            tilth.demo.seeds(2), "answer-augmentation", 2, teacher=teacher, path=tmp_path / "r.tilth"
        )


def test_teachers_with_the_same_settings_share_a_server(tiny: Path) -> None:
    one, other, another = local(tiny), local(tiny, temperature=0.0), local(tiny, context_tokens=512)
    assert one.server is other.server
    assert one.server.running().base_url == other.server.running().base_url
    assert another.server is not one.server


def test_a_server_that_nothing_uses_makes_room_for_another(tiny: Path) -> None:
    old, new = local(tiny).server, local(tiny, context_tokens=512).server
    old.running()
    with old.used():
        new.running()
        assert old.alive
    new.close()
    new.running()
    assert not old.alive


def test_a_server_that_nothing_uses_for_long_is_ended_and_started_again(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.2)
    teacher = local(tiny)

    async def answered() -> str:
        async with teacher.open() as endpoint:
            return await ask(endpoint, teacher)

    assert asyncio.run(answered())
    assert until(lambda: not teacher.server.alive)
    assert asyncio.run(answered())
    assert until(lambda: not teacher.server.alive)  # it would end in the midst of another test


def test_it_asks_for_a_key(tiny: Path) -> None:
    teacher = local(tiny)
    address = teacher.server.running().base_url
    with pytest.raises(TeacherError, match="401"):
        tilth.generate_sync(
            tilth.demo.seeds(1),
            "answer-augmentation",
            1,
            teacher=tilth.Teacher(teacher.name, base_url=address, api_key="not-the-key"),
        )
    key = teacher.server.running().key
    assert key not in repr(teacher.server.running())
    assert key.encode() not in pickle.dumps(teacher)


def test_a_pickled_teacher_answers(tiny: Path) -> None:
    teacher = pickle.loads(pickle.dumps(local(tiny)))

    async def asked() -> str:
        async with teacher.open() as endpoint:
            await endpoint.preflight()
            return await ask(endpoint, teacher)

    assert asyncio.run(asked())


def test_its_slots_are_its_concurrency(tiny: Path) -> None:
    teacher = local(tiny, concurrency=3)

    async def slots() -> int | None:
        async with teacher.open() as endpoint:
            await endpoint.preflight()
            return endpoint.slots

    assert asyncio.run(slots()) == 3 == teacher.concurrency


@reads_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("forked", [False, True], ids=["alone", "forked"])
def test_its_server_ends_with_its_process(tiny: Path, how: signal.Signals, forked: bool) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, tiny, *(["fork"] if forked else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    number, address = parent.stdout.readline().split()
    assert running(int(number))
    assert listening(address)
    # Our end of the parent's own standard input stays open, so that a fork of it outlives it here.
    parent.send_signal(how)
    parent.wait(PATIENCE)
    assert until(lambda: not running(int(number)))
    assert until(lambda: not listening(address))
    parent.communicate()


@reads_proc
def test_an_interrupt_at_the_keyboard_leaves_it_alone(tiny: Path) -> None:
    server = local(tiny).server
    server.running()
    assert server.pid is not None
    assert os.getpgid(server.pid) != os.getpgid(0)


def test_it_is_started_again_where_it_died_but_not_for_ever(tiny: Path) -> None:
    teacher = local(tiny)
    server = teacher.server

    async def killed_again_and_again() -> list[str]:
        async with teacher.open() as endpoint:
            replies = [await ask(endpoint, teacher)]
            for _ in range(3):
                await killed()
                replies.append(await ask(endpoint, teacher))
            await killed()
            with pytest.raises(TeacherError, match=r"ended 4 times in one run.*memory.*journalled is safe"):
                await ask(endpoint, teacher)
            return replies

    async def killed() -> None:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert await asyncio.to_thread(until, lambda: not server.alive)

    replies = asyncio.run(killed_again_and_again())
    assert len(replies) == 4
    assert all(replies)


def test_a_call_that_it_died_of_is_told_as_such(tiny: Path) -> None:
    teacher = local(tiny, concurrency=1, context_tokens=4096)

    async def called() -> None:
        async with teacher.open() as endpoint:
            request = teacher.request(Prompt(({"role": "user", "content": "go on"},), "answer"))

            def kill(_text: str) -> None:
                if teacher.server.pid is not None:
                    os.kill(teacher.server.pid, signal.SIGKILL)

            await endpoint.complete(request, max_tokens=4000, sampling_seed=1, on_text=kill)

    with pytest.raises(CallError, match=r"llama\.cpp server .* ended: it was killed, most likely") as caught:
        asyncio.run(called())
    assert caught.value.in_doubt


def test_a_prompt_that_is_too_long_is_told(tiny: Path) -> None:
    teacher = local(tiny, context_tokens=512)

    async def called() -> None:
        async with teacher.open() as endpoint:
            await ask(endpoint, teacher, "long " * 400)

    with pytest.raises(CallError, match="pass a larger context_tokens= than 512") as caught:
        asyncio.run(called())
    assert caught.value.kind == "bad-request"
    assert "127.0.0.1" not in str(caught.value)


def test_a_plan_takes_it_to_be_as_quick_as_the_machine_and_free(tiny: Path) -> None:
    def planned(seeds: int = 8, **settings: object) -> tilth.Plan:
        teacher = local(tiny, **{"threads": 1, "max_tokens": 100, **settings})
        found = tilth.plan(tilth.demo.seeds(seeds), "answer-augmentation", 40, teacher=teacher)
        assert teacher.server.pid is None, "a plan starts no server"
        return found

    one, several = planned(concurrency=2), planned(concurrency=8)
    assert one.usd == 0
    assert "MB on 1 thread" in one.sources["seconds"]
    assert several.seconds == one.seconds, "more calls at once share one machine"
    assert one.seconds_range.low < one.seconds < one.seconds_range.high
    assert planned(threads=4).seconds < one.seconds
