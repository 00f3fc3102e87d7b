"""How long checking replies to questions of choice takes: `python -m tests.bench.check_choice`."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.checks import Kind, report

from tilth.tasks import Choice

OPTIONS = ("dry palms", "wet palms", "palms covered with oil", "palms covered with lotion")
STEPS = (
    "Friction makes heat when two surfaces rub. It is higher where they are dry.\n"
    "A liquid lies between them and lowers it, so that they slide.\n"
)


def kind(write: Callable[[str, str, str], str], of: int = 50) -> Kind:
    """Replies to `of` questions in turn, written from label, text and another label."""

    def case(n: int) -> tuple[str, str, str | None]:
        options = [f"{label}. {text}" for label, text in zip("ABCD", OPTIONS, strict=True)]
        question = "\n".join([f"Which skin number {n % of} makes the most heat?", *options])
        label, text = "ABCD"[n % 4], OPTIONS[n % 4]
        return write(label, text, "ABCD"[(n + 1) % 4]), f"{label}. {text}", question

    return case


KINDS: dict[str, Kind] = {
    "a label": kind(lambda a, t, b: a),
    "an option's text": kind(lambda a, t, b: f"{t.capitalize()}."),
    "a box": kind(lambda a, t, b: f"So it is \\boxed{{\\text{{{a}}}}}."),
    "four lines of steps, then the answer": kind(lambda a, t, b: f"{STEPS * 2}The answer is {a}. {t}"),
    "40 lines of steps, then the answer": kind(lambda a, t, b: f"{STEPS * 20}The answer is ({a})."),
    "the answer, then 40 lines of steps": kind(lambda a, t, b: f"Answer: {a}\n\n{STEPS * 20}"),
    "each option weighed": kind(lambda a, t, b: f"Option {b} is wrong. {STEPS}Option {a} is correct."),
    "an option named without a statement": kind(lambda a, t, b: f"{STEPS * 2}One thinks of {t}."),
    "40 lines of steps, no answer": kind(lambda a, t, b: STEPS * 20),
    "a new question each time": kind(lambda a, t, b: f"{STEPS}The answer is {a}.", of=1_000_000),
}

if __name__ == "__main__":
    print(report(Choice(), KINDS))
