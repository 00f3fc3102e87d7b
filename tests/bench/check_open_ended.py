"""Measures what checking open-ended replies costs, by measure and kind of reply, and names the slowest.

python -m tests.bench.check_open_ended [--checks 1000]
"""

from __future__ import annotations

import argparse
import json
import time

from tilth.tasks import OpenEnded

SENTENCE = "The relation between the given pairs is that they are opposites, as night and day are. "
OTHER = "Night and day are opposites; so are right and left, which the given pairs have in common. "
KINDS = {
    "a word": ("Paris.", "Paris"),
    "a sentence": (SENTENCE, OTHER),
    "2,000 characters": (SENTENCE * 23, OTHER * 22),
    "20,000 characters": (SENTENCE * 230, OTHER * 220),
    "2,000 characters without spaces": ("左右是反义词" * 333, "昼夜是反义词" * 333),
    "2,000 characters of another script": ("Отношение между данными парами " * 64, "День и ночь " * 166),
    "ten references": (SENTENCE, json.dumps([OTHER] * 10)),
    "reasoning of 20,000 characters": (f"<think>{OTHER * 220}</think>{SENTENCE}", OTHER),
    "an empty reply": ("", SENTENCE),
}


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checks", type=int, default=200, help="checks of each kind (%(default)s)")
    checks = parser.parse_args().checks
    for measure in ("exact", "contains", "rouge-l"):
        task = OpenEnded(measure=measure)
        print(f"{measure}\n{'':38} {'CPU ms':>8} {'wall ms':>8}")
        costs = {}
        for name, (reply, reference) in KINDS.items():
            task.check(reply, reference)
            before, began = time.process_time(), time.perf_counter()
            for _ in range(checks):
                task.check(reply, reference)
            costs[name] = (time.process_time() - before, time.perf_counter() - began)
            cpu, wall = (1_000 * cost / checks for cost in costs[name])
            print(f"  {name:36} {cpu:8.3f} {wall:8.3f}")
        cpu, wall = (sum(cost[place] for cost in costs.values()) for place in (0, 1))
        slowest = max(costs, key=lambda name: costs[name][0])
        print(f"  {checks * len(KINDS):,} took {cpu:.2f} s of CPU time, {wall:.2f} s; slowest: {slowest}\n")


if __name__ == "__main__":
    main()
