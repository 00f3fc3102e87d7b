"""Seeds and question sets: right, reproducible, and never overlapping, at either task."""

from __future__ import annotations

import pytest

from tilth import demo
from tilth.demo.arithmetic.expression import evaluate
from tilth.demo.arithmetic.world import Problem
from tilth.demo.sets import draw_questions, draw_seeds, hand_written
from tilth.demo.splits import DemoTask, Kind
from tilth.tasks import get

TASK = get("numeric")
KINDS = ("same", "held-out", "hand-written")


@pytest.mark.parametrize(
    ("task", "kind", "validation", "test"),
    [
        ("numeric", "same", 200, 400),
        ("numeric", "held-out", 200, 400),
        ("numeric", "hand-written", 40, 120),
        ("sql", "same", 200, 400),
        ("sql", "held-out", 200, 400),
        ("sql", "hand-written", 30, 70),
    ],
)
def test_question_sets(task: DemoTask, kind: Kind, validation: int, test: int) -> None:
    for split, count in (("validation", validation), ("test", test)):
        frame = demo.questions(kind, split, task=task)
        assert frame.columns == ["question_id", "question", "reference"]
        assert frame.height == count == frame["question_id"].n_unique() == frame["question"].n_unique()


@pytest.mark.parametrize(("task", "written", "draws"), [("numeric", 160, 5), ("sql", 100, 3)])
def test_no_question_stands_twice(task: DemoTask, written: int, draws: int) -> None:
    asked = [
        question
        for kind in KINDS
        for split in ("validation", "test")
        for question in demo.questions(kind, split, task=task)["question"]
    ]
    assert len(asked) == len(set(asked)) == 2 * 600 + written
    for random_state in range(draws):
        seeds = [seed.question for seed in demo.seeds(500, random_state, task=task)]
        assert len(set(seeds)) == 500
        assert not set(seeds) & set(asked)


def test_seeds_are_reproducible_and_nested() -> None:
    few, many = demo.seeds(25, 3), demo.seeds(100, 3)
    assert many.frame.head(25).equals(few.frame)
    assert not demo.seeds(25, 4).frame.equals(few.frame)
    assert few.task == "numeric"
    assert len(few) == 25


def test_every_reference_is_read_and_agrees_with_itself() -> None:
    for kind in KINDS:
        for problem in draw_questions(kind, "validation"):
            assert TASK.read(problem.reference).answer == str(problem.answer)
    for seed in demo.seeds(100):
        assert demo_check(seed.reference)


def demo_check(reference: str | None) -> bool:
    assert reference is not None
    lines = reference.splitlines()
    assert lines[-1].startswith("#### ")
    assert lines[-2].endswith(f"= {lines[-1].removeprefix('#### ')}")
    return TASK.check(reference, reference).accepted


@pytest.mark.parametrize("kind", ["same", "held-out"])
def test_answers_are_positive_whole_numbers(kind: str) -> None:
    for problem in draw_questions(kind, "test"):
        assert problem.answer > 0
        assert problem.answer.denominator == 1


def test_hand_written_answers_follow_from_their_equations() -> None:
    written = hand_written()
    assert len(written) == 160
    for entry in written:
        assert evaluate(entry.problem.expression) == entry.answer, entry.problem.question
        assert entry.answer > 0
        assert entry.answer.denominator == 1
        assert entry.problem.question.endswith("?")


def test_held_out_questions_use_other_words() -> None:
    def words(problems: tuple[Problem, ...] | list[Problem]) -> set[str]:
        return {
            word.strip(".,?")
            for problem in problems
            for word in problem.question.split()
            if word[0].isupper()
        }

    from tilth.demo.data import load

    names = load("world.json")["names"]
    assert not words(draw_questions("held-out", "test")) & set(names["same"])
    assert not words(draw_seeds(400, 0)) & set(names["held-out"])


def test_world_and_teacher_share_no_phrase() -> None:
    from tilth.demo.data import load

    world, stories = load("world.json"), load("stories.json")
    told = {t for table in (world["openings"], world["events"], world["endings"]) for p in table.values()
            for t in p["same"] + p["held-out"]}  # fmt: skip
    told |= {t for kind in world["kinds"] for t in kind["same"] + kind["held-out"]}
    own = {t for part in stories["parts"].values() for t in part} | {
        t for part in stories["whole"] for t in part
    }

    def plain(template: str) -> str:
        return "".join(" _ " if inside else text for inside, text in _pieces(template))

    assert not {plain(t) for t in told} & {plain(t) for t in own}
    assert not set(stories["names"]) & {*world["names"]["same"], *world["names"]["held-out"]}
    assert not set(stories["things"]) & {topic for topics in world["topics"].values() for topic, _ in topics}


def _pieces(template: str) -> list[tuple[bool, str]]:
    return [(bool(place % 2), part) for place, part in enumerate(template.replace("}", "{").split("{"))]


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ValueError, match="no kind 'other'; take one of 'same', 'held-out', 'hand-written'"):
        demo.questions("other")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no split 'train'"):
        demo.questions("same", "train")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n=0 must be from 1"):
        demo.seeds(0)
