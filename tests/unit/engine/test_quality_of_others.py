"""A check that another package brings by its entry point is counted and shown as ours are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import tilth

CHECKOUT = Path(__file__).parents[3]
SITE = CHECKOUT / "tests" / "support" / "site"

GROW = """
import re, polite, tilth

async def teacher(messages):
    prompt = messages[-1]["content"]
    asked = int(re.search(r"number (\\d+)", prompt)[1])
    return str(asked % 3) if "say please" in prompt else f"This is number {asked}.\\nThe answer is {asked}."

seeds = tilth.read_seeds(
    [{"question": f"What is number {i}?", "answer": str(i % 5)} for i in range(7)], answer="answer", name="n"
)
tilth.generate_sync(
    seeds, "answer-augmentation", 14, teacher=tilth.Teacher(teacher), path="run.tilth",
    checks=[polite.Polite()],
)
"""
READ = """
import json, sys, tilth
run = tilth.open_run("run.tilth")
report = tilth.verify("run.tilth")
print(json.dumps({"quality": run.quality.to_json(), "causes": run.rows["cause"].to_list(),
                  "ok": report.ok, "rebuilt": report.rebuilt, "loaded": "polite" in sys.modules}))
"""


def python(script: str, *, installed: bool) -> str:
    """What a program prints, with the package installed or not."""
    paths = [str(CHECKOUT), str(Path(tilth.__file__).parents[1]), *([str(SITE)] if installed else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout


def test_its_verdicts_causes_and_tables_are_those_of_any_check() -> None:
    python(GROW, installed=True)
    told: dict[str, Any] = json.loads(python(READ, installed=True))
    assert told["loaded"], "by its entry point: nothing else names it"
    assert (told["ok"], told["rebuilt"]) == (True, 7)
    # 5 and 6 are not the references, 0 and 3 say it no time
    assert sorted(map(str, told["causes"])) == ["None"] * 3 + ["impolite"] * 2 + ["wrong-answer"] * 2
    quality = told["quality"]
    assert quality["rejected_by"] == {"impolite": 2, "wrong-answer": 2}
    assert quality["latest"]["rejected"]["impolite"] == "no please in it"
    assert quality["checks"] == {
        "polite": [
            {
                "title": "How polite",
                "columns": [{"name": "rows", "kind": "count"}, {"name": "of all", "kind": "share"}],
                "rows": [
                    {"name": "said 0 times", "values": [3, 3 / 7]},
                    {"name": "said 1 times", "values": [2, 2 / 7]},
                    {"name": "said 2 times", "values": [2, 2 / 7]},
                ],
                "about": "rows that were asked about",
            }
        ]
    }


def test_where_it_is_not_installed_its_tables_are_missing_and_nothing_else() -> None:
    python(GROW, installed=True)
    told: dict[str, Any] = json.loads(python(READ, installed=False))
    assert told["quality"]["rejected_by"] == {"impolite": 2, "wrong-answer": 2}
    assert told["quality"]["checks"] == {}
    assert not told["loaded"]
