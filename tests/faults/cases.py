"""The faults of the table: what goes wrong in a run's first process, before others take it up again."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.campaign import GIVE_UP, kill_at, lines, lost, process
from tests.faults.relay import relay
from tests.support.openai_server import Fault, FaultKind, Plan, Server

JUMPING_CLOCK = Path(__file__).with_name("jumping_clock")
EACH = 10
"""A fault shows on each tenth call."""
WAL_HEADER, FRAME_HEADER = 32, 24
"""Bytes before the first page in SQLite's log, and before each page of it."""


@dataclass(frozen=True)
class Scene:
    """Where a case plays: what a growing process is given, the real server, and the notes it writes."""

    arguments: dict[str, Any]
    server: Server
    notes: Path


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes:
        name: As the table names it.
        faults: What the server does in the first process's life.
        latency: Seconds before each reply, drawn from this range.
        given: What the first process is given besides.
        clock: Whether its wall clock jumps.
        ends: What its error must say, where the fault must end it.
        does: What befalls the first process instead of running to its end; returns the file to go on with.
        delays: Whether it only delays: rows must then be those of the undisturbed run's same units.
        promised: Whether nothing may be lost or overspent: not where a disk breaks its own promises.
        in_ci: Whether it is in the sample that CI takes.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    latency: tuple[float, float] = (0.001, 0.02)
    given: dict[str, Any] = field(default_factory=dict)
    clock: bool = False
    ends: str | None = None
    does: Callable[[Scene], Path] | None = None
    delays: bool = False
    promised: bool = True
    in_ci: bool = False

    @property
    def plan(self) -> Plan:
        """How the server behaves in the first life."""
        return Plan(latency=self.latency, faults=self.faults)


def each(kind: FaultKind, **more: Any) -> tuple[Fault, ...]:
    """A fault on each tenth call."""
    return (Fault(kind, every=EACH, **more),)


def cut_connections(scene: Scene) -> Path:
    """No connection for a second in mid-run, while the server goes on keeping its books."""
    with relay(scene.server.port) as between:
        given = {**scene.arguments, "base_url": between.base_url}
        with process(given, scene.notes) as growing:
            end = time.monotonic() + GIVE_UP
            while scene.server.books()["completed"] < 40:
                assert time.monotonic() < end, "the run never got 40 replies"
                time.sleep(0.005)
            between.cut()
            time.sleep(1.0)  # how long the fault lasts
            between.mend()
            assert growing.wait(GIVE_UP) == 0
    return Path(scene.arguments["path"])


def kill(scene: Scene, times: int = 4) -> Path:
    """SIGKILL at drawn moments."""
    rng, path = random.Random("table"), Path(scene.arguments["path"])
    for _ in range(times):
        target = len(lines(scene.notes)) + rng.randrange(5, 25)
        with process(scene.arguments, scene.notes) as growing:
            assert kill_at(growing, scene.notes, target, rng.uniform(0, 0.02)), "it was over before the kill"
        assert not lost(path, scene.notes), "lost before the next process could ask again"
    return path


def cut_power(scene: Scene) -> Path:
    """The file as it stands when power fails amid the writing of a page that nobody was told of yet."""
    path, log, frame = _killed_and_copied(scene)
    log.write_bytes(log.read_bytes() + frame[: len(frame) // 2])
    return path


def cut_power_of_a_lying_disk(scene: Scene) -> Path:
    """The same where the disk had reported a page as written and holds half of it."""
    path, log, frame = _killed_and_copied(scene)
    half = len(frame) // 2
    log.write_bytes(log.read_bytes()[:-half] + bytes(half))
    return path


def _killed_and_copied(scene: Scene) -> tuple[Path, Path, bytes]:
    """A copy of a killed process's file, of its log, and the log's last page."""
    path = Path(scene.arguments["path"])
    with process(scene.arguments, scene.notes) as growing:
        assert kill_at(growing, scene.notes, 90, 0.005), "the run was over before power could fail"
    there = path.with_name(f"copy-{path.name}")
    shutil.copy(path, there)
    log = there.with_name(f"{there.name}-wal")
    shutil.copy(path.with_name(f"{path.name}-wal"), log)
    data = log.read_bytes()
    size = FRAME_HEADER + int.from_bytes(data[8:12], "big")
    whole = WAL_HEADER + (len(data) - WAL_HEADER) // size * size
    log.write_bytes(data[:whole])
    frame = data[whole - size : whole]
    assert frame[8:16] == data[16:24], (
        "the log's last page is an older one's remains, so tearing it shows nothing"
    )
    return there, log, frame


NOWHERE = "http://nowhere.invalid/v1"
CLOSED = "http://127.0.0.1:9/v1"

CASES = (
    Case("none"),
    Case("429 on each tenth call", each("429", seconds=0.05), delays=True),
    Case("429 storm: 40 calls on end", (Fault("429", calls=tuple(range(21, 61)), seconds=0.2),), delays=True),
    Case("500", each("500"), delays=True),
    Case("503 with Retry-After", each("503", seconds=0.2), delays=True, in_ci=True),
    Case("connection breaks before the reply", each("reset-early"), delays=True),
    Case("connection breaks amid the reply", each("reset"), delays=True, in_ci=True),
    Case("no answer within the timeout", each("silent", seconds=5), given={"timeout": 1.0}, delays=True),
    Case("slow drip, within the timeout", each("drip", seconds=0.02), delays=True),
    Case("slow drip, beyond the timeout", each("drip", seconds=0.2), given={"timeout": 1.0}, delays=True),
    Case("endless reply", each("endless")),
    Case("wrong content type (an HTML page)", each("html"), delays=True),
    Case("invalid JSON", each("invalid-json"), delays=True, in_ci=True),
    Case("invalid UTF-8", each("invalid-utf8"), delays=True),
    Case("another API's reply", each("other-api"), delays=True),
    Case("an upstream's 429 told in a 200", each("told-429", seconds=0.05), delays=True, in_ci=True),
    Case("an upstream's 502 beside half a reply", each("told-502"), delays=True, in_ci=True),
    Case("arrears told in a 200", (Fault("arrears", after=60),), ends="Account in arrears", delays=True),
    Case("redirect to another host", (Fault("redirect", after=60),), ends="a redirect to", delays=True),
    Case("400 that is billed", each("billed-400")),
    Case("empty choices", each("no-choices")),
    Case("null content", each("null-content")),
    Case("refusal", each("refusal")),
    Case("content filter", each("content-filter")),
    Case("cut off by length", each("length")),
    Case("missing usage", each("no-usage"), in_ci=True),
    Case("usage above the reservation", each("usage-above"), ends="more than was reserved"),
    Case("reply of 10 MB", each("huge")),
    Case("400 of a call's own", each("400")),
    Case("400 to every call", (Fault("400"),), ends="refused 8 calls in a row", delays=True),
    Case("a web page to every call", (Fault("html"),), ends="no chat completion", delays=True),
    Case(
        "a cap until tomorrow", (Fault("429", after=60, seconds=8e4),), ends="come back in 22 h", delays=True
    ),
    Case(
        "clock jumps by up to a day",
        each("503", seconds=0.2),
        latency=(0.05, 0.1),
        clock=True,
        delays=True,
        in_ci=True,
    ),
    Case("DNS failure", given={"base_url": NOWHERE}, ends="the host's name is unknown", delays=True),
    Case("connection refused at the start", given={"base_url": CLOSED}, ends="nothing answers", delays=True),
    Case("connections cut, refused for 1 s", does=cut_connections, delays=True, in_ci=True),
    Case("401 in mid-run", (Fault("401", after=60),), ends="401", delays=True, in_ci=True),
    Case(
        "disk full (RLIMIT_FSIZE)",
        given={"largest_file": 500_000},
        ends="is the disk full|disk is full",
        delays=True,
        in_ci=True,
    ),
    Case("kill -9, four times", does=kill, delays=True),
    Case("power cut: torn last page", does=cut_power, delays=True, in_ci=True),
    Case(
        "power cut, disk lied: confirmed page torn",
        does=cut_power_of_a_lying_disk,
        delays=True,
        promised=False,
    ),
)
