"""At any task the same inputs give the same reply in every process, and a seed varies it where it may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial

import pytest
from tests.unit.demo import measure, measure_sql
from tests.unit.demo.measured import Measured

from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
from tilth.demo.sets import draw_seeds as draw_numeric
from tilth.demo.sql.sets import draw_seeds as draw_sql
from tilth.seeds import Seed

NUMERIC = [seed.question for seed in draw_numeric(10, 42)]
SQL = [seed.question for seed in draw_sql(8, 42)]
BOTH = pytest.mark.parametrize(
    ("measured", "questions"),
    [(measure.MEASURED, NUMERIC), (measure_sql.MEASURED, SQL)],
    ids=["numeric", "sql"],
)

_ELSEWHERE = """
import json, sys
from tilth.demo.knobs import Knobs
from tilth.demo.model import reply
asked = json.load(sys.stdin)
print(json.dumps([reply(Knobs(*knobs), messages, heat, seed) for knobs, messages, heat, seed in asked]))
"""


@BOTH
def test_same_inputs_same_reply_in_every_process(measured: Measured, questions: list[str]) -> None:
    asked = [
        ((skill, drift), [dict(message) for message in prompt.messages], heat, place)
        for place, question in enumerate(questions)
        for prompt in (
            measured.task.answer(question),
            measured.task.rephrase(Seed("s", 0, question)),
            measured.task.write_new_question(Seed("s", 0, question)),
        )
        for skill, drift, heat in ((1.0, 0.3, 0.7), (0.5, 1.0, 0.0))
    ]
    here = [reply(Knobs(*knobs), messages, heat, seed) for knobs, messages, heat, seed in asked]
    for hash_seed in ("1", "2"):
        elsewhere = subprocess.run(
            [sys.executable, "-c", _ELSEWHERE],
            input=json.dumps(asked),
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(elsewhere.stdout) == here


@BOTH
def test_seeds_vary_replies_but_not_at_temperature_zero(measured: Measured, questions: list[str]) -> None:
    for purpose in ("answer", "rephrase", "new-question"):
        ask = partial(measured.ask, Knobs(), purpose, questions[0])
        assert len({ask(0.7, seed) for seed in range(20)}) > 1
        assert len({ask(0.0, seed) for seed in range(20)}) == 1
