"""Measures what reading and checking code costs, by kind of reply, and names the slowest.

    python -m tests.bench.check_code [--checks 200]

CPU time counts the processes of the sandbox, too.
"""

from __future__ import annotations

import argparse

from tests.bench.checks import table

from tilth.tasks import Code

FUNCTION = "def f(x):\n    return x + 1"
LONG = "\n\n\n".join(f"def f{n}(x):\n    return x + {n}" for n in range(400))
READ = {
    "a block in prose": f"Here it is:\n\n```python\n{FUNCTION}\n```\n\nIt adds one.",
    "bare code": FUNCTION,
    "code between prose": f"Here it is:\n\n{FUNCTION}\n\nIt adds one.",
    "five blocks": "".join(f"```python\ndef f{n}(x): return x\n```\nand\n" for n in range(5)),
    "a block of 13,000 characters": f"```python\n{LONG}\n```",
    "reasoning of 20,000 characters": f"<think>{'Let me think. ' * 1_400}</think>\n{FUNCTION}",
    "no code": "I am sorry, but I cannot write that function. " * 20,
    "code that does not parse": f"```python\n{FUNCTION} +\n```",
}
RUN = {
    "one assert": (FUNCTION, "assert f(1) == 2"),
    "three asserts": (FUNCTION, "assert f(1) == 2\nassert f(2) == 3\nassert f(3) == 4"),
    "check(candidate)": (FUNCTION, "def check(candidate):\n    assert candidate(1) == 2"),
    "a failing assert": (FUNCTION, "assert f(1) == 3"),
    "code that imports typing and dataclasses": (
        f"import typing, dataclasses\n\n{FUNCTION}",
        "assert f(1) == 2",
    ),
    "a thousand calls": (FUNCTION, "for n in range(1000):\n    assert f(n) == n + 1"),
    "a list of 100,000 numbers": (
        "def f(x):\n    return sorted(x)",
        "assert f([1] * 100_000) == [1] * 100_000",
    ),
    "code of 13,000 characters": (LONG, "assert f0(1) == 1"),
}


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checks", type=int, default=100, help="checks of each kind (%(default)s)")
    checks = parser.parse_args().checks
    reading, running = Code(), Code(run=True)
    read = {name: lambda text=text: reading.check(text, None) for name, text in READ.items()}
    run = {name: lambda pair=pair: running.check(*pair) for name, pair in RUN.items()}
    print(table("Reading", read, checks))
    print(table("Running, with reading", run, checks))


if __name__ == "__main__":
    main()
