"""Code in other forms than the function that was asked for, what passes to its tests, and runs."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples
from tests.unit.tasks.code.checking import ADD, CHECK, HUMAN_EVAL, LACKING, SUBTRACT, check

import tilth
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Code

pytestmark = pytest.mark.usefixtures("confined")

ACCEPTED = tomllib.loads((Path(__file__).parent / "code_accepted.toml").read_text("utf-8"))

TOTAL = 'def total(values):\n    """ Return the sum of the positive values. """\n'
POSITIVE = "return sum(v for v in values if v > 0)"
CHECK_TOTAL = "def check(candidate):\n    assert candidate([1, -2, 3]) == 4\n    assert candidate([]) == 0"


@pytest.mark.parametrize(
    "reply",
    [
        f"    {POSITIVE}\n",
        f"class Solution:\n    def total(self, values):\n        {POSITIVE}",
        f"class A:\n    def __init__(self, n=0): pass\n    @staticmethod\n    def total(values): {POSITIVE}",
        f"def aid(v): return v\n\nclass A:\n    def total(self, values):\n        {POSITIVE}",
        f"class A:\n    def total(self, values): {POSITIVE}\n\ndef total(values): return A().total(values)",
    ],
)
def test_a_body_or_a_method_stands_for_the_function(reply):
    for tests in (CHECK_TOTAL, "assert total([1, -2, 3]) == 4\nassert total([]) == 0"):
        assert Code(run=True).check(reply, tests, TOTAL).accepted
        assert Code(run=True).check(reply.replace("> 0", "< 0"), tests, TOTAL).verdict == "rejected"


def test_a_method_is_not_taken_where_its_object_cannot_be_made():
    code = f"class A:\n    def __init__(self, n): pass\n    def total(self, values): {POSITIVE}"
    missing = ("rejected", "the code does not define 'total'", "tests-failed")
    assert check(code, "assert total([1]) == 1", "Write total(values).") == missing
    assert check(code, "assert A(1).total([1]) == 1\nassert A(2).total([2]) == 2", TOTAL)[0] == "accepted"


def test_what_the_question_shows_runs_before_the_code_and_cannot_be_replaced_for_the_tests():
    decode = "def decode(text: List[str]) -> str:\n    return text[::-1]"
    assert check(decode, CHECK, HUMAN_EVAL) == ("accepted", None, None)
    assert (
        check(HUMAN_EVAL.replace('"""Undoes encode."""', "return encode(text)").strip(), CHECK, HUMAN_EVAL)[0]
        == "accepted"
    )
    cheat = "def encode(text):\n    return text\n\ndef decode(text):\n    return text"
    assert check(cheat, CHECK, HUMAN_EVAL)[0] == "rejected"
    # The question may be a model's, too: what it shows runs apart from the tests.
    question = HUMAN_EVAL.replace(
        "text[::-1]", "vars(__import__('builtins')).update(AssertionError=OSError) or text"
    )
    assert check(decode, CHECK, question)[:2] == ("rejected", "fails: assert candidate(encode(text)) == text")
    question = HUMAN_EVAL.replace("text[::-1]", "__import__('os')._exit(0)")
    reason = "the question's own code ends its process"
    assert check(decode, CHECK, question) == ("unverified", reason, "untestable")
    fenced = f"Undo this:\n\n```python\n{HUMAN_EVAL}```\n"
    assert check(decode, CHECK, fenced) == ("accepted", None, None)


def test_a_function_may_bear_a_name_of_pythons_own():
    code = "def sum(a, b):\n    return a * b"
    assert check(code, "assert sum(2, 3) == 6") == ("accepted", None, None)
    assert check(f"{code}\n\ndef f(x):\n    return x", "assert f(2) == 2 and sum([2, 3]) == 5") == (
        "accepted",
        None,
        None,
    )


def test_a_class_that_was_asked_for_may_be_right_where_it_says_so_itself():
    code = "class Pair:\n    def __init__(self, *parts):\n        self.parts = parts\n\n"
    equal = f"{code}    def __eq__(self, other):\n        return self.parts == getattr(other, 'parts', other)"
    doubt = "an object of the code's own class 'Pair' would decide itself, by __eq__"
    for tests in ("assert Pair(1, 2) == (1, 2)", "assert Pair(1, 2) == Pair(1, 2)"):
        assert check(equal, tests) == ("unverified", doubt, "untestable")
        assert check(f"{code}    pass", tests) == ("rejected", f"fails: {tests}", "tests-failed")
    made = f"{equal}\n\ndef pair(a, b):\n    return Pair(a, b)"
    tests = "assert pair(1, 2) == (1, 2)"
    assert check(made, tests, "Write pair(a, b), which returns a Pair.") == (
        "unverified",
        doubt,
        "untestable",
    )
    assert check(made, tests, "Write pair(a, b).") == ("rejected", doubt, "tests-failed")
    assert check(made, "assert pair(1, 2).parts == (1, 2)", "Write pair(a, b).")[0] == "accepted"


def test_tests_that_are_nested_deeply_are_judged_like_others():
    tests = f"assert add(1, 2) == 3 {'- 1 + 1 ' * 900}"
    assert check(ADD, tests, "Write add(a, b). add(1, 2) == 3")[0] == "accepted"


def test_a_class_in_the_place_of_a_function_decides_nothing():
    code = "class add:\n    def __init__(self, *_): pass\n\n    def __eq__(self, other):\n        return True"
    doubt = "an object of the code's own class 'add' would decide itself, by __eq__"
    tests = "assert add(1, 2) == 3"
    assert check(code, tests, "Write add(a, b).") == ("rejected", doubt, "tests-failed")
    assert check(code, tests, "Write a class add.") == ("unverified", doubt, "untestable")


VALUES = """
import datetime, decimal, fractions, math
values = [
    None, True, 0, -1, 10**400, 1.5, -0.0, float('inf'), 1j, 'text', '\\ud800\\x00', b'\\xff\\x00',
    bytearray(b'a'), [], [1, [2]], (1,), (), {1, 'a'}, frozenset({2}), {}, {(1, 2): [3], None: 'x'}, range(3),
    int, ValueError, decimal.Decimal('1.10'), fractions.Fraction(1, 3), datetime.date(2024, 2, 29),
    datetime.timedelta(1, 2, 3), datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), [[[[[[1]]]]]],
]
for value in values:
    given = f(value)
    assert given == value and type(given) is type(value) and repr(given) == repr(value)
assert math.isnan(f(math.nan))
assert f(print) is print
"""


def test_values_pass_unchanged():
    assert check("def f(x):\n    return x", VALUES) == ("accepted", None, None)


@pytest.mark.parametrize("name", ACCEPTED)
def test_code_works_as_it_would_beside_its_tests(name):
    assert check(ACCEPTED[name]["code"].strip(), ACCEPTED[name]["tests"]) == ("accepted", None, None)


@pytest.mark.parametrize(
    ("reference", "question", "fault"),
    [
        ("assert add(1, 2) == 3", "Write add(a, b).", None),
        ("def check(candidate):\n    assert candidate(1)", "Write it.", None),
        (None, "Write it.", None),
        (
            "assert add(1, 2) == 3",
            "Add two numbers.",
            "the tests use 'add', which the question does not name; add the name",
        ),
        ("#### 3", "Write add(a, b).", "the reference holds no tests"),
        ("assert add(", "Write add(a, b).", "the reference does not parse (line 1)"),
        *(
            (
                f"{tests}\nassert add(1, 2) == 3",
                "Write add(a, b).",
                f"the tests {lacks}, which is not there where code is run: only the standard library is",
            )
            for tests, lacks in LACKING.items()
        ),
        ("from solution import add\nassert add(1, 2) == 3", "Write add(a, b).", None),
        ("import numpy as np\nassert add(1, 2) == 3", "Write add(a, b).", None),
        ("assert add(open('a.txt').read(), '') == 'a'", "Write add(a, b) for the text in a.txt.", None),
    ],
)
def test_seeds_that_cannot_be_checked_are_told_before_a_run(reference, question, fault):
    seed = Seed("s0001", 0, question, reference)
    given = Code(run=True).fault(seed)
    assert given is None if fault is None else given.startswith(fault)
    assert Code().fault(seed) is None


LINES = st.lists(
    st.sampled_from(
        [
            "def f(x):",
            "    return x",
            "    yield x",
            "assert f(1) == 1",
            "class A:",
            "    f = 1",
            "import os",
            "check = f = 3",
            "def check(f):",
            "    assert f(f)",
            "def test_f():",
            "f()()",
            "raise",
            "exit()",
            "\x00",
            "'\ud800'",
        ]
    ),
    max_size=6,
).map("\n".join)


@examples(30)
@given(code=LINES, tests=LINES, question=LINES)
def test_no_code_and_no_tests_make_a_check_raise(code, tests, question):
    verdict = Code(run=True, cpu=1, seconds=2).check(code, tests, question)
    assert verdict.accepted == (verdict.cause not in CAUSES)
    assert verdict.accepted or verdict.reason


def test_a_run_is_checked_anew_where_its_code_is_to_be_run_and_asks_nothing(tmp_path):
    asked = []

    async def teacher(messages, **settings):
        asked.append(messages)
        return f"```python\n{ADD if len(asked) % 2 else SUBTRACT}\n```"

    def grown(task):
        seeds = tilth.read_seeds(
            [{"question": "Write add(a, b).", "answer": "assert add(1, 2) == 3"}], task=task
        )
        path = tmp_path / "run.tilth"
        return tilth.generate_sync(seeds, "answer-augmentation", 4, teacher=tilth.Teacher(teacher), path=path)

    assert set(grown(Code()).rows["verdict"]) == {"unverified"}
    run = grown(Code(run=True))
    assert sorted(run.rows["verdict"]) == ["accepted", "accepted", "rejected", "rejected"]
    assert len(asked) == 4
    whole = tilth.verify(tmp_path / "run.tilth", using=[Code(run=True)])
    assert (whole.findings, whole.notes, whole.rebuilt) == ((), (), 4)


def test_a_file_does_not_say_that_its_code_is_run(tmp_path):
    """A stranger's file is read, verified and shown without running what it holds."""
    path = tmp_path / "run.tilth"

    async def teacher(messages, **settings):
        return f"```python\n{SUBTRACT if 'other' in str(messages) else ADD}\n```"

    records = [
        {"question": f"Write add(a, b), {which}.", "answer": "assert add(1, 2) == 3"}
        for which in ("one", "another", "the other")
    ]
    seeds = tilth.read_seeds(records, task=Code(run=True))
    tilth.generate_sync(seeds, "answer-augmentation", 3, teacher=tilth.Teacher(teacher), path=path)
    report = tilth.verify(path)
    assert (report.ok, report.rebuilt) == (True, 3)
    assert [note.partition(";")[0] for note in report.notes] == ["not re-run: code"]
    assert "3 verdicts were taken as they stand" in report.notes[0]
    assert tilth.open_run(path).task == Code()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE rows SET verdict = 'accepted', cause = NULL, reason = NULL, score = 1.0")
    assert tilth.verify(path).ok, "what is not run cannot be found wrong"
    found = tilth.verify(path, using=[Code(run=True)])
    assert [finding for finding in found.findings if "verdict is" in finding]
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE rows SET response = 'I would rather not.'")
    assert not tilth.verify(path).ok, "what needs no running is compared"


def test_a_readers_limits_hold_and_not_those_of_a_file(tmp_path):
    path = tmp_path / "run.tilth"

    async def teacher(messages, **settings):
        return f"```python\n{ADD}\n```"

    seeds = tilth.read_seeds(
        [{"question": "Write add(a, b).", "answer": "assert add(1, 2) == 3"}], task=Code(run=True, cpu=4)
    )
    tilth.generate_sync(seeds, "answer-augmentation", 1, teacher=tilth.Teacher(teacher), path=path)
    report = tilth.verify(path, using=[Code(run=True)])
    assert report.ok
    assert '"cpu": 4' in report.notes[0]
    assert '"cpu": 5' in report.notes[0]
