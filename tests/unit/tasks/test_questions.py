"""Reading a written question: where it begins, that it ends where it ends, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.errors import Unreadable
from tilth.tasks.likeness import question_key
from tilth.tasks.question_ends import LONGEST, tells_answer
from tilth.tasks.questions import QuestionReader, read_question
from tilth.tasks.refusals import refuses

NUTS = "Tom has 3 bags of 4 nuts. How many nuts?"


@pytest.mark.parametrize(
    "reply",
    [
        f"Question: {NUTS}",
        f"A new question of the same kind as the one above: Question: {NUTS}",
        f"The answer is: 1. Question: {NUTS}",
        f"... so she now has 6 + 3 = 9 apples. Question: {NUTS}",
        f"Q: {NUTS}",
        f"Q1. {NUTS}",
        f"Question 1: {NUTS}",
        f"New Question 1: {NUTS}",
        f"**Question #2:** {NUTS}",
        f"**New question**\n{NUTS}",
        f"## Question\n\n{NUTS}\n\n## Solution\n\n3 * 4 = 12",
        f"<question>{NUTS}</question>",
        f"Frage: {NUTS}",
        f"问题：{NUTS}",
        f"Here's a new problem: {NUTS}",
        f"Sure, here you are.\n\n{NUTS}\n\nLet me know if you want another!",
        f"<|im_start|>assistant\nQuestion: {NUTS}<|im_end|>\n<|im_start|>user\nThanks",
        json.dumps({"question": NUTS, "answer": "12"}),
        f"```json\n{json.dumps({'question': NUTS})}\n```",
        f"Question:\n---\n{NUTS}",
        f"Original question: How much?\nQuestion: {NUTS}",
        f"Question: How much is it?\n\nNew question: {NUTS}",
        f"Question: {NUTS}\nAnswer: 12\n\nQuestion: How many bolts?\nAnswer: 3",
        f"Rephrased: {NUTS}",
        f"**Reworded version:** {NUTS}",
        f"Sure! Paraphrased: {NUTS}",
        f"Rephrase: {NUTS}",
        f"Original: How much is it?\nRephrased: {NUTS}",
        f"Original: How much is it?\n\n**Rephrased:** {NUTS}\nAnswer: 12",
        f"Original: How much is it? Rewritten: {NUTS}",
        f"Original question: How much is it?\nRephrased: {NUTS}",
        f"1. {NUTS}",
        f"(1) {NUTS}",
        f"2) {NUTS}\n\nAnswer: 12",
        f"**1.** {NUTS}",
        f"**1. {NUTS}**",
        f"- {NUTS}",
        f"Question: 1. {NUTS}",
        f"Here is a new question:\n\n1. {NUTS}",
        f"Question: ...\n\nQuestion: {NUTS}",
        f"Question: [Your question here]\nQuestion: {NUTS}",
    ],
)
def test_its_beginning_is_found(reply: str) -> None:
    assert read_question(reply) == NUTS


@pytest.mark.parametrize(
    "behind",
    [
        "\n\nIn this case, the answer is 12, but you can also find it by looking at the numbers.",
        "\nThe answer is 12, so Tom has 12 nuts.",
        " The answer is 12.",
        " Answer: 12",
        "\nA: 12",
        "\n\nA: 12",
        " A: 12",
        " (A: 12)",
        "\n**A:** He has 12 nuts.",
        "\nA1: In all, he has 12 nuts.",
        "\n> a: 12",
        "\nA:",
        "\n(Answer: 12)",
        " [Ans. 12]",
        "\n\n**Step 1:** 3*4 = 12\n\n#### 12",
        "\nStep 1. Multiply.",
        " #### 12",
        " \\boxed{12}",
        "\n\n$\\boxed{12}$",
        " 3 * 4 = 12",
        " 12",
        " (12 nuts)",
        "\nHe has 12 nuts in all.",
        " So he has 12.",
        " To find this, multiply.",
        "\n\nLet's solve it.",
        " Solution: multiply.",
        "\nSolución: 12",
        " Die Antwort ist 12.",
        "\n\nNote that each bag is full.",
        "\nNote: each bag is full.",
        "\n\n---\n\nIs there anything else?",
        "\n<|im_end|>",
        "<|eot_id|>",
        "</s>",
        "\nUser: Thanks",
        " I hope this helps!",
        " Would you like another one?",
        "\n\nWhat is your answer?",
        "\nSELECT 1",
        " ```sql\nSELECT 1\n```",
    ],
)
@pytest.mark.parametrize("before", ["Question: ", "**Question:** ", "Q: "])
def test_it_ends_where_it_ends(before: str, behind: str) -> None:
    assert read_question(before + NUTS + behind) == NUTS


@pytest.mark.parametrize(
    "question",
    [
        "Tom adds 3 to a number and the answer is 10. What is the number?",
        "Find x where 2x = 4.",
        "What is x? Put your final answer in \\boxed{}.",
        "How long is it? Give your answer in cm. Round to two decimals.",
        "How many apples are left? So if he gives 2 away, how many has he then?",
        "How many eggs remain? Felix bought 2 boxes with 16 eggs each. Then he gave half of them away.",
        "How much are they worth? There were 57 cards at $5.",
        "Is it prime? Answer with yes or no.",
        "How far is it? Answer: in whole metres.",
        "How far is it? A: in whole metres.",
        "Which is it?\nA) 4\nB) 5",
        "Which is it?\nA: 4\nB: 5",
        "Which is it? A: 4 B: 5",
        "Which is it?\nA: 4\nB) 5",
        "How long are they in all?\nA1: 4 km\nA2: 5 km",
        "Two people talk.\nA: I lie.\nB: One of us lies.\nWho lies?",
        "How many subsets has this set?\nA: {1, 2, 3}",
        "A set is given.\nA: 1, 2, 3\nHow many subsets has it?",
        "Prices changed.\nOriginal: $5\nNew: $4\nHow much is saved?",
        "Do they mean the same?\nOriginal: The cat sat.\nRephrased: The cat was sitting.",
        "1) Tom has 3 nuts.\n2) He eats 1.\nHow many has he now?",
        "1. Tom has 3 nuts. 2. He eats 1. How many has he now?",
        "- Tom has 3 nuts.\n- He eats 1.\nHow many has he now?",
        "- 3 + 5 is what?",
        "(How many problems are here?)",
        "What is the problem here?",
        "[3, 4] has how many elements?",
        "For each plant:\n- its name\n- its price\n\nshow both, sorted by name.",
        "Tom has 3 apples.\n\nHe buys 4 more.\n\nHow many has he now?",
        "List the names of all plants, sorted by price.",
        "I hated it.",
    ],
)
def test_what_belongs_to_it_stays(question: str) -> None:
    assert read_question(f"Question: {question}") == question
    assert not tells_answer(question)


def test_real_questions_are_read_as_they_are(test_data: Path) -> None:
    for name in ("gsm8k_test_300.jsonl", "gsm8k_train_1000.jsonl"):
        for line in (test_data / name).read_text("utf-8").splitlines():
            question = json.loads(line)["question"]
            assert read_question(f"Question: {question}\n\nAnswer: 12") == question.strip()
            assert not tells_answer(question)
            assert question_key(question) == question_key(f"**{question.upper()}**")


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        (
            "Problem: Tom has 3 apples.\nQuestion: How many now?\nAnswer: 3",
            "Tom has 3 apples.\nHow many now?",
        ),
        ("Context: Tom has 3.\n\nQuestion: How many now?", "Tom has 3.\nHow many now?"),
        ("Tom has 3 apples.\n\nHe eats 1. How many now?", "Tom has 3 apples.\n\nHe eats 1. How many now?"),
    ],
)
def test_what_it_tells_first_belongs_to_it(reply: str, question: str) -> None:
    assert read_question(reply) == question


def test_a_label_of_its_own_follows_the_question_that_was_shown_and_no_other() -> None:
    shown = "How much is it?"
    assert read_question(f"Question: {shown}\nRephrased: {NUTS}", shown) == NUTS
    other = f"Which is meant?\nRephrased: {NUTS}"
    assert read_question(f"Question: {other}", shown) == other


def test_what_stood_below_the_question_shown_may_stand_below_the_new_one() -> None:
    shown = "Who wrote it?\n\nContext: Ann wrote it in 1990."
    written = "Who read it?\n\nContext: Ben read it.\n\nHe liked it."
    assert read_question(f"Question: {written}", shown) == written
    assert read_question(f"Question: {written}") == "Who read it?"
    assert read_question(f"{shown}\n\nNew question: {written}\n\nAnswer: Ben", shown) == written


@pytest.mark.parametrize(
    "reply",
    [
        "I'm sorry, but I can't help with that. Would you like something else?",
        "As an AI language model, I cannot write questions. Do you need anything else?",
        "I cannot help with that request. What else may I do?",
        "How many nuts?\n\nHow many bolts?",
        "Question:\n\nAnswer: 12",
        "Answer: 12",
        "Question: ...",
        "Question: …\nAnswer: …",
        "Question: **???**",
        "Question: [Your question here]",
        "**Question:** <your rephrased question>",
        "Question: {question}",
        "Question: (your question here)",
        "[Insert a new question about bakers here?]",
        "Question: Your question here.",
        "Question: N/A",
    ],
)
def test_what_is_no_question(reply: str) -> None:
    with pytest.raises(Unreadable, match="no question found"):
        read_question(reply)


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        (f"Question: {NUTS}\n\nIn this case, the ans", NUTS),
        (f"Question: {NUTS}\nAnswer: 1", NUTS),
        (f"Question: {NUTS}\nA: 12\n\nQ: How m", NUTS),
        (f"Question: {NUTS}\nA: 12 nuts", None),
        (f"Question: {NUTS}", None),
        (f"Question: {NUTS} Give", None),
        (f"Question: {NUTS}\n", None),
        ("Question: Tom has", None),
        ("Let me think about", None),
    ],
)
def test_of_a_reply_that_was_cut_off_only_a_whole_question_is_read(reply: str, question: str | None) -> None:
    reader = QuestionReader("How much?")
    if question is not None:
        assert reader.surely_whole(reply) == question
        return
    with pytest.raises(Unreadable):
        reader.surely_whole(reply)


@pytest.mark.parametrize(
    "behind",
    [" The answer is 12.", "\n#### 12", " 3*4 = 12", " (Answer: 12)", "\nA: 12", "\n\n**A:** 12", " A: 12"],
)
def test_a_question_that_tells_its_answer_is_known(behind: str) -> None:
    assert tells_answer(NUTS + behind)


@pytest.mark.parametrize("behind", ["\nA:", "\nA: ___", "\nA: 4\nB: 12"])
def test_a_place_for_the_answer_does_not_tell_it(behind: str) -> None:
    assert not tells_answer(NUTS + behind)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How many are 1,200 and 3?", "how many  are 1200 and 3", True),
        ("**Tom's** bag – is it full?", "Tom’s bag, is it full?", True),
        ("What is 3 + 4?", "What is 3 - 4?", False),
        ("What is 3 - 4?", "What is 3 – 4?", True),
        ("What is 3 * 4?", "What is 3 × 4?", True),
        ("What is 1.5 + 2?", "What is 15 + 2?", False),
        ("What is gcd(12, 18)?", "What is gcd(1, 218)?", False),
        ("What is -3 squared?", "What is 3 squared?", False),
        ("Tom has 3 nuts.", "Tom has 4 nuts.", False),
    ],
)
def test_what_two_questions_have_in_common(one: str, other: str, same: bool) -> None:
    assert (question_key(one) == question_key(other)) is same


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ("I cannot help with that.", True),
        ("I'm sorry, but I can't assist with that request.", True),
        ("Sorry, I am unable to answer this question.", True),
        ("As an AI language model, I don't have opinions.", True),
        ("Unfortunately, I cannot complete this task.", True),
        ("I cannot solve this. Please give me more details.", True),
        ("I cannot say that it is 7.", False),
        ("I'm sorry, I can't make it on Friday.", False),
        ("I can't answer this directly, but it is 3 + 4 = 7.", False),
        ("The answer is no.", False),
        ("I cannot wait to help you with that!", False),
    ],
)
def test_a_refusal_is_told_only_where_it_is_sure(reply: str, refused: bool) -> None:
    assert refuses(reply) is refused


PIECES = [
    "Question:",
    "Q:",
    "**",
    "\n",
    "\n\n",
    "?",
    "a b",
    "```",
    "Answer:",
    "A:",
    "Rephrased:",
    "1.",
    "The answer is 3.",
    "3 + 4 = 7",
]


@given(st.lists(st.sampled_from([*PIECES, "<|im_end|>", "Find 3.", "So", "(", "{", "---"]), max_size=25))
def test_a_question_is_read_the_same_again_or_it_is_said_why_there_is_none(pieces: list[str]) -> None:
    try:
        question = read_question(" ".join(pieces))
    except Unreadable:
        return
    assert question == question.strip() != ""
    assert not tells_answer(question)


@pytest.mark.parametrize(
    "piece",
    [
        *["\n", "(", "? so ", "a\n\n", "9", "...", "question: a\n", "1+1=", "{", "<|a|>", "find a. ", "- "],
        *["rephrased: a?\n", "a: ", "\na: b", "1. A ", "[your here ", "the ", "Question: ...\n"],
    ],
)
def test_hostile_replies_are_read_in_linear_time(piece: str) -> None:
    def read(text: str) -> None:
        for reply in (text, f"Question: How many 3? {text}"):
            try:
                read_question(reply)
            except Unreadable:
                continue
        tells_answer(text)
        question_key(text)

    assert growth(read, piece * (LONGEST // len(piece))) < WIDE
