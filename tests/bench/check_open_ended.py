"""Measures what checking open-ended replies costs, by measure and kind of reply, and names the slowest.

python -m tests.bench.check_open_ended [--checks 1000]
"""

from __future__ import annotations

import argparse
import json

from tests.bench.checks import table

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
        kinds = {name: lambda pair=pair, task=task: task.check(*pair) for name, pair in KINDS.items()}
        print(table(measure, kinds, checks))


if __name__ == "__main__":
    main()
