"""What belongs to a question and stands in other columns: put below it, kept in rephrasing, or told."""

from __future__ import annotations

import random
import warnings

import pytest

import tilth
from tilth import tasks
from tilth.errors import SeedsError
from tilth.seeds import read_seeds
from tilth.seeds.context import KNOWN


@pytest.mark.parametrize("name", KNOWN)
def test_known_companions_are_put_below_the_question(name):
    records = [
        {"question": "Who wrote it?", name: "Mo wrote it.", "answer": "Mo"},
        {"question": "Who?", name: " ", "answer": "Al"},
        {"question": "When?", name: None, "answer": "now"},
    ]
    seeds = list(read_seeds(records))
    assert [seed.question.partition("\n\n")[0] for seed in seeds] == ["Who wrote it?", "Who?", "When?"]
    assert "Mo wrote it." in seeds[0].question
    assert [seed.question for seed in seeds[1:]] == ["Who?", "When?"]
    assert seeds[0].extra == {name: "Mo wrote it."}
    [seed] = read_seeds(records[:1], context=())
    assert seed.question == "Who wrote it?"


def test_how_they_are_laid_out():
    record = {
        "question": "Finish it. ",
        "answer": "1",
        "evidence": "  a means b ",
        "starter_code": "def half(x):\n    ",
        "contexts": ["One.", "", "Two."],
        "n": 5,
    }
    [seed] = read_seeds([record], context=["starter_code", "contexts", "evidence", "n"])
    assert seed.question == (
        "Finish it.\n\nStarter code:\ndef half(x):\n\nContexts:\nOne.\n\nTwo.\n\nEvidence: a means b\n\nN: 5"
    )


def test_what_the_question_says_already_is_not_said_twice():
    [seed] = read_seeds(
        [{"question": "Mo  wrote it. Who wrote it?", "context": "Mo wrote it.", "answer": "Mo"}]
    )
    assert seed.question == "Mo  wrote it. Who wrote it?"


def test_a_column_that_was_named_must_be_there_and_be_text():
    record = {"question": "Who?", "answer": "Mo", "table": {"rows": [1]}}
    with pytest.raises(SeedsError, match="there is no column 'hint' "):
        read_seeds([record], context="hint")
    with pytest.raises(SeedsError, match="row 1: 'table' is an object, not text"):
        read_seeds([record], context="table")
    assert len(read_seeds([record])) == 1


STEM = "Which is true?"
SAME = {
    "the same": ({}, {}),
    "white space": ({}, {"question": "Which  is\ntrue?"}),
    "another topic": ({"topic": "a"}, {"topic": "b"}),
    "another answer": ({"answer": "A"}, {"answer": "B"}),
}
OTHERS = {
    "context": ({"context": "Mo."}, {"context": "Al."}),
    "choices": ({"choices": ["a", "b"]}, {"choices": ["a", "c"]}),
    "choices further in": ({"options": {"text": ["a"]}}, {"options": {"text": ["b"]}}),
    "options in columns": ({"A": "a", "B": "b"}, {"A": "a", "B": "c"}),
    "numbered options": ({"option_1": "a"}, {"option_1": "b"}),
    "distractors": ({"distractor1": "a"}, {"distractor1": "b"}),
    "database": ({"db_id": "shop"}, {"db_id": "zoo"}),
}


@pytest.mark.parametrize("both", SAME.values(), ids=SAME)
def test_records_that_ask_the_same_are_duplicates(both):
    records = [{"question": STEM, "answer": "A", **one} for one in both]
    with pytest.raises(SeedsError, match="row 2: repeats the question of row 1"):
        read_seeds(records)


@pytest.mark.parametrize("both", OTHERS.values(), ids=OTHERS)
def test_one_stem_with_other_company_is_another_question(both):
    assert len(read_seeds([{"question": STEM, "answer": "A", **one} for one in both])) == 2


def test_options_of_a_column_that_the_task_names_make_the_question():
    records = [{"question": STEM, "answer": "A", "ends": [one, "b"]} for one in "ac"]
    assert len(read_seeds(records, task=tasks.Choice(options="ends"))) == 2


# -- rephrasing ----------------------------------------------------------------------------------------------

CONTEXT = "\n\nContext:\nMo went out.\n\nAl stayed."
REPLIES = [
    "Question: Which of them left?",
    "Question: Which of them left?\n\nContext: Mo went out.",
    "Question: Which of them left?\n\n**Context:** Mo went out. Al stayed.",
    f"Question: Which of them left?{CONTEXT}",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_a_rephrased_question_keeps_its_context_and_options(reply):
    record = {
        "question": "Who left?",
        "context": "Mo went out.\n\nAl stayed.",
        "choices": ["Mo", "Al"],
        "answer": "A",
    }
    [seed] = read_seeds([record])
    for task, end in ((tasks.Numeric(), ""), (tasks.Choice(), "\nA. Mo\nB. Al")):
        put = task.put(seed, random.Random(0))
        prompt = task.rephrase(put)
        assert CONTEXT in prompt.messages[-1]["content"]
        assert prompt.read(reply) == f"Which of them left?{CONTEXT}{end}"


OWN_OPTIONS = "Who left?\nA. Mo\nB. Al"


@pytest.mark.parametrize(
    "reply", ["Who went?", "Who went?\nA. Mo\nB. Al", "Context:\n1. Mo.\n2. Al.\n\nWho went?"]
)
def test_a_context_with_a_list_is_not_taken_for_the_questions_own_options(reply):
    record = {"question": OWN_OPTIONS, "context": "1. Mo.\n2. Al.", "answer": "B"}
    [seed] = read_seeds([record], task="choice")
    task = tasks.Choice()
    assert task.fault(seed) is None
    put = task.put(seed, random.Random(0))
    assert (put.question, put.reference) == (f"Context:\n1. Mo.\n2. Al.\n\n{OWN_OPTIONS}", "B. Al")
    again = task.rephrase(put).read(f"Question: {reply}")
    assert again == "Context:\n1. Mo.\n2. Al.\n\nWho went?\nA. Mo\nB. Al"


def test_a_question_without_context_is_rephrased_as_ever():
    [seed] = read_seeds([{"question": "Who left?", "note": "Mo", "answer": "Mo"}])
    read = tasks.Numeric().rephrase(seed).read
    assert read("Question: Who went?\nContext: none") == tasks.prompts.read_question(
        "Question: Who went?\nContext: none"
    )


# -- what reaches no prompt ----------------------------------------------------------------------------------


def _told(records, task="open-ended", **options):
    seeds = read_seeds(records, task=task, **options)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tilth.plan(seeds, "answer-augmentation", 10, teacher=tilth.demo.teacher())
    return " ".join(str(one.message) for one in told if one.category is tilth.TilthWarning)


def test_columns_that_reach_no_prompt_are_named_before_anything_is_paid(tmp_path):
    record = {
        "question": "Who left?",
        "answer": "Mo",
        "hint": "it was the taller of both",
        "table": {"rows": [["Mo", "tall"], ["Al", "small"]]},
    }
    assert "what stands in 'hint', 'table' reaches no prompt" in _told([record])
    assert "hint" not in _told([record], context="hint")
    seeds = read_seeds([record], task="open-ended")
    with pytest.warns(tilth.TilthWarning, match="'hint'"):
        tilth.start(
            seeds, "answer-augmentation", 0, teacher=tilth.demo.teacher(), path=tmp_path / "r.tilth"
        ).wait()


@pytest.mark.parametrize(
    "name", ["hint", "code", "output_format", "examples", "system", "query", "Erklärung dazu"]
)
def test_whatever_a_question_may_need_is_named(name):
    assert f"{name!r} reaches no prompt" in _told(
        [{"question": "Who?", "answer": "Mo", name: "one two three"}]
    )


@pytest.mark.parametrize(
    "name", ["final_answer", "test_list", "expected output", "Level", "generated_solution_2"]
)
def test_whatever_tells_of_the_record_or_its_answer_is_not(name):
    assert _told([{"question": "Who?", "answer": "Mo", name: "one two three"}]) == ""


def test_what_tells_of_a_record_or_its_answer_or_is_put_is_not_worth_a_word():
    record = {
        "question": "Who left?",
        "answer": "A",
        "choices": ["Mo the tall", "Al the small"],
        "id": "one two three four",
        "source": "a book of many pages",
        "difficulty": "not at all hard",
        "solution": "it was the taller of both",
        "topic": "who left and when",
        "place": "Rome",
        "year": 1990,
    }
    assert _told([record], task="choice") == ""
    assert "'choices'" in _told([record])


class ByHint(tilth.Strategy):
    """Answers a seed with the hint that stands in a column of its own."""

    name, title = "by-hint", "By hint"
    needs = frozenset({"question", "hint"})

    def cost(self, task):
        return tilth.UnitCost(teacher=1)

    async def grow(self, unit, ask, task):
        reply = await ask(task.answer(f"{unit.seed.question} {unit.seed.extra['hint']}"))
        yield tilth.Candidate(unit.seed.question, reply, unit.seed.reference)


def test_a_column_that_the_strategy_reads_itself_is_not_named():
    seeds = read_seeds(
        [{"question": "Who?", "answer": "Mo", "hint": "the taller one", "rest": "one two three"}]
    )
    with pytest.warns(tilth.TilthWarning, match="what stands in 'rest' reaches no prompt"):
        tilth.plan(seeds, ByHint(), 1, teacher=tilth.demo.teacher())
