"""Code that is run: forms of tests, what passes between code and tests, and what verdicts say."""

from __future__ import annotations

import json

import pytest
from tests.unit.tasks.code.checking import ADD, LACKING, SUBTRACT, check

pytestmark = pytest.mark.usefixtures("confined")


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


READING = [
    "print(add(int(input()), int(input())))",
    "def main():\n    print(add(*map(int, input().split())))\n\nmain()",
    "while True:\n    print(add(int(input()), 1))",
    "import sys\na, b = map(int, sys.stdin.readline().split())",
    "import sys\ndata = sys.stdin.read().split()\nprint(add(data[0], data[1]))",
    "import sys\nfirst = next(sys.stdin)",
    "import sys\nprint(add(int(sys.argv[1]), int(sys.argv[2])))",
    "a, b = open(0).read().split()",
]
ENDING = [
    "import unittest\n\nclass T(unittest.TestCase):\n    def test_it(self): add(1, 2)\n\nunittest.main()",
    "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('a')\nparser.parse_args()",
    "import sys\nsys.exit(0)",
    "exit()",
    "quit()",
    "raise SystemExit",
]


@pytest.mark.parametrize("end", [*READING, *ENDING])
def test_what_makes_a_script_of_code_is_left_out(end):
    for tests in ("assert add(1, 2) == 3", "def check(candidate):\n    assert candidate(1, 2) == 3"):
        assert check(f"{ADD}\n\n{end}", tests, "Write add(a, b).") == ("accepted", None, None)
        assert check(f"{SUBTRACT}\n\n{end}", tests, "Write add(a, b).")[::2] == ("rejected", "tests-failed")
        method = (
            f"class A:\n    def add(self, a, b):\n        return a + b\n\n{end.replace('add(', 'A().add(')}"
        )
        assert check(method, tests, "Write add(a, b).") == ("accepted", None, None)
        assert check(method.replace("a + b", "a - b"), tests, "Write add(a, b).")[0] == "rejected"
    told = "the tests call nothing of the code"
    assert check(f"{ADD}\n\n{end}", "for _ in []:\n    assert add(1, 2) == 4")[:2] == ("unverified", told)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (f"a = int(input())\n\n{ADD}", "EOFError"),
        (f"import sys\nsys.exit()\n\n{ADD}", "SystemExit"),
        (f"{SUBTRACT}\n\na = int(input())\n\n{ADD}", "EOFError"),
        (f"{ADD}\n\nexit()\n\nadd = None", "SystemExit"),
        (f"{ADD}\n\nraise OSError", "OSError"),
        (f"{ADD}\n\nint('')", "ValueError"),
        (f"{ADD}\n\nassert add(1, 2) == 4 and input()", "AssertionError"),
        (f"{ADD}\n\nprint(plus(1, 2), input())", "NameError"),
    ],
)
def test_code_that_fails_elsewhere_is_rejected(code, error):
    verdict, reason, cause = check(code, "assert add(1, 2) == 3")
    assert (verdict, cause) == ("rejected", "code-failed")
    assert reason.startswith(f"the code raises {error}")


def test_a_script_that_defines_nothing_that_is_wanted_is_not_saved_by_its_question():
    question = f"Mend this:\n\n```python\n{ADD}\n```"
    assert check("def other():\n    pass\n\nexit()", "assert add(1, 2) == 3", question)[0] == "rejected"


@pytest.mark.parametrize(
    "tests", ["assert add(1, 2) == 3", "def check(candidate):\n    assert candidate(1, 2) == 3"]
)
def test_a_function_that_is_taken_from_a_module_is_judged(tests):
    question = "Write add(a, b)."
    assert check("from operator import add", tests, question) == ("accepted", None, None)
    assert check("import operator\nadd = operator.add", tests, question) == ("accepted", None, None)
    assert check("from operator import sub as add", tests, question)[::2] == ("rejected", "tests-failed")
    assert check("from math import pi as add", tests, question)[::2] == ("rejected", "tests-failed")


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
