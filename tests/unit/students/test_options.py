"""Students by name, with options: in Python, and in one line of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import pytest

from tilth import options, students
from tilth.students import Model, Student, StudentError
from tilth.studies.options import named, student_options


@dataclass(frozen=True)
class Learner(Student):
    """A student with options of every kind; what it does with them is of no matter here."""

    base: str = "small"
    steps: int = 150
    rate: float = 1e-3
    target: Literal["query", "response"] = "query"
    stop: int | None = None
    layers: tuple[int, ...] = ()
    name = "test-learner"
    about = cost = "for tests"
    told = ("target",)

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        raise NotImplementedError


def test_a_text_gives_a_name_and_options() -> None:
    assert options.read("parser") == ("parser", {})
    assert options.read(' lora ( steps = 100 , target="a, b" ) ') == (
        "lora",
        {"steps": 100, "target": "a, b"},
    )
    told = 'x(a=1, b=-2.5, c=1e-3, d=true, e=null, f=word/of-7b.gguf, g="1", h="say \\"so\\"")'
    name, found = options.read(told)
    assert list(found.values()) == [1, -2.5, 1e-3, True, None, "word/of-7b.gguf", "1", 'say "so"']
    assert options.read(options.written(name, found)) == (name, found)


@pytest.mark.parametrize(
    "text",
    [
        "lora(", "lora)", "lora(steps)", "lora(steps=)", "lora(=1)", "lora(steps=100", "lora(steps=1 2)",
        "lora(steps=1,,rate=2)", "lora(steps=1, steps=2)", "lora(steps=f(1))", "lora(steps=[1])",
        "lora(steps='1')", "lora(a=__import__('os'))", "", "x" * 3_000,
    ],
)  # fmt: skip
def test_what_is_no_name_with_options_is_refused(text: str) -> None:
    with pytest.raises(StudentError):
        students.get(text)


def test_options_come_by_name_by_text_and_by_class() -> None:
    assert students.get("neighbour(k=7)") == students.get("neighbour", k=7)
    assert students.get("neighbour(k=7)").options() == {"k": 7}
    assert students.get(Learner, steps=3) == Learner(steps=3)
    assert students.get(Learner) == Learner()


@pytest.mark.parametrize(
    ("given", "more", "message"),
    [
        ("neighbour(n=7)", {}, r"'neighbour' has no option n; it has k \(5\)"),
        ("parser(k=7)", {}, "'parser' has no option k; it has none"),
        ("neighbour", {"k": "seven"}, "k cannot be 'seven'; as it comes it is 5"),
        ("neighbour(k=true)", {}, "k cannot be True"),
        (Learner, {"target": "all"}, "target cannot be 'all'"),
        (Learner, {"steps": 1.5}, "steps cannot be 1.5"),
        ("lora(device=tpu)", {}, "device cannot be 'tpu'; choose one of cpu, cuda, mps"),
        (Learner(), {"steps": 1}, "options go with a name or a class"),
    ],
)
def test_options_that_a_student_does_not_have_are_told(
    given: Any, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudentError, match=message):
        students.get(given, **more)


def test_a_students_identity_holds_its_options_and_its_frame_what_differs() -> None:
    plain = Learner()
    assert plain.identity()["options"] == {
        "base": "small", "steps": 150, "rate": 1e-3, "target": "query", "stop": None, "layers": [],
    }  # fmt: skip
    assert student_options(plain) == '{"target":"query"}'  # which it always tells
    assert student_options(Learner(rate=1, stop=3)) == '{"rate":1,"stop":3,"target":"query"}'
    assert named("lora", student_options(Learner(steps=9))) == "lora (steps=9, target=query)"
    assert student_options(students.get("neighbour")) == student_options(students.get("parser")) == "{}"
    with pytest.raises(StudentError, match="its options are no JSON"):
        Learner(base=b"bytes").options()  # type: ignore[arg-type]
