"""The simulated teacher's replies: pure, readable by the numeric task, honest about what it is."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.demo.measure import TASK, answers_right, ask, labelled, read_right, rephrases_right, written

from tilth.demo import RATES
from tilth.demo.arithmetic.expression import operations
from tilth.demo.arithmetic.reader import read_question
from tilth.demo.arithmetic.stories import own_story
from tilth.demo.arithmetic.world import Problem
from tilth.demo.knobs import BASE_NAME, Knobs
from tilth.demo.model import FOREIGN, reply
from tilth.demo.sets import draw_seeds
from tilth.tasks.numeric.task import Numeric
from tilth.tasks.questions import read_question as read_reply

SEEDS = draw_seeds(600, 42)
PURPOSES = ("answer", "rephrase", "new-question")


def prompts(question: str) -> list[list[dict[str, str]]]:
    filled = [TASK.prompts[purpose].replace("{question}", question) for purpose in PURPOSES]
    return [[{"role": "user", "content": content}] for content in filled]


def test_an_answer_holds_its_calculation() -> None:
    problem = Problem("", next(p for p in SEEDS if len(list(operations(p.expression))) > 1).expression)
    question = next(p for p in SEEDS if p.expression is problem.expression).question
    lines = ask(Knobs(skill=10), "answer", question, 0.0, 0).splitlines()
    assert lines[-1] == f"The answer is {problem.answer}."
    assert lines[-2].endswith(f"= {problem.answer}")


@pytest.mark.parametrize("purpose", ["rephrase", "new-question"])
def test_a_written_question_is_read_by_the_task_and_answered(purpose: str) -> None:
    for place, seed in enumerate(SEEDS[:200]):
        question = read_reply(ask(Knobs(), purpose, seed.question, 0.7, place))
        assert labelled(Knobs(), question, 0.7, place) is not None


@pytest.mark.parametrize(
    ("prompt", "start"),
    [
        ("Please say this in other words.\n\n{question}", "Question: "),
        ("{question}\n\nReword the problem above.", "Question: "),
        ("Come up with a similar problem.\nQuestion: {question}\nAnswer:", "Question: "),
        ("# Problem: {question}\n\nThink step by step.", ""),
        ("{question}", ""),
    ],
)
def test_replaced_prompts_are_understood(prompt: str, start: str) -> None:
    question = SEEDS[3].question
    text = reply(Knobs(skill=10), [{"role": "user", "content": prompt.format(question=question)}], 0.7, 1)
    assert text.startswith(start)
    assert text != FOREIGN
    assert ("The answer is" in text) == (not start)


def test_a_corrective_turn_goes_back_to_the_question() -> None:
    first = prompts(SEEDS[5].question)[2]
    turns = [
        *first,
        {"role": "assistant", "content": "Sorry?"},
        {"role": "user", "content": "No question found. Reply with one line that starts with Question."},
    ]
    assert reply(Knobs(), turns, 0.7, 1).startswith("Question: ")


@pytest.mark.parametrize(
    "text",
    ["Hello!", "What is the capital of France?", "Question: Who won in 1998?", "", "Rephrase: I am 5."],
)
def test_foreign_text_is_told_what_this_is(text: str) -> None:
    assert reply(Knobs(), [{"role": "user", "content": text}], 0.7, 1) == FOREIGN
    assert "simulation" in FOREIGN
    assert "not a language model" in FOREIGN
    assert "arithmetic word problems" in FOREIGN
    assert "sample database" in FOREIGN, "it answers questions over one, too"
    assert Numeric().read(FOREIGN).answer is None


@given(st.text(max_size=300), st.sampled_from(["user", "system"]), st.floats(0, 2))
def test_any_text_gets_a_reply(text: str, role: str, heat: float) -> None:
    assert reply(Knobs(), [{"role": role, "content": text}], heat, 0)


@given(st.floats(0.1, 10), st.floats(0, 1))
def test_a_name_carries_its_knobs(skill: float, drift: float) -> None:
    knobs = Knobs.of(Knobs(skill, drift).name)
    assert knobs is not None
    assert knobs.skill == pytest.approx(skill, abs=1e-6)
    assert knobs.drift == pytest.approx(drift, abs=1e-6)


def test_other_names_are_no_model() -> None:
    assert Knobs.of(BASE_NAME) == Knobs()
    for name in ("gpt-5", f"{BASE_NAME}-skill0", f"{BASE_NAME}-drift2", f"{BASE_NAME}-skillnan", ""):
        assert Knobs.of(name) is None
    with pytest.raises(ValueError, match=r"skill=0 must be from 0\.1 to 10"):
        Knobs(skill=0)


def test_skill_makes_mistakes_rarer() -> None:
    shares = [answers_right(Knobs(skill=skill), SEEDS, 0.7) for skill in (0.25, 1.0, 4.0)]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.02
    assert rephrases_right(Knobs(skill=0.25), SEEDS, 0.7) + 0.1 < rephrases_right(Knobs(), SEEDS, 0.7)


def test_labels_are_as_right_as_published() -> None:
    assert 0.89 <= answers_right(Knobs(), SEEDS, 0.7) <= 0.96
    assert 0.88 <= rephrases_right(Knobs(), SEEDS, 0.7) <= 0.96


def test_mistakes_grow_with_temperature() -> None:
    cold, hot = answers_right(Knobs(skill=0.25), SEEDS, 0.0), answers_right(Knobs(skill=0.25), SEEDS, 1.5)
    assert cold > hot + 0.1


def test_a_systematic_slip_survives_every_vote() -> None:
    """At the published rate: the share of seeds whose every answer at temperature 0 to 1 is wrong alike."""
    wrong = [
        {labelled(Knobs(skill=0.1), seed.question, heat, 7) for heat in (0.0, 0.01, 0.02)}
        for seed in SEEDS[:200]
    ]
    stuck = sum(len(seen) == 1 and seed.answer not in seen for seen, seed in zip(wrong, SEEDS, strict=False))
    assert stuck / 200 >= RATES["systematic_slip"] * 5


def test_drift_moves_new_questions_from_the_seed_to_own_stories() -> None:
    def kept(drift: float) -> float:
        new = [written(Knobs(drift=drift), "new-question", p.question, 0.7, i) for i, p in enumerate(SEEDS)]
        pairs = zip(new, SEEDS, strict=True)
        return sum(bool(_phrases(question) & _phrases(seed.question)) for question, seed in pairs) / len(new)

    shares = [kept(drift) for drift in (0.0, 0.3, 1.0)]
    assert shares[0] > 0.9
    assert shares[2] < 0.25
    assert shares[2] + 0.2 < shares[1] < shares[0] - 0.1


def _phrases(question: str) -> set[tuple[str, ...]]:
    """Runs of five words, names and numbers blotted out."""
    words = ["*" if word[:1].isupper() or any(map(str.isdigit, word)) else word for word in question.split()]
    return {run for run in zip(*(words[i:] for i in range(5)), strict=False) if run.count("*") < 3}


def test_own_stories_come_out_even() -> None:
    rng = random.Random(3)
    values = [
        reading.value if (reading := read_question(own_story(rng))) else Fraction(-1) for _ in range(300)
    ]
    whole = sum(value > 0 and value.denominator == 1 for value in values)
    assert whole / 300 >= 1 - RATES["uneven_numbers"]


def test_a_fresh_draw_reads_as_well() -> None:
    assert read_right(draw_seeds(500, 9)) >= 0.97
