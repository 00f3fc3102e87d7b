"""The code task: what it asks, what it reads, what it accepts where code is run, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth import tasks
from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.tasks import CAUSES, Code

REPLIES = [
    json.loads(line)
    for line in (Path(__file__).parent / "code_replies.jsonl").read_text("utf-8").splitlines()
]
SEED = Seed("s0001", 0, "Write a function add(a, b) that adds two numbers.", "assert add(1, 2) == 3")
ADD = "def add(a, b):\n    return a + b"
PIECES = st.sampled_from(
    [
        "```",
        "```python\n",
        "```js\n",
        "~~~\n",
        "def f(x):\n",
        "    return x\n",
        "class A:\n",
        "import re\n",
        "from a import b\n",
        "x = 1\n",
        "f = lambda: 0\n",
        "print(x)\n",
    ]
) | st.sampled_from(
    [
        "prose\n",
        "<think>",
        "</think>",
        "'''",
        '"',
        "(",
        ")",
        ":",
        "\n",
        "\r\n",
        "  ",
        "\t",
        "\\",
        "\x00",
        "@a\n",
        "#",
    ]
)
HOSTILE = {
    "fences": "```python\n" * 100_000,
    "ticks": "`" * 1_000_000,
    "ticks in words": ("```" + "a" * 1000 + "`") * 1_000,
    "one long tag": "```" + "a" * 1_000_000 + "`",
    "blocks": "```python\ndef f(): pass\n```\n" * 40_000,
    "functions": "def f(): pass\n\n" * 60_000,
    "lines of code": "x = 1\n" * 160_000,
    "names": "x" * 1_000_000,
    "assignments": "def f(): pass\n" + "a, " * 300_000,
    "annotations": "x: " + "int, " * 200_000,
    "spaces": " " * 1_000_000 + "def f(): pass",
    "indented fences": (" " * 100 + "```\n") * 10_000,
    "thoughts": "<think>" * 140_000,
    "blocks of JSON": '```json\n["a' * 100_000,
    "marks": "[BEGIN]\n<code>" * 60_000,
    "marks at the end": "def f(): pass" + "</s>" * 240_000,
    "tokens": "<|" * 500_000,
    "quotes": "'" * 1_000_000,
    "docstrings": '```python\n"""\n```\n' * 40_000,
    "quotations": "> ```\n> x\n" * 80_000,
    "signs of a quotation": "> " * 500_000,
    "wrong blocks": "Don't write:\n```\ndef f(): pass\n```\n" * 25_000,
    "many blocks at the limit": ("```\n" + "(" * 2_000 + "\n```\n") * 400,
}
AT_THE_LIMIT = {
    "brackets": "def f(): " + "(" * 19_900,
    "operators": "def f(): return 1" + " + 1" * 4_990,
    "minuses": "def f(): return " + "-" * 19_900 + "1",
    "conditions": "def f():\n if a: b\n" + " elif a: b\n" * 1_800,
    "calls": "def f(): return a" + "()" * 9_900,
    "blocks": "".join(" " * n + "if a:\n" for n in range(99)) + "def f(): pass",
}
"""Blocks as long as are looked into, of what a parser finds hard."""


def test_at_least_a_hundred_replies_are_tried():
    assert len(REPLIES) >= 100


@pytest.mark.filterwarnings("ignore:invalid escape")  # Python's, of a reply that is read; pytest asks for it
@pytest.mark.parametrize("case", REPLIES, ids=lambda case: repr(case["reply"])[:60])
def test_reads_the_code(case):
    reading = Code().read(case["reply"])
    assert reading.answer == case["answer"]
    if reading.answer is None:
        assert reading.reason.startswith(case["reason"])
        assert reading.cause == case["cause"]


MINUS = "def add(a, b):\n    return a - b"


def fenced(code):
    return f"```python\n{code}\n```"


@pytest.mark.parametrize(
    "label",
    [
        "Don't write:",
        "Don’t do this:",
        "**Do not use this version:**",
        "Never write it like this:",
        "Avoid this, because it subtracts:",
        "Avoid:",
        "Wrong:",
        "Wrong (it subtracts):",
        "An incorrect version:",
        "**Wrong**",
        "❌ Bad",
        "- Common mistake:",
        "Instead of:",
        "Rather than this:",
        "Not:",
    ],
)
def test_what_a_reply_tells_not_to_write_is_not_its_code(label):
    for reply in (
        f"{fenced(ADD)}\n\n{label}\n\n{fenced(MINUS)}\n\nIt subtracts.",
        f"{label}\n{fenced(MINUS)}\n\nWrite:\n{fenced(ADD)}",
        f"{ADD}\n\n{label}\n\n{MINUS}",
    ):
        assert Code().read(reply).answer == ADD
    assert Code().read(f"{label}\n{fenced(ADD)}").answer == ADD


@pytest.mark.parametrize(
    "label",
    [
        "Don't forget the imports:",
        "Instead of a loop, use this:",
        "Instead, write:",
        "Avoid sub; write this instead:",
        "Avoid mistakes with this version:",
        "The code above is wrong. Right:",
        "Wrong! Fixed:",
        "Not bad, but shorter:",
        "Don't use the one above. Use this:",
        "Never mind, here it is:",
    ],
)
def test_the_last_code_counts_where_it_is_not_told_to_be_wrong(label):
    assert Code().read(f"{fenced(MINUS)}\n\n{label}\n\n{fenced(ADD)}").answer == ADD


@pytest.mark.parametrize("mark", ["> ", ">", "> > ", " > "])
def test_a_block_in_a_quotation_is_read(mark):
    code = f"import math\n\n\n{ADD}"
    reply = "\n".join(f"{mark}{line}".rstrip() for line in fenced(code).split("\n"))
    for around in (reply, f"Here it is:\n\n{reply}\n\nDone.", f"{mark}So:\n{mark}\n{reply}"):
        assert Code().read(around).answer == code
    assert Code().read(f"{reply.replace('+', '-')}\n\nThat subtracts.\n\n{fenced(ADD)}").answer == ADD


@pytest.mark.parametrize(
    "code",
    [
        "from operator import add",
        "from operator import iadd as add",
        "import operator\n\nadd = operator.add",
        "from operator import add\n\nprint(add(1, 2))",
    ],
)
def test_a_function_may_be_taken_from_a_module_where_the_question_names_it(code):
    for reply in (code, fenced(code), f"Python has it:\n\n{fenced(code)}\n\nThat is all."):
        reading = Code().read(reply, SEED.question)
        assert reading.answer == code
        assert code in reply[slice(*reading.span)]
        for question in (None, "Write a function plus(a, b)."):
            assert Code().read(reply, question).reason == "the code defines no function"
    assert Code().read(f"{fenced(ADD)}\n\n{fenced(code)}", SEED.question).answer == ADD


TOTAL = '''from typing import List

def total(values: List[int], least: int = (0)) -> int:  # of those above
    """ Return the sum of the values above least.
    >>> total([1, -2, 3])
    4
    """
'''
HEAD = "def total(values: List[int], least: int = (0)) -> int:  # of those above"
LOOP = (
    "    result = 0\n    for v in values:\n        if v > least:\n            result += v\n    return result"
)
LOOSE = "result = 0\nfor v in values:\n    if v > least:\n        result += v\nreturn result"
CALLS = "    return summed(values)"
SUMMED = "def summed(values):\n    return sum(values)"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (f"{LOOP}\n", f"{HEAD}\n{LOOP}"),
        (f"\n{LOOP}\n\n\nprint(total([1]))", f"{HEAD}\n{LOOP}"),
        (f"{LOOP}\n\ndef other(x):\n    return x\n", f"{HEAD}\n{LOOP}"),
        (f"{LOOP}\n\nif __name__ == '__main__':\n    import doctest", f"{HEAD}\n{LOOP}"),
        (f"{LOOP}</s>", f"{HEAD}\n{LOOP}"),
        (f"{LOOP}<|endoftext|>{LOOP}", f"{HEAD}\n{LOOP}"),
        (f"{LOOP}\n\n\n{HEAD}\n    return 4", f"{HEAD}\n{LOOP}"),
        (LOOP.strip(), f"{HEAD}\n{LOOP}"),
        (LOOSE, f"{HEAD}\n{LOOP}"),
        (f"```python\n{LOOSE}\n```", f"{HEAD}\n{LOOP}"),
        (f"Here is the body:\n\n```python\n{LOOP}\n```\nIt adds them.", f"{HEAD}\n{LOOP}"),
        (f"{CALLS}\n\n\n{SUMMED}\n\nprint(3)", f"{HEAD}\n{CALLS}\n\n\n{SUMMED}"),
        (f"```\n{HEAD}\n{LOOP}\n```", f"{HEAD}\n{LOOP}"),
        ("    def total(values):\n        return 4", "def total(values):\n    return 4"),
        ("    def helper():\n        return 4", "def helper():\n    return 4"),
        (json.dumps({"completion": LOOP}), f"{HEAD}\n{LOOP}"),
        (repr(LOOP), f"{HEAD}\n{LOOP}"),
        (f"[BEGIN]\n{LOOP}\n[DONE]", f"{HEAD}\n{LOOP}"),
        (f"Sure, here is the body:\n\n{LOOP}", f"{HEAD}\n{LOOP}"),
        (ADD, ADD),
        ("I think that it is 4.", None),
        ("The list is empty\n    and it is returned", None),
        ("    pass", None),
        ("total", None),
    ],
)
def test_a_body_alone_is_read_behind_the_head_that_the_question_shows(reply, answer):
    for question in (TOTAL, f"Complete this:\n\n```python\n{TOTAL}```"):
        reading = Code().read(reply, question)
        assert reading.answer == answer
        if answer:
            start, end = reading.span
            assert 0 <= start < end <= len(reply)


def test_a_head_may_have_no_body_at_all_and_without_one_a_body_is_no_code():
    assert Code().read(LOOP, "import re\ndef total(values, least=0):\n").answer == (
        f"def total(values, least=0):\n{LOOP}"
    )
    for question in ("Write total(values).", SEED.question, ADD, None):
        assert Code().read(LOOP, question).answer is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"Here:\n```python\n{ADD}\n```\nDone.", ADD),
        (f"<think>no</think>\n{ADD}", ADD),
        (f"Here:\n\n{ADD}\n\nDone.", ADD),
        (
            f"```\nimport re\n```\nand\n```\n{ADD}\n    re.X\n```",
            f"import re\n```\nand\n```\n{ADD}\n    re.X",
        ),
    ],
)
def test_span_is_the_part_that_was_read(text, part):
    start, end = Code().read(text).span
    assert text[start:end] == part


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_reading_never_raises_and_an_answer_reads_as_itself(text):
    reading = Code().read(text)
    assert (reading.answer is None) == (reading.reason is not None) == (reading.cause in CAUSES)
    if reading.answer is not None:
        start, end = reading.span
        assert 0 <= start < end <= len(text)
        assert Code().read(reading.answer).answer == reading.answer
        assert Code().read(f"Here:\n~~~~~~python\n{reading.answer}\n~~~~~~\n").answer == reading.answer


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_megabyte_is_read_in_linear_time(text):
    assert growth(Code().read, text) < WIDE


@pytest.mark.parametrize("block", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT.keys())
def test_blocks_at_the_limit_are_read_in_linear_time(block):
    assert growth(Code().read, f"```python\n{block}\n```\n" * 8) < WIDE


def test_code_of_more_than_the_limit_is_not_read():
    text = f"{ADD}\n" + "# a comment\n" * 2_000
    reading = Code().read(text)
    assert reading.reason.startswith("code of 24,0")
    assert reading.cause == "too-long"


def test_it_is_found_by_name_and_runs_nothing():
    assert tasks.get("code") == tasks.Code() == Code()
    verdict = tasks.check(f"```python\n{ADD}\n```", "assert add(1, 2) == 4", task="code")
    assert (verdict.verdict, verdict.answer) == ("unverified", ADD)
    assert (verdict.reason, verdict.cause) == ("code is not run; Code(run=True) runs it", "not-run")


@pytest.mark.parametrize(
    ("reply", "reason", "cause"),
    [
        ("", "empty reply", "empty"),
        ("No.", "no code in the reply", "no-answer"),
        ("```\ndef f(\n```", "the code does not parse (line 1)", "syntax-error"),
    ],
)
def test_a_reply_without_code_is_rejected(reply, reason, cause):
    verdict = Code().check(reply, None)
    assert (verdict.verdict, verdict.reason, verdict.cause) == ("rejected", reason, cause)


def test_running_is_no_part_of_what_is_asked_but_of_verdicts(confined):
    running = Code(run=True, cpu=2, prompts={"answer": "Do: {question}"})
    assert running.identity() == Code(prompts={"answer": "Do: {question}"}).identity()
    assert running.verdict_options() != Code().verdict_options()
    assert running.verdict_options() != Code(run=True).verdict_options()
    for task in (running, Code()):
        stored = json.loads(json.dumps([task.identity(), task.verdict_options()]))
        restored = tasks.restored(*stored)
        assert restored == Code(prompts=task.prompts), "a file does not say that code is run"
        assert restored.not_rerun(task.verdict_options()) == ("code" if task.run else None)
    assert running.not_rerun(running.verdict_options()) is None


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"cpu": 0}, "cpu is an integer, 1 or more"),
        ({"memory": 1.5}, "memory is an integer, 1 or more"),
        ({"prompts": {"answer": "Solve it."}}, "lacks the placeholder"),
    ],
)
def test_wrong_options_are_told_at_construction(options, part):
    with pytest.raises(ValueError, match=part):
        Code(**options)


def test_prompts_end_with_the_question_and_do_not_show_the_tests():
    task = Code()
    prompts = [task.answer(SEED.question), task.rephrase(SEED), task.write_new_question(SEED)]
    assert [prompt.purpose for prompt in prompts] == ["answer", "rephrase", "new-question"]
    for prompt in prompts:
        (message,) = prompt.messages
        assert message["content"].splitlines()[-1] == f"Task: {SEED.question}"
        assert "assert" not in message["content"]


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("Task: Write add(a, b).", "Write add(a, b)."),
        ("**Task:** Write add(a, b).\n\nExample:\n```python\nadd(1, 2)  # 3\n```", None),
        (
            "Sure!\n\nTask: Write it.\nNote: ints only.\nAnswer: an int.",
            "Write it.\nNote: ints only.\nAnswer: an int.",
        ),
        ('New task: "Write it."', "Write it."),
    ],
)
def test_reads_a_written_task(reply, question):
    expected = question or "Write add(a, b).\n\nExample:\n```python\nadd(1, 2)  # 3\n```"
    assert Code().rephrase(SEED).read(reply) == expected


@pytest.mark.parametrize(
    "reply", ["", "I'm sorry, I can't help with that.", "Task:", "Task: " + "a" * 17_000]
)
def test_a_reply_without_a_task_is_unreadable(reply):
    with pytest.raises(Unreadable):
        Code().write_new_question(SEED).read(reply)


def test_a_short_reply_is_judged_at_once_where_nothing_is_run(confined):
    for reply in (ADD, "No.", f"```python\n{ADD}\n```"):
        assert Code().check_at_once(reply, "assert add(1, 2) == 3") == Code().check(
            reply, "assert add(1, 2) == 3"
        )
    assert Code().check_at_once("x" * 5_000, None) is None
    assert Code(run=True).check_at_once(ADD, "assert add(1, 2) == 3") is None
