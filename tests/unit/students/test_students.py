"""Students learn from rows and from nothing else, give the same answers again, and travel to processes."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Callable, Sequence

import polars as pl
import pytest

from tilth import students

KINDS: dict[str, tuple[str, str, Callable[[int, int], int]]] = {
    "total": (
        "{name} has {a} {thing} and buys {b} more. How many in all?",
        "{a} + {b}",
        int.__add__,
    ),
    "left": ("{name} had {a} {thing} and lost {b} of them. How many are left?", "{a} - {b}", int.__sub__),
    "each": ("{name} fills {a} boxes with {b} {thing} each. How many is that?", "{a} * {b}", int.__mul__),
    "double": (
        "{name} has {a} {thing}, doubles them and finds {b}. How many now?",
        "2 * {a} + {b}",
        lambda a, b: 2 * a + b,
    ),
}


def made_rows(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> pl.DataFrame:
    """Questions of a few kinds with worked responses, in the demo teacher's form."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        text, worked, solve = KINDS[rng.choice(list(kinds))]
        a, b = rng.randint(40, 99), rng.randint(13, 39)
        answer = solve(a, b)
        rows.append(
            {
                "question": text.format(
                    name=rng.choice(["Ann", "Bo", "Cy"]), thing=rng.choice(["pens", "cups", "figs"]), a=a, b=b
                ),
                "response": f"Think.\n{worked.format(a=a, b=b)} = {answer}\nThe answer is {answer}.",
                "answer": str(answer),
            }
        )
    return pl.DataFrame(rows)


def accuracy(model: students.Model, test: pl.DataFrame) -> float:
    answers = model.answer(test["question"].to_list())
    return sum(a == b for a, b in zip(answers, test["answer"], strict=True)) / test.height


@pytest.fixture(params=["parser", "neighbour"])
def student(request: pytest.FixtureRequest) -> students.Student:
    return students.get(request.param)


TEST = made_rows(200, seed=1)
LIMITS = {"parser": "It can only use equations it has seen", "neighbour": "has the parser's limits"}


def test_it_learns_from_rows(student: students.Student) -> None:
    model = student.train(made_rows(80, seed=2), random_state=0)
    assert accuracy(model, TEST) > 0.95
    assert (model.trained_on, model.skipped) == (80, 0)


@pytest.mark.parametrize("random_state", [-1, 2**40])
def test_it_takes_any_random_state(student: students.Student, random_state: int) -> None:
    assert student.train(made_rows(20, seed=2), random_state=random_state).trained_on == 20


def test_it_knows_only_what_rows_show(student: students.Student) -> None:
    model = student.train(made_rows(80, seed=2, kinds=["total", "left"]))
    covered = made_rows(100, seed=3, kinds=["total", "left"])
    assert accuracy(model, covered) > 0.95
    assert accuracy(model, made_rows(100, seed=3, kinds=["each", "double"])) == 0


def test_right_answers_outvote_a_slip(student: students.Student) -> None:
    rows = made_rows(40, seed=2)
    # Each question is answered three times, once by adding where it should not.
    numbers = pl.col("question").str.extract_all(r"\d+")
    slip = rows.with_columns(response=numbers.list.join(" + ") + " = 0")
    assert accuracy(student.train(pl.concat([rows, rows, slip])), TEST) > 0.9


def test_repeating_rows_changes_nothing(student: students.Student) -> None:
    rows = made_rows(30, seed=4)
    questions = TEST["question"].to_list()
    assert student.train(pl.concat([rows] * 5)).answer(questions) == student.train(rows).answer(questions)


def test_unreadable_rows_are_skipped_and_counted(student: students.Student) -> None:
    rows = made_rows(30, seed=4)
    noise = pl.DataFrame(
        {
            "question": ["What is love?", "5 and 6?", "7 and 8?"],
            "response": ["Baby.", "__import__('os') + 5 = 5", "7 ** 99999999 = 8"],
            "answer": ["", "", ""],
        }
    )
    model = student.train(pl.concat([noise, rows]))
    assert (model.trained_on, model.skipped) == (30, 3)
    questions = TEST["question"].to_list()
    assert model.answer(questions) == student.train(rows).answer(questions)


def test_the_same_rows_give_the_same_answers(student: students.Student) -> None:
    rows, questions = made_rows(60, seed=5), TEST["question"].to_list()
    assert student.train(rows, 7).answer(questions) == student.train(rows, 7).answer(questions)


def test_student_and_model_travel_to_processes(student: students.Student) -> None:
    copy = pickle.loads(pickle.dumps(student))
    model = copy.train(made_rows(40, seed=2))
    questions = TEST["question"].to_list()
    assert pickle.loads(pickle.dumps(model)).answer(questions) == model.answer(questions)


def test_it_answers_none_where_it_has_nothing(student: students.Student) -> None:
    nothing = student.train(made_rows(5, seed=2).clear())
    assert nothing.answer(["Ann has 3 pens and 4 cups."]) == [None]
    one_kind = student.train(made_rows(8, seed=2, kinds=["total"]))
    assert one_kind.answer(["Ann has 3 pens and buys 4 more.", "How many?", "Ann has 3."]) == [
        "7",
        None,
        None,
    ]
    assert one_kind.answer([]) == []


def test_it_says_what_it_can_show_and_costs(student: students.Student) -> None:
    assert "It shows" in student.about
    assert LIMITS[student.name] in student.about
    assert re.match(r"Measured: [\d.]+ CPU s at [\d,]+ rows", student.cost)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pl.DataFrame({"question": ["a"]}), "'response' is missing"),
        (pl.DataFrame({"question": [1], "response": ["a"]}), "'question' is Int64; it must be String"),
    ],
)
def test_rows_without_text_are_refused(student: students.Student, rows: pl.DataFrame, message: str) -> None:
    with pytest.raises(students.StudentError, match=message):
        student.train(rows)


def memorise(rows: pl.DataFrame) -> Callable[[Sequence[str]], list[str | None]]:
    seen = dict(rows.select("question", "answer").iter_rows())
    return lambda questions: [seen.get(question) for question in questions]


def test_any_function_is_a_student() -> None:
    student = pickle.loads(pickle.dumps(students.get(memorise)))
    assert student.name == "memorise"
    rows = made_rows(20, seed=6)
    model = student.train(rows, 3)
    assert accuracy(model, rows) == 1
    assert model.answer(["unheard of"]) == [None]
    assert students.get(student) is student


def test_a_function_that_breaks_its_contract_is_named() -> None:
    rows = made_rows(3, seed=6)
    with pytest.raises(students.StudentError, match="1 answers to 2 questions"):
        students.get(lambda _rows: lambda _questions: ["1"]).train(rows).answer(["a", "b"])
    with pytest.raises(students.StudentError, match="gave NoneType"):
        students.get(lambda _rows: None).train(rows)
    assert students.get(lambda _rows: lambda questions: [4 for _ in questions]).train(rows).answer(["a"]) == [
        "4"
    ]


def test_each_task_has_its_students() -> None:
    assert list(students.available("numeric")) == ["parser", "neighbour", "lora"]
    assert list(students.available("sql")) == ["sketch", "lora"]
    assert students.usual("numeric").name == "parser"
    assert students.usual("sql").name == "sketch"
    with pytest.raises(students.StudentError, match="no built-in student suits the task 'poetry'"):
        students.usual("poetry")


def test_a_student_that_does_not_suit_a_task_is_refused() -> None:
    parser, own = students.get("parser"), students.get(memorise)
    assert students.fitting(parser, "numeric") is parser
    assert students.fitting(own, "sql") is own
    with pytest.raises(students.StudentError, match="'parser' suits the task 'numeric', not 'sql'; take s"):
        students.fitting(parser, "sql")
    with pytest.raises(students.StudentError, match="not 'poetry'; take lora"):
        students.fitting(parser, "poetry")


def test_unknown_students_are_refused_with_those_there_are() -> None:
    with pytest.raises(students.StudentError, match="'oracle' is unknown; choose one of parser, neigh"):
        students.get("oracle")
    with pytest.raises(students.StudentError, match="expected a name or train"):
        students.get(3)  # type: ignore[arg-type]
