"""Code that is run: forms of tests, what passes between code and tests, and what verdicts say."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.effort import examples

import tilth
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Code

pytestmark = pytest.mark.usefixtures("confined")

ACCEPTED = tomllib.loads((Path(__file__).parent / "code_accepted.toml").read_text("utf-8"))
ADD = "def add(a, b):\n    return a + b"
SUBTRACT = "def add(a, b):\n    return a - b"
HUMAN_EVAL = (
    "from typing import List\n\n"
    "def encode(text: str) -> str:\n    return text[::-1]\n\n"
    'def decode(text: str) -> str:\n    """Undoes encode."""\n'
)
CHECK = (
    "METADATA = {'author': 'x'}\n\n"
    "def check(candidate):\n    for text in ('abc', ''):\n        assert candidate(encode(text)) == text\n"
)


LACKING = {
    "import numpy as np\nassert np.allclose(1, 1)": "import 'numpy'",
    "import pytest\n@pytest.mark.slow\ndef test_a(): pass": "import 'pytest'",
    "from numpy.testing import *": "import 'numpy.testing'",
    "from numpy.testing import assert_equal\nassert_equal(1, 1)": "import 'numpy.testing'",
    "from .helper import near\nassert near(1, 1)": "import '.helper'",
    "def test_a():\n    import pandas\n    assert pandas": "import 'pandas'",
    "near = 1\nfor _ in 'a':\n    from helper import near\n    assert near(1, 1)": "import 'helper'",
    "with open('data.json') as file: assert file": "read the file 'data.json'",
    "assert open('a.txt', mode='rb').read()": "read the file 'a.txt'",
    "from pathlib import Path\nassert Path('a.txt').read_text()": "read the file 'a.txt'",
}


def check(code, tests, question=None):
    verdict = Code(run=True).check(f"```python\n{code}\n```", tests, question)
    assert verdict.answer == code
    assert verdict.score == {"accepted": 1.0, "rejected": 0.0, "unverified": None}[verdict.verdict]
    return verdict.verdict, verdict.reason, verdict.cause


@pytest.mark.parametrize(
    "tests",
    [
        "assert add(1, 2) == 3",
        "assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'",
        json.dumps(["assert add(1, 2) == 3", "assert add(0, 0) == 0, 'zero'"]),
        "def test_a():\n    assert add(1, 2) == 3\n\ndef test_b(a='a'):\n    assert add(a, 'b') == 'ab'",
        "def check(candidate):\n    assert candidate(1, 2) == 3",
        "def check(candidate):\n    assert candidate(1, 2) == 3\n\ncheck(add)",
        "import random\nfor _ in range(20):\n    a = random.random()\n    assert add(a, 1) == a + 1",
        "assert math.isclose(add(0.1, 0.2), 0.3)",
    ],
)
def test_tests_of_each_form_are_run(tests):
    assert check(ADD, tests) == ("accepted", None, None)
    verdict, reason, cause = check(SUBTRACT, tests)
    assert (verdict, cause) == ("rejected", "tests-failed")
    assert "assert" in reason


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (SUBTRACT, "fails: assert add(1, 2) == 3", "tests-failed"),
        ("def plus(a, b):\n    return a + b", "the code does not define 'add'", "tests-failed"),
        (
            "def add(a):\n    return a",
            "TypeError: add() takes 1 positional argument but 2 were given, at: assert add(1, 2) == 3",
            "tests-failed",
        ),
        (
            "def add(a, b):\n    return sum_of(a, b)",
            "NameError: name 'sum_of' is not defined, at: assert add(1, 2) == 3",
            "tests-failed",
        ),
        (
            "def add(a, b):\n    raise ValueError('a\\n\\x00b')",
            "ValueError: a b, at: assert add(1, 2) == 3",
            "tests-failed",
        ),
        ("def add(a, b):\n    pass\n\nraise OSError", "the code raises OSError", "code-failed"),
        (
            "import numpy\n\ndef add(a, b):\n    return a + b",
            "the code raises ModuleNotFoundError: No module named 'numpy'",
            "code-failed",
        ),
        (
            "def add(a, b):\n    return a + b\n\nreturn 3",
            "the code raises SyntaxError: 'return' outside function",
            "code-failed",
        ),
    ],
)
def test_rejects_with_a_reason(code, reason, cause):
    verdict, given, named = check(code, "assert add(1, 2) == 3")
    assert (verdict, named) == ("rejected", cause)
    assert given.startswith(reason)


@pytest.mark.parametrize(
    ("tests", "reason", "cause"),
    [
        (None, "no tests", "no-reference"),
        (
            "add(1, 2)",
            "the reference holds no tests: assert lines, test_...() or check(candidate)",
            "bad-reference",
        ),
        (
            "def helper():\n    assert add(1, 2) == 3",
            "the reference holds no tests: assert lines, test_...() or check(candidate)",
            "bad-reference",
        ),
        (
            "assert True",
            "the reference holds no tests: assert lines, test_...() or check(candidate)",
            "bad-reference",
        ),
        (
            "assert (add(1, 2) == 4, 'a message')",
            "the reference holds no tests: assert lines, test_...() or check(candidate)",
            "bad-reference",
        ),
        *(
            (tests, "the tests call nothing of the code", "untestable")
            for tests in (
                "if __name__ == '__main__':\n    assert add(1, 2) == 4",
                "def test_add():\n    yield\n    assert add(1, 2) == 4",
                "for pair in []:\n    assert add(*pair) == 4",
                "assert callable(add)",
            )
        ),
        ("assert add(1, 2) ==", "the reference does not parse (line 1)", "bad-reference"),
        ("3", "the reference holds no tests: assert lines, test_...() or check(candidate)", "bad-reference"),
        (
            "assert add(1, 2) == 3\nreturn",
            "the tests do not compile: SyntaxError: 'return' outside function",
            "untestable",
        ),
        (
            "class A: pass\nassert add(A(), A())",
            "the tests hand over an object of their own, 'A'",
            "untestable",
        ),
    ],
)
def test_unverified_where_the_tests_cannot_judge(tests, reason, cause):
    verdict, given, named = check(ADD, tests)
    assert (verdict, named) == ("unverified", cause)
    assert given.startswith(reason)


@pytest.mark.parametrize(("tests", "lacks"), LACKING.items())
def test_tests_that_need_what_is_not_there_say_nothing_of_the_code(tests, lacks):
    for code in (ADD, SUBTRACT):
        assert check(code, f"{tests}\nassert add(1, 2) == 3") == (
            "unverified",
            f"the tests {lacks}, which is not there where code is run",
            "bad-reference",
        )


@pytest.mark.parametrize(
    "tests",
    [
        "import importlib\nimportlib.import_module('numpy')",
        "name = 'data.json'\nopen(name)",
        "try:\n    import numpy\nexcept KeyError:\n    pass",
        "import os\nassert os.listdir('data')",
    ],
)
def test_what_shows_only_in_tests_that_run_is_not_the_codes_fault(tests):
    verdict, reason, cause = check(ADD, f"{tests}\nassert add(1, 2) == 3")
    assert (verdict, cause) == ("unverified", "untestable")
    assert reason.startswith("the tests need what is not here: ")


@pytest.mark.parametrize(
    ("tests", "question"),
    [
        ("from solution import add\nassert add(1, 2) == 3", ""),
        ("from your_module import add as plus\nassert plus(1, 2) == 3", ""),
        ("import solution\nassert solution.add(1, 2) == 3", ""),
        ("import submission as s\nassert s.add(1, 2) == 3", ""),
        ("from main import *\nassert add(1, 2) == 3", ""),
        ("def test_a():\n    from __main__ import add\n    assert add(1, 2) == 3", ""),
        ("from sums import add\nassert add(1, 2) == 3", "Write sums.py, which has add(a, b)."),
        ("import numpy as np, pytest\nfrom a.b import c\nassert add(1, 2) == 3", ""),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None\nassert add(1, 2) == 3", ""),
        ("with open('a', 'w') as file: file.write('3')\nassert add(1, 2) == int(open('a').read())", ""),
    ],
)
def test_tests_may_import_the_code_and_what_they_do_not_use(tests, question):
    assert check(ADD, tests, question)[0] == "accepted"
    assert check(SUBTRACT, tests, question)[::2] == ("rejected", "tests-failed")
    if "numpy" not in tests and "open" not in tests:
        lacking = ("rejected", "the code does not define 'add'", "tests-failed")
        assert check("def plus(a, b):\n    return a + b", tests, question) == lacking


def test_names_that_nobody_told_are_not_the_codes_fault():
    tests = "assert near(add(1, 2), 3)"
    assert check(ADD, tests, "Write add(a, b).") == (
        "unverified",
        "the tests use 'near', which the question does not name",
        "untestable",
    )
    assert check(ADD, tests, "Write add(a, b) and near(a, b).") == (
        "rejected",
        "the code does not define 'near'",
        "tests-failed",
    )
    missing = "def add(a, b):\n    return open('sums.txt').read()"
    reads = "assert add(1, 2) == 3 and open('sums.txt').read()"
    assert check(missing, reads, "Write add(a, b), which reads sums.txt.")[0] == "rejected"
    writes = "def add(a, b):\n    open('sums.txt', 'w').write(str(a + b))\n    return a + b"
    assert check(writes, reads, "Write add(a, b), which writes sums.txt.")[0] == "accepted"
    assert check(ADD, reads, "Write add(a, b), which writes sums.txt.")[0] == "rejected"


SQUARE = "def f(x):\n    return x * x"
NINE = "def f(x):\n    return 9"
TABLE = "def f(x):\n    if x == 3:\n        return 9\n    return 0"
SHOWN = "Write f(x) that squares x. For example, assert f(3) == 9."


@pytest.mark.parametrize(
    ("code", "tests", "question", "part"),
    [
        (
            NINE,
            "assert f(3) == 9",
            "Write f(x).",
            "it returns a constant whatever it is given, and passes one test",
        ),
        (NINE, "assert f(3) == 9 and f(-3) == 9", "Write f(x).", "passes 2 tests that want one result"),
        (NINE, "def check(c):\n    assert c(3) == 9", "Write f(x).", "it returns a constant"),
        (NINE, "assert f(3)", "Write f(x).", "it returns a constant"),
        (TABLE, "assert f(3) == 9", SHOWN, "one test, shown in the question: a constant would pass, too"),
        (TABLE, "def check(c):\n    assert c(3) == 9", SHOWN, "shown in the question"),
        (SQUARE, "assert f( 3 ) == 9", "Write f(x).\n>>> f(3)\n9", "shown in the question"),
        (SQUARE, "assert abs(f(3) - 9) < 1e-6", SHOWN, "shown in the question"),
        (NINE, "assert isinstance(f(3), int)", "Write f(x).", "ask for a type alone"),
        (NINE, "assert type(f(3)) is int\nassert type(f(4)) == int", "Write f(x).", "ask for a type alone"),
        (TABLE, "assert f(3) == 9", "Write f(x).", None),
        (SQUARE, "assert f(3) == 9\nassert f(4) == 16", "Like f(3) == 9, f(4) == 16.", None),
        (SQUARE, "assert f(3) == 9\nassert isinstance(f(4), int)\nassert not f(0)", SHOWN, None),
        (SQUARE, "for n in (3, 4): assert f(n) == n * n", SHOWN, None),
        (SQUARE, "given = f(3)\nassert given == 9\nassert given > 8", SHOWN, None),
        ("def f():\n    return 9", "assert f() == 9", "Write f, which returns nine.", None),
    ],
)
def test_code_that_is_accepted_by_tests_that_say_little_says_so(code, tests, question, part):
    verdict, reason, cause = check(code, tests, question)
    assert (verdict, cause) == ("accepted", None)
    assert reason is None if part is None else part in reason


def test_the_function_is_found_that_a_check_is_to_be_given():
    before = "def helper(x):\n    return x\n\n"
    assert (
        check(f"{ADD}\n\n{before.strip()}", "def check(c):\n    assert c(1, 2) == 3", "Write `add(a, b)`.")[0]
        == "accepted"
    )
    assert check(f"{before}{ADD}", "def check(c):\n    assert c(1, 2) == 3")[0] == "accepted"
    assert check("class A:\n    pass", "def check(c):\n    assert c(1, 2) == 3") == (
        "rejected",
        "the code defines no function",
        "no-answer",
    )


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
