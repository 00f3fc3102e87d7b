"""How long checking replies to numeric questions takes: `python -m tests.bench.check_numeric`."""

from __future__ import annotations

import statistics
import time
from itertools import chain

from tests.bench.checks import Kind, report

from tilth.tasks import Numeric

STEPS = "She has 16 eggs and eats 3, so 16 - 3 = 13 are left.\nShe sells 13 * 2 = $26 worth of them.\n"

KINDS: dict[str, Kind] = {
    "a number": lambda n: (f"{n}", f"{n}", None),
    "as GSM8K writes it": lambda n: (f"{STEPS}#### {n}", f"{STEPS}#### {n}", None),
    "steps, then the answer": lambda n: (f"{STEPS * 2}The answer is {n}.", f"#### {n}", None),
    "40 lines of steps, then the answer": lambda n: (f"{STEPS * 20}The answer is {n}.", f"#### {n}", None),
    "a box": lambda n: (f"{STEPS}\\[\\boxed{{{n}}}\\]", f"#### {n}", None),
    "the last number of the text": lambda n: (f"{STEPS}In all she gets ${n} for them.", f"#### {n}", None),
    "other units": lambda n: (f"It takes {60 * n} minutes.", f"{n} hours", None),
    "several units": lambda n: (f"The answer is {n} hours 30 minutes.", f"{60 * n + 30} minutes", None),
    "several answers": lambda n: (f"The answer is x = {n} or x = -3.", f"-3, {n}", None),
    "a set": lambda n: (f"\\boxed{{\\{{{n}, 2, 1\\}}}}", f"{{1, 2, {n}}}", None),
    "an interval": lambda n: (f"The answer is x > {n}.", f"({n}, \\infty)", None),
    "a point": lambda n: (f"They meet at ({n}, 4).", f"({n}, 4)", None),
    "a time": lambda n: (f"She arrives at {n % 11 + 1}:30 pm.", f"{n % 11 + 13}:30", None),
}
"""What is compared in this process."""

EXPRESSIONS = list(
    chain.from_iterable(
        (
            (f"{n}\\sqrt{{2}}", f"\\sqrt{{{2 * n * n}}}"),
            (f"y = {n}x + 3", f"y = 3 + {n}x"),
            (f"\\{{\\sqrt{{{n}}}, 2\\}}", f"\\{{2, \\sqrt{{{n}}}\\}}"),
        )
        for n in range(2, 102)
    )
)
"""What is evaluated, in a process of its own."""


def compared() -> str:
    """Wall seconds a comparison of formulas takes, its process being warm."""
    task, spent = Numeric(), []
    for left, right in [EXPRESSIONS[0], *EXPRESSIONS]:
        began = time.perf_counter()
        task.check(f"\\boxed{{{left}}}", f"#### {right}")
        spent.append(time.perf_counter() - began)
    middle, late = statistics.median(spent[1:]), statistics.quantiles(spent[1:], n=20)[-1]
    return (
        f"{len(EXPRESSIONS)} comparisons of formulas in a process of their own: {middle * 1000:.0f} ms each "
        f"in the median, {late * 1000:.0f} ms at the 95th percentile (wall time)"
    )


if __name__ == "__main__":
    print(report(Numeric(), KINDS))
    print(compared())
