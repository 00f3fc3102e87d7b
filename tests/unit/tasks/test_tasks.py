"""Finding tasks by name, setting reasoning apart, and comparing expressions in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth.tasks
from tilth import tasks
from tilth.tasks.numeric.comparison import expressions
from tilth.tasks.numeric.comparison.expressions import equivalent
from tilth.tasks.reasoning import blank_reasoning, reasoning_spans, strip_reasoning

SOURCE = Path(tilth.tasks.__file__).parents[2]
# This is worked out digit by digit, in one long call.
ENDLESS = ("9^{9^{9^9}}", "2")


def test_a_task_is_found_by_name_or_is_itself():
    task = tasks.Numeric()
    assert tasks.get(task) is task
    assert tasks.get("numeric") == task


def test_an_unknown_name_lists_the_names_there_are():
    with pytest.raises(ValueError, match=r"no task is named 'numerical'; there are .*'numeric'"):
        tasks.get("numerical")
    with pytest.raises(TypeError, match="not int"):
        tasks.get(3)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("18", "18"),
        ("<think>no</think>18", "18"),
        ("<think>a</think>1<THINK>b</THINK>2", "12"),
        ("<think>a<think>b</think>c</think>18", "18"),
        ("before <think>never closed 18", "before"),
        ("opened in the prompt</think>\n\n18", "18"),
        ("<thinking>no</thinking> 18", "18"),
        ("<think>", ""),
    ],
)
def test_reasoning_is_stripped(text, kept):
    assert strip_reasoning(text) == kept


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "<"]), max_size=20).map("".join))
def test_blanked_reasoning_keeps_every_position(text):
    blanked = blank_reasoning(text)
    hidden = {place for start, end in reasoning_spans(text) for place in range(start, end)}
    expected = "".join(" " if place in hidden else letter for place, letter in enumerate(text))
    assert blanked == expected


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("\\sqrt{2}", "2^{1/2}", True),
        ("3\\sqrt{2}", "\\sqrt{18}", True),
        ("\\{1, 2\\}", "\\{2, 1\\}", True),
        ("\\sqrt{4}", "2", True),
        ("2\\pi", "6.28", False),
        ("\\sqrt{2}", "\\sqrt{3}", False),
    ],
)
def test_expressions_are_compared_by_value(left, right, same):
    assert equivalent(left, right) == (same, None)
    verdict = tasks.check(f"So it is $\\boxed{{{left}}}$.", f"#### {right}")
    assert verdict.verdict == ("accepted" if same else "rejected")


def test_any_thread_may_compare():
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: equivalent(f"\\sqrt{{{n * n}}}", str(n)), range(1, 33)))
    assert answers == [(True, None)] * 32


def test_a_comparison_is_killed_at_its_limit_and_the_next_one_works():
    equivalent("\\sqrt{4}", "2")
    killed = expressions._worker.pid
    assert equivalent(*ENDLESS, limit=0.5) == (None, "the check took longer than 0.5 s")
    assert not _alive(killed)
    assert equivalent("\\sqrt{4}", "2") == (True, None)


@pytest.mark.slow
def test_a_check_that_takes_too_long_is_unverified():
    verdict = tasks.check(f"\\boxed{{{ENDLESS[0]}}}", f"\\boxed{{{ENDLESS[1]}}}")
    assert (verdict.verdict, verdict.reason) == ("unverified", "the check took longer than 5 s")


@pytest.mark.parametrize(
    "text", ["\x00", "\\", "{{{", "\ud800", "\n", '"', "\\frac{", "\\input{/etc/passwd}"]
)
def test_hostile_text_is_only_ever_a_reason(text):
    same, reason = equivalent(text, "\\sqrt{2}")
    assert same is False or (same is None and reason)
    assert equivalent("\\sqrt{4}", "2") == (True, None)


def test_a_forked_child_gets_a_process_of_its_own():
    assert equivalent("\\sqrt{4}", "2") == (True, None)
    child = os.fork()
    if child == 0:
        os._exit(0 if equivalent("\\sqrt{9}", "3") == (True, None) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert equivalent("\\sqrt{16}", "4") == (True, None)


def test_the_process_ends_with_its_parent_even_mid_comparison():
    script = (
        "import threading, time\n"
        "from tilth.tasks.numeric.comparison import expressions\n"
        "expressions.equivalent('\\\\sqrt{4}', '2')\n"
        "print(expressions._worker.pid, flush=True)\n"
        f"expressions.equivalent({ENDLESS[0]!r}, '2')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 120
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_plain_numbers_need_neither_a_library_nor_a_process():
    script = (
        "import sys\n"
        "from tilth.tasks import check\n"
        "from tilth.tasks.numeric.comparison import expressions\n"
        "assert check('The answer is 18.', '18').accepted\n"
        "assert expressions._worker.pid is None\n"
        "print(sorted({'polars', 'mpmath', 'openai', 'IPython'} & set(sys.modules)))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    found = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_an_interrupted_comparison_leaves_no_answer_for_the_next():
    script = (
        "import signal\n"
        "from tilth.tasks.numeric.comparison.expressions import equivalent\n"
        "equivalent('\\\\sqrt{4}', '2')\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.3)\n"
        "try:\n"
        f"    equivalent({ENDLESS[0]!r}, '2')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', equivalent('\\\\sqrt{4}', '2'), equivalent('\\\\sqrt{4}', '3'))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    found = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "interrupted (True, None) (False, None)"
