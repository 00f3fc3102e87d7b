"""Options: found in questions, put into them, shuffled with their key, read from what writers send."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tasks.choice.choices import QUESTIONS

import tilth
from tilth import tasks
from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.tasks import Choice
from tilth.tasks.choice.options import find, upper

PALMS = QUESTIONS["palms"]
LINES = "Which?\nA. dry palms\nB. wet palms"


def seed(question="Which?", reference=None, **extra):
    return Seed("s0001", 0, question, reference, extra)


def with_extra(extra, reference):
    return Seed("s0001", 0, "Which?", reference, extra)


def put(task, one, draw=0):
    return task.put(one, random.Random(draw))


@pytest.mark.parametrize(
    ("question", "stem", "options"),
    [
        (LINES, "Which?", ["A. dry palms", "B. wet palms"]),
        ("Which?\n(a) x\n(b) y\n\nAnswer:", "Which?", ["a. x", "b. y"]),
        ("Which?\n**A.** x\n**B.** y", "Which?", ["A. x", "B. y"]),
        ("Which?\n**A) x**\n**B) y**", "Which?", ["A. x", "B. y"]),
        ("Which?\n- A. x\n- B. y", "Which?", ["A. x", "B. y"]),
        ("Which?\nA - x\nB - y", "Which?", ["A. x", "B. y"]),
        ("Which?\n1. one\n2. 2.5", "Which?", ["1. one", "2. 2.5"]),
        ("Which?\nA.\n x\n y\nB.\n z\n\nChoose.", "Which?", ["A. x y", "B. z"]),
        ("Which? A) x, B) y, or C) z", "Which?", ["A. x", "B. y", "C. z"]),
        ("Which of these? (A) x; (B) y", "Which of these?", ["A. x", "B. y"]),
        ("Which? Options: A. x; B. y", "Which?", ["A. x", "B. y"]),
        ("I. x\nII. y\nWhich?\nA. I\nB. I and II", "I. x\nII. y\nWhich?", ["A. I", "B. I and II"]),
        ("Good?\n- yes\n- no", "Good?", ["yes", "no"]),
        ("Steps:\n1. go\n2. stop\nGood?\n* yes\n* no", "Steps:\n1. go\n2. stop\nGood?", ["yes", "no"]),
        ("Good?\nOPTIONS:\n- yes\n- no", "Good?", ["yes", "no"]),
        ("Good? Options: yes, no, or maybe.", "Good?", ["yes", "no", "maybe"]),
        ("Which?\ni) x\nii) y\niii) z", "Which?", ["i. x", "ii. y", "iii. z"]),
    ],
)
def test_options_are_found_in_a_question(question, stem, options):
    found = find(question)
    assert [str(option) for option in found.options] == options
    assert question[: found.stem_end] == stem
    for option in found.options:
        start, end = option.span
        assert " ".join(question[start:end].split()) == option.text


@pytest.mark.parametrize(
    "question",
    [
        "",
        "How many?",
        "A. only one",
        "Vitamin A. B. subtilis",
        "A) x\nC) y",
        "- one",
        "3 - 2 - 1?",
        "Ann 1: x. Bob 2: y. Cy 3: z.",
    ],
)
def test_none_are_found_where_there_are_none(question):
    assert find(question) is None


LETTERED = "Which?\nA. dry\nB. wet"
OBJECTS = [{"text": "dry", "label": "1"}, {"text": "wet", "label": "2"}]
LISTS = {"text": ["dry", "wet"], "label": ["A", "B"]}


@pytest.mark.parametrize(
    ("task", "extra", "question", "reference"),
    [
        (Choice(), {"choices": ["dry", "wet"]}, LETTERED, "B. wet"),
        (Choice(), {"options": ["A) dry", "B) wet"]}, LETTERED, "B. wet"),
        (Choice(), {"options": OBJECTS}, "Which?\n1. dry\n2. wet", "2. wet"),
        (Choice(), {"choices": LISTS}, LETTERED, "B. wet"),
        (Choice(), {"choices": {"A": "dry", "B": "wet"}}, LETTERED, "B. wet"),
        (Choice(), {"choices": {"F": "dry", "B": "wet"}}, LETTERED, "B. wet"),
        (Choice(), {"choices": '["dry", "wet"]'}, LETTERED, "B. wet"),
        (Choice(), {"choices": "['dry', 'wet']"}, LETTERED, "B. wet"),
        (Choice(), {"choices": "{'text': ['dry', 'wet'], 'label': ['A', 'B']}"}, LETTERED, "B. wet"),
        (Choice(), {"question": {"choices": ["dry", "wet"]}}, LETTERED, "B. wet"),
        (Choice(options="last"), {"last": ["dry", "a\n b"]}, "Which?\nA. dry\nB. a b", "B. a b"),
        (Choice(options="q.all"), {"q": {"all": [1, 2.5]}}, "Which?\nA. 1\nB. 2.5", "B. 2.5"),
        (Choice(options=("dry", "wet"), lettered=False), {}, "Which?\n- dry\n- wet", "wet"),
        (Choice(options=("dry", "wet")), {"choices": ["x", "y"]}, LETTERED, "B. wet"),
    ],
)
def test_options_of_a_column_are_put_into_the_question(task, extra, question, reference):
    label, _, text = reference.rpartition(". ")
    for named in filter(None, [label, text, reference]):
        one = put(task, with_extra(extra, named))
        assert (one.question, one.reference) == (question, reference)
        assert put(task, one) == one
        assert task.fault(with_extra(extra, named)) is None


@pytest.mark.parametrize(
    ("options", "extra", "reference"),
    [
        (None, {"A": "dry", "B": "wet"}, "B"),
        (None, {"a": "dry", "b": "wet"}, "b"),
        (None, {"B": "wet", "A": "dry", "level": "C"}, "B"),
        (None, {"A": "dry", "B": "wet", "C": "", "D": None}, "B"),
        (None, {"option_a": "dry", "option_b": "wet"}, "B"),
        (None, {"Option A": "dry", "Option B": "wet"}, "Option B"),
        (None, {"choice1": "dry", "choice2": "wet"}, "choice2"),
        (None, {"opa": "dry", "opb": "wet", "exp": "it is"}, "opb"),
        (None, {"ending0": "dry", "ending1": "wet"}, "wet"),
        (None, {"answerA": "dry", "answerB": "wet"}, "B"),
        (None, {"sol1": "dry", "sol2": "wet"}, "wet"),
        (("opa", "opb"), {"opa": "dry", "opb": "wet"}, "B"),
        (("right", "left"), {"right": "dry", "left": "wet", "A": "x", "B": "y"}, "left"),
        (("q.first", "q.second"), {"q": {"first": "dry", "second": "wet"}}, "B"),
        (("A", "B", "C"), {"A": "dry", "B": "wet", "C": ""}, "B"),
        (("dry", "wet"), {"dry": "x"}, "B"),
    ],
)
def test_options_of_several_columns_are_put_into_the_question(options, extra, reference):
    task, one = Choice(options=options), with_extra(extra, reference)
    assert task.fault(one) is None
    assert (put(task, one).question, put(task, one).reference) == (LETTERED, "B. wet")


def test_numbers_of_columns_say_no_more_than_other_numbers():
    one = with_extra({"sol1": "dry", "sol2": "wet"}, "1")
    assert "say with Choice(counts_from=0) or 1" in Choice().fault(one)
    assert put(Choice(counts_from=0), one).reference == "B. wet"
    assert put(Choice(counts_from=1), one).reference == "A. dry"


def test_a_new_question_has_options_of_its_own_where_the_task_names_columns():
    one = put(Choice(options=("opa", "opb")), with_extra({"opa": "dry", "opb": "wet"}, "B"))
    prompt = Choice(options=("opa", "opb")).write_new_question(one)
    assert prompt.read("Question: Which is cold?\nA. fire\nB. ice") == "Which is cold?\nA. fire\nB. ice"
    for shuffle in (False, True):
        fixed = Choice(options=("dry", "wet"), shuffle=shuffle)
        prompt = fixed.write_new_question(put(fixed, with_extra({}, "wet")))
        assert set(prompt.read("Question: Which is sand?").splitlines()[1:]) <= {
            "A. dry",
            "B. wet",
            "A. wet",
            "B. dry",
        }


def test_labels_that_do_not_count_are_replaced_and_their_keys_with_them():
    one = put(Choice(), with_extra({"choices": {"F": "dry", "G": "wet", "H": "icy"}}, "G"))
    assert (one.question, one.reference) == (LETTERED + "\nC. icy", "B. wet")


def test_options_that_stand_in_the_question_stay_as_they_are():
    inline = "Which of these? (A) dry; (B) wet"
    assert put(Choice(), seed(inline, "wet")).question == inline
    assert put(Choice(), seed(inline, "b", choices=["dry", "wet"])).question == inline
    shuffled = {put(Choice(shuffle=True), seed(inline, "wet"), draw).question for draw in range(9)}
    assert shuffled == {inline, "Which of these? (A) wet; (B) dry"}


def test_more_options_than_letters_are_put_and_read():
    texts = [f"number {n} of them" for n in range(60)]
    one = put(Choice(), seed(reference=texts[40], choices=texts))
    assert one.reference == "AO. number 40 of them"
    assert Choice().read("The answer is AO.", one.question).answer == one.reference
    assert [upper(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@pytest.mark.parametrize(
    ("task", "one", "part"),
    [
        (Choice(), seed(), 'no options were found; name their column with Choice(options="...")'),
        (Choice(options="endings"), seed(choices=["a", "b"]), "there is no 'endings' to take options from"),
        (Choice(), seed(), 'several columns with Choice(options=("A", "B", ...))'),
        (Choice(), seed(A="x", B="", C="y"), "'B' is empty; give each option a column"),
        (
            Choice(),
            seed(A="x", B="y", choice1="v", choice2="w"),
            "options may lie in the columns 'A', 'B' or in 'choice1', 'choice2'; say in which with",
        ),
        (Choice(options=("A", "B", "C")), seed(A="x", B="y"), "there is no column 'C' beside 'A', 'B'"),
        (Choice(options=("A", "B")), seed(A="x", B=["y"]), "'B' is no text"),
        (Choice(), seed(A="x", C="y"), "no options were found"),
        (Choice(), seed(x1="x", x2="y"), "no options were found"),
        (Choice(options="n"), seed(n=3), "'n' is no list of options; give a list of texts"),
        (Choice(), seed(choices=["a"]), "fewer than two options"),
        (Choice(), seed(choices=["a", ""]), "'choices' has no text for option 2"),
        (Choice(), seed(choices=["dry", "wet", "dry"]), "options 1 and 3 are alike: 'dry'"),
        (Choice(), seed(LINES + "\nC. dry palms"), "options A and C are alike: 'dry palms'"),
        (Choice(), seed(LINES, "C"), "the reference 'C' names no option (A to B)"),
        (Choice(), seed(LINES, "1"), "say with Choice(counts_from=0) or 1"),
        (Choice(), seed(LINES, "A or B"), "names no option"),
        (Choice(counts_from=1), seed(LINES, "3"), "the reference '3' names no option"),
        (
            Choice(),
            seed(choices={"text": ["a", "b"], "label": ["A"]}),
            "'choices' has 2 texts, and not as many",
        ),
        (Choice(), seed(choices="['dry' 'wet']"), "fewer than two options"),
        (Choice(options="c"), seed(c="[1,"), "'c' opens like JSON and is none"),
        (Choice(lettered=False), seed(choices=["A. x", "C. y"]), "cannot be read back"),
    ],
)
def test_what_is_wrong_with_a_seed_is_told_with_what_to_do(task, one, part):
    assert part in task.fault(one)
    put(task, one)


def test_a_run_refuses_faulty_seeds_all_at_once(tmp_path):
    seeds = tilth.read_seeds(
        [
            {"question": "a?", "answer": "A"},
            {"question": LINES, "answer": "A"},
            {"question": "b?", "answer": "A"},
        ],
        task="choice",
    )

    async def teacher(messages, **settings):
        pytest.fail("nothing is to be asked")

    with pytest.raises(tilth.SeedsError) as caught:
        tilth.generate_sync(
            seeds, "answer-augmentation", 1, teacher=tilth.Teacher(teacher), path=tmp_path / "x.tilth"
        )
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == ["seeds s0001", "seeds s0003"]


ANY_TEXT = st.text(min_size=1, max_size=30).filter(lambda text: text.strip())


@given(texts=st.lists(ANY_TEXT, min_size=2, max_size=40), data=st.data())
def test_whatever_the_order_the_key_names_the_same_text(texts, data):
    task = Choice(shuffle=True)
    key = data.draw(st.sampled_from(texts))
    one = seed(reference=key, choices=texts)
    if task.fault(one) is not None:
        return
    plain = put(Choice(), one)
    text = dict(zip(*_labels_and_texts(plain.question), strict=True))[plain.reference.partition(". ")[0]]
    other = put(task, one, data.draw(st.integers(0, 99)))
    labels, shuffled = _labels_and_texts(other.question)
    assert sorted(shuffled) == sorted(_labels_and_texts(plain.question)[1])
    assert other.reference == f"{labels[shuffled.index(text)]}. {text}"
    assert task.check(other.reference, other.reference, other.question).accepted


def _labels_and_texts(question):
    options = find(question).options
    return [option.label for option in options], [option.text for option in options]


def test_every_arc_key_names_the_same_text_in_every_order(test_data):
    path = test_data / "arc_challenge_train_300.jsonl"
    task = Choice(shuffle=True)
    seeds = tilth.read_seeds(path, question="question.stem", answer="answerKey", id="id", task=task)
    moved = 0
    for one in seeds:
        right = {o["label"]: o["text"] for o in one.extra["question"]["choices"]}[one.reference]
        for draw in range(4):
            other = put(task, one, draw)
            assert other.reference.partition(". ")[2] == " ".join(right.split())
            assert task.read(other.reference, other.question).answer == other.reference
            moved += other.reference.partition(". ")[0] != one.reference
    assert 0.6 < moved / 1_200 < 0.85


def test_some_options_do_not_move():
    orders = {
        tuple(_labels_and_texts(put(Choice(shuffle=True), seed(QUESTIONS["all"]), n).question)[1])
        for n in range(50)
    }
    assert len(orders) == 6
    assert {order[3] for order in orders} == {"All of the above"}
    both = seed(QUESTIONS["both"])
    assert {put(Choice(shuffle=True), both, n).question for n in range(20)} == {both.question}


def test_a_rephrase_keeps_the_options_as_they_are():
    read = Choice().rephrase(seed(PALMS, "A")).read
    options = PALMS[PALMS.index("\nA.") :]
    assert read("Question: Where does rubbing heat most?") == f"Where does rubbing heat most?{options}"
    assert read(f"Question: Where does it heat most?{options}") == f"Where does it heat most?{options}"
    assert read("Question: Where?\n\nOptions:") == f"Where?{options}"
    repeated = options.replace(". ", ") ").upper()
    assert read(f"Question: Where?{repeated}.") == f"Where?{options}"
    inline = "Which of these? (A) dry; (B) wet"
    assert (
        Choice().rephrase(seed(inline)).read("Question: Of these, which?")
        == "Of these, which? (A) dry; (B) wet"
    )


@pytest.mark.parametrize(
    ("reply", "reason", "cause"),
    [
        (f"Question: {PALMS}s", "the options were changed", "bad-options"),
        ("Question: Where?\nA. wet palms\nB. dry palms", "the options were changed", "bad-options"),
        (f"Question: {PALMS[PALMS.index('A.') :]}", "no question found", "no-question"),
        ("", "empty reply", "empty"),
        ("I cannot.", "no question found", "no-question"),
    ],
)
def test_a_rephrase_that_is_none_is_unreadable(reply, reason, cause):
    with pytest.raises(Unreadable) as caught:
        Choice().rephrase(seed(PALMS)).read(reply)
    assert (str(caught.value), caught.value.cause) == (reason, cause)


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("Question: Which sinks?\nA. cork\nB. lead", "Which sinks?\nA. cork\nB. lead"),
        ("**Question:** Which sinks?\n\n(a) cork\n(b) lead", "Which sinks?\nA. cork\nB. lead"),
        ("Sure!\n\nWhich sinks?\n\n1) cork\n2) lead\n\nI hope this helps.", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Which sinks? A) cork B) lead", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Which sinks?\n- cork\n- lead", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Which sinks?\nOptions:\nA. cork\nB. lead\n\nAnswer: B", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Which sinks?\nA. cork\nB. lead\nCorrect answer: B", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Which sinks?\nA. cork\nB. lead (correct)", "Which sinks?\nA. cork\nB. lead"),
        ("```\nQuestion: Which sinks?\n**A.** cork\n**B.** lead ✓\n```", "Which sinks?\nA. cork\nB. lead"),
        ("Question: Lead is\nA. heavy.\nB. light.", "Lead is\nA. heavy.\nB. light."),
    ],
)
def test_a_written_question_is_laid_out_like_all(reply, question):
    written = Choice().write_new_question(seed(PALMS)).read(reply)
    assert written == question
    assert Choice().fault(seed(written)) is None


def test_a_written_question_takes_over_how_options_are_named():
    reply = "Question: Was it good?\nA. yes\nB. no"
    assert Choice().write_new_question(seed(QUESTIONS["yesno"])).read(reply) == "Was it good?\n- yes\n- no"
    assert Choice().write_new_question(seed(QUESTIONS["roman"])).read(reply) == "Was it good?\ni. yes\nii. no"
    task = Choice(options=("positive", "negative"), lettered=False)
    one = put(task, seed("I loved it.", "positive"))
    assert task.write_new_question(one).read("Question: I hated it.") == "I hated it.\n- positive\n- negative"
    assert (
        task.write_new_question(one).read("Question: Meh.\n- good\n- bad") == "Meh.\n- positive\n- negative"
    )


def test_written_options_are_shuffled_the_same_way_each_time():
    read = Choice(shuffle=True).write_new_question(seed(PALMS)).read
    assert "\ud800" in read("Question: Which is half a character?\nA. \ud800\nB. neither")
    replies = [f"Question: Which is number {n}?\nA. right\nB. wrong\nC. neither" for n in range(60)]
    written = [read(reply) for reply in replies]
    assert written == [read(reply) for reply in replies]
    first = [_labels_and_texts(question)[1].index("right") for question in written]
    assert {place: first.count(place) > 9 for place in range(3)} == {0: True, 1: True, 2: True}


@pytest.mark.parametrize(
    ("reply", "reason", "cause"),
    [
        ("Question: Which sinks?", "fewer than two options", "bad-options"),
        ("Question: Which sinks?\nA. lead", "fewer than two options", "bad-options"),
        ("Question: Which sinks?\nA. lead\nB. Lead.", "options A and B are alike: 'lead'", "bad-options"),
        ("Question:\nA. lead\nB. cork", "no question found", "no-question"),
        ("", "empty reply", "empty"),
        ("I'm sorry, I can't help with that.", "no question found", "no-question"),
    ],
)
def test_a_written_question_without_options_is_unreadable(reply, reason, cause):
    with pytest.raises(Unreadable) as caught:
        Choice().write_new_question(seed(PALMS)).read(reply)
    assert (str(caught.value), caught.value.cause) == (reason, cause)


WRITTEN = ["Question:", "A.", "B)", "(C)", "- ", "\n", "?", "cork", "lead", "Answer: ", "Options:", "**", " "]


@given(st.lists(st.sampled_from(WRITTEN), max_size=25).map("".join))
def test_reading_a_written_question_gives_one_that_can_be_put_or_says_why_not(reply):
    for prompt in (Choice().write_new_question(seed(PALMS)), Choice().rephrase(seed(PALMS))):
        try:
            question = prompt.read(reply)
        except Unreadable:
            continue
        assert Choice().fault(seed(question)) is None
        assert json.dumps(question)
        assert tasks.get("choice").read("(B)", question).answer.startswith("B. ")
