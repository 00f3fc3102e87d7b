"""Times a task's check on made replies of several kinds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from tilth.tasks import Task

Kind = Callable[[int], tuple[str, str, str | None]]
"""Takes a number to a reply, its reference and, where the check needs it, its question."""

REPLIES = 1_000


def report(task: Task, kinds: Mapping[str, Kind]) -> str:
    """A line for a mixture of all kinds, the slowest kind by name, and a table of all."""
    seconds = {name: _seconds(task, [kind(n) for n in range(REPLIES)]) for name, kind in kinds.items()}
    in_turn = list(kinds.values())
    mixed = _seconds(task, [in_turn[n % len(in_turn)](n) for n in range(REPLIES)])
    slowest = max(seconds, key=seconds.__getitem__)
    lines = [
        f"{task.name}: {REPLIES:,} replies of {len(kinds)} kinds in {mixed:.2f} CPU s",
        f'the slowest kind is "{slowest}": {seconds[slowest]:.2f} CPU s for {REPLIES:,}',
        "",
        f"| {REPLIES:,} replies | CPU s |",
        "| --- | --- |",
        *(f"| {name} | {spent:.2f} |" for name, spent in seconds.items()),
    ]
    return "\n".join(lines)


def _seconds(task: Task, cases: list[tuple[str, str, str | None]]) -> float:
    task.check(*cases[0])  # what is loaded at first use is loaded
    began = time.process_time()
    for reply, reference, question in cases:
        task.check(reply, reference, question)
    return time.process_time() - began


def table(title: str, kinds: Mapping[str, Callable[[], object]], checks: int) -> str:
    """CPU and wall milliseconds of each kind of check, all of them together, and which is the slowest."""
    lines, costs = [title, f"{'':44} {'CPU ms':>8} {'wall ms':>8}"], {}
    for name, check in kinds.items():
        check()
        before, began = cpu_time(), time.perf_counter()
        for _ in range(checks):
            check()
        costs[name] = (cpu_time() - before, time.perf_counter() - began)
        cpu, wall = (1_000 * cost / checks for cost in costs[name])
        lines.append(f"  {name:42} {cpu:8.3f} {wall:8.3f}")
    cpu, wall = (sum(cost[place] for cost in costs.values()) for place in (0, 1))
    slowest = max(costs, key=lambda name: costs[name][0])
    lines.append(
        f"  {checks * len(kinds):,} took {cpu:.2f} s of CPU time, {wall:.2f} s; slowest: {slowest}\n"
    )
    return "\n".join(lines)


def cpu_time() -> float:
    """Seconds of this process and of those that it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
