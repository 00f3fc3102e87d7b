"""Where a reply ends though its model wrote on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import WIDE, growth

from tilth.tasks.run_on import without_run_on


@pytest.mark.parametrize(
    ("reply", "more"),
    [
        ("The answer is 18.", "\n\nQ: What is 6 * 7?\nA: 42"),
        ("The answer is 18.", "\n\nQuestion: What is 6 * 7?\nThe answer is 42."),
        ("The answer is 18.", "\nQuestion 2: What is 6 * 7?\nThe answer is 42."),
        ("The answer is 18.", "\n\n**Question:** What is 6 * 7?"),
        ("The answer is 18.", "\n\nNext question: What is 6 * 7?"),
        ("The answer is 18.", "\n\nProblem:\nWhat is 6 * 7?\n\nSolution:\n42"),
        ("The answer is 18.", "\n\nHuman: And 6 times 7?\n\nAssistant: The answer is 42."),
        ("The answer is 18.", "\nUSER: And 6 times 7?"),
        ("The answer is 18.", "\n\nAssistant: The answer is 42."),
        ("The answer is 18.", "\n\n### Instruction:\nWhat is 6 * 7?\n\n### Response:\n42"),
        ("The answer is 18.", "\n\n### Question\nWhat is 6 * 7?"),
        ("The answer is 18.", "\n\n### Problem 2\nWhat is 6 * 7?"),
        ("Answer: 18\n\nExample 2:", "\nQuestion: What is 6 * 7?\nAnswer: 42"),
        ("Die Antwort ist 18.", "\n\nFrage: Was ist 6 * 7?"),
        ("答案是18。", "\n问题：6 * 7是多少？\n42"),
        ("#### 18", "<|im_end|>\n<|im_start|>user\nWhat is 6 * 7?<|im_end|>\n<|im_start|>assistant\n#### 42"),
        ("#### 18", "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n6 * 7?"),
        ("#### 18", "<|endoftext|>#### 42"),
        ("#### 18", "</s> [INST] 6 * 7? [/INST] 42"),
        ("#### 18", "<end_of_turn>\n<start_of_turn>user\n6 * 7?"),
        ("#### 18", "<｜end▁of▁sentence｜><｜User｜>6 * 7?"),
        ("#### 18", "<|end|><|user|>6 * 7?"),
        ("B", "</s>"),
        ("<|im_start|>assistant\n18", "<|im_end|>"),
        ("<s>It's 18", "</s>"),
        (
            "<|channel|>analysis<|message|>9+9<|end|><|start|>assistant<|channel|>final<|message|>18",
            "<|return|>",
        ),
        ("Question: What is 9 + 9?\nAnswer: 18", "\n\nQuestion: What is 6 * 7?\nAnswer: 42"),
        ("```sql\nSELECT 1\n```", "\nQuestion: And two?\n```sql\nSELECT 2\n```"),
        ("SELECT count(*) FROM t;", "\n\nQuestion: Which cities?\nSQL: SELECT city FROM t;"),
        ("The solution is x.", "\n\nQ: And the problem of y?"),
    ],
)
def test_a_reply_ends_where_another_turn_or_example_begins(reply, more):
    assert without_run_on(reply + more) == reply
    assert without_run_on(reply) == reply


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " \n",
        "The answer is 18.",
        "Question: What is 9 + 9?\nAnswer: 18",
        "\n\n**Question:** What is 9 + 9?\n\n**Answer:** 18",
        "Sure! Let me read the problem again.\n\nQuestion: What is 9 + 9?\n\nThe answer is 18.",
        "Here is what is asked:\n\nQuestion: What is 9 + 9?\n\n18",
        "The next question: is it 18? Yes.",
        "It answers Question: 4 with 18.",
        "User: What is 9 + 9?\nAssistant: 18",
        "Question 1: What is left?\n16 - 7 = 9\nQuestion 2: What does she make?\n9 * 2 = 18",
        "She has 18.\nQuestions: none.",
        "# Users\nUsers: 3",
        "### User accounts\nThere are 18.",
        "```\nQ: What is 9 + 9?\nA: 18\n```\nThat is how it looks.",
        "```yaml\nuser: ann\nquestion: 4\n```",
        "parts = text.split('</s>')",
        'END = "<|im_end|>"',
        "It costs <s>20</s> 18 dollars.",
        "if a <b and c[INST] > 2: 18",
        "The norm <|x|> is 18.",
        "<|begin_of_box|>18<|end_of_box|>",
    ],
)
def test_a_reply_that_stays_with_its_question_is_kept_whole(reply):
    assert without_run_on(reply) == reply


PIECES = ["Q: ", "\n", " ", "<|im_end|>", "</s>", "<s>", "'", "```", "18", "Question: ", "ok", ":", "[INST]"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_what_is_kept_is_a_beginning_and_ends_where_it_ended(text):
    kept = without_run_on(text)
    assert text.startswith(kept)
    assert without_run_on(kept) == kept


LONG = ["x:\nQ: a\n", "'</s>'", "a <s></s>", "```\nQ:\n", "\n\n", "\n> > ", "<|", "#########"]


@pytest.mark.parametrize("piece", LONG)
def test_long_replies_take_linear_time(piece):
    assert growth(without_run_on, "Look: " + piece * (800_000 // len(piece))) < WIDE
