"""Whatever is passed to a public function in place of what it takes, the error says so in a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
import pytest

import tilth

WRONG: tuple[Any, ...] = (7, "x", None, object(), [1], {"a": 1}, b"x", 1.5, lambda: 1, int)
RAW = re.compile(
    r"object has no attribute|is not iterable|not supported between|unhashable|not subscriptable"
    r"|expected str, bytes|has no len|not callable|unsupported operand|expected string|must be str"
    r"|argument should be|cannot convert|too big to convert|ConversionSyntax|decode\(\)"
)


ROWS = pl.DataFrame({"question": ["1 + 1?"], "response": ["2"], "extra": ["{}"]})


def started(**given: Any) -> None:
    usual = {
        "seeds": tilth.demo.seeds(2),
        "strategy": "answer-augmentation",
        "budget": 2,
        "teacher": tilth.demo.teacher(),
    }
    tilth.start(**{**usual, **given}).abort()


def planned(**given: Any) -> None:
    usual = {
        "seeds": tilth.demo.seeds(2),
        "strategy": "answer-augmentation",
        "budget": 2,
        "teacher": tilth.demo.teacher(),
    }
    tilth.plan(**{**usual, **given})


def study_planned(**given: Any) -> None:
    usual = {"seeds": tilth.demo.seeds(2), "ratios": [1], "teacher": tilth.demo.teacher()}
    tilth.plan_study(**{**usual, **given})


def study_tested(**given: Any) -> None:
    seeds, teacher = tilth.demo.seeds(2), tilth.demo.teacher()
    usual = {"test": tilth.demo.questions("same", "test").head(2)}
    tilth.start_study(seeds, teacher=teacher, ratios=[1], replicates=1, **{**usual, **given}).abort()


def judge(**given: Any) -> None:
    tilth.checks.Judge(**{"model": tilth.demo.teacher(), **given})


def drawn(**given: Any) -> None:
    tilth.chart(**given)


def workbench(**given: Any) -> None:
    usual = {"seeds": tilth.demo.seeds(2), "teacher": tilth.demo.teacher(), "budget": 2}
    tilth.Workbench(**{**usual, **given})


def teacher(**given: Any) -> None:
    tilth.Teacher(**{"model": "four", **given})


def read(**given: Any) -> None:
    tilth.read_seeds(**{"source": [{"question": "1 + 1?", "answer": "2"}], **given})


def saved(**given: Any) -> None:
    rows = pl.DataFrame({"question": ["1 + 1?"], "response": ["2"], "verdict": ["accepted"]})
    tilth.save(**{"rows": rows, "path": "rows.jsonl", **given})


def handed_over(**given: Any) -> None:
    saved(**{"path": "tuning", "format": "trl", **given})


def graded(**given: Any) -> None:
    test = pl.DataFrame({"question": ["1 + 1?"], "reference": ["2"]})
    told = {"strategy": "new-question", "seeds": 1, "ratio": 2, "teacher": "a-model"}
    tilth.results(**{"answers": ["2"], "test": test, "student": "mine", **told, **given})


def verified(**given: Any) -> None:
    tilth.verify("run.tilth", **given)


def copied(**given: Any) -> None:
    tilth.copy(**{"path": "run.tilth", "to": "copy.tilth", **given})


def waited(**given: Any) -> None:
    run = tilth.start(tilth.demo.seeds(1), "answer-augmentation", 1, teacher=tilth.demo.teacher())
    try:
        run.wait(**given)
    finally:
        run.wait()


def crossed(**given: Any) -> None:
    tilth.crossings(**{"studies": pl.DataFrame(), **given})


def checked(**given: Any) -> None:
    tilth.check(**{"response": "18", **given})


def calibrated(**given: Any) -> None:
    tilth.checks.calibrate(**{"judge": tilth.checks.Judge(tilth.demo.teacher()), "rows": ROWS, **given})


def audited(**given: Any) -> None:
    tilth.checks.audit(**{"rows": ROWS, "auditor": tilth.demo.teacher(), **given})


def priced(**given: Any) -> None:
    tilth.Price(**{"prompt": 1, "completion": 1, **given})


def limited(**given: Any) -> None:
    tilth.Budget(queries=2, **given)


def refusal(call: Callable[[], object]) -> str | None:
    """What the call is refused with; None where it is taken."""
    try:
        call()
    except (TypeError, ValueError, OSError, tilth.TilthError) as error:
        return str(error)
    return None


ARGUMENTS: tuple[tuple[Callable[..., Any], str], ...] = (
    *((started, name) for name in ("seeds", "strategy", "budget", "teacher", "writer", "task", "path")),
    *((started, name) for name in ("checks", "check", "reuse", "random_state")),
    *((planned, name) for name in ("seeds", "strategy", "budget", "teacher", "writer", "task", "checks")),
    (planned, "probe"),
    *((study_planned, name) for name in ("seeds", "strategies", "sizes", "ratios", "replicates", "checks")),
    *((study_planned, name) for name in ("teacher", "writer", "task", "student", "seed_rows", "check")),
    *((study_tested, name) for name in ("test", "validation", "path", "reuse")),
    *((judge, name) for name in ("model", "rubric", "accept")),
    *((drawn, name) for name in ("study",)),
    *((workbench, name) for name in ("teacher", "writer", "strategy", "budget", "path", "checks", "test")),
    *((tilth.checks.Agreement, name) for name in ("need", "of", "keep")),
    *((limited, name) for name in ("tokens", "usd", "rows")),
    (tilth.open_run, "path"),
    (tilth.open_study, "path"),
    (tilth.verify, "path"),
    (verified, "using"),
    (tilth.tasks.Numeric, "prompts"),
    *((teacher, name) for name in ("model", "base_url", "api_key", "client", "headers", "extra_body")),
    *((teacher, name) for name in ("max_tokens", "timeout", "concurrency", "requests_per_minute", "price")),
    *((teacher, name) for name in ("temperature", "top_p", "reasoning_effort", "system")),
    (teacher, "tokens_per_minute"),
    *((read, name) for name in ("source", "question", "answer", "task", "duplicates", "on_fault")),
    *((read, name) for name in ("id", "context", "encoding")),
    *((copied, name) for name in ("path", "to")),
    (waited, "timeout"),
    *((crossed, name) for name in ("studies", "outcomes")),
    *((checked, name) for name in ("response", "task", "question")),
    *((tilth.demo.seeds, name) for name in ("n", "task")),
    *((tilth.demo.teacher, name) for name in ("skill", "drift")),
    *((calibrated, name) for name in ("judge", "rows", "n")),
    *((audited, name) for name in ("rows", "auditor", "n")),
    *((priced, name) for name in ("prompt", "completion")),
    (tilth.tasks.Choice, "options"),
    *((saved, name) for name in ("rows", "path", "format", "verdicts")),
    *((handed_over, name) for name in ("model", "validation")),
    *((graded, name) for name in ("answers", "test", "student", "run", "task", "strategy", "seeds", "ratio")),
    *((graded, name) for name in ("teacher", "rows", "replicate", "seed_rows", "check")),
    (tilth.tasks.Sql, "database"),
)


@pytest.mark.parametrize(("call", "name"), ARGUMENTS, ids=lambda one: one if isinstance(one, str) else None)
def test_what_is_of_another_kind_is_told(
    call: Callable[..., Any], name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = {repr(value): message for value in WRONG if (message := refusal(partial(call, **{name: value})))}
    assert told
    assert [(value, message) for value, message in told.items() if RAW.search(message)] == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: started(seeds="seeds.jsonl"), 'seeds is a str; pass what tilth.read_seeds("seeds.jsonl")'),
        (lambda: started(teacher="gpt-4.1-mini"), "teacher is a str; pass a tilth.Teacher"),
        (lambda: started(checks=tilth.checks.Agreement()), "checks is an Agreement; pass a list of checks"),
        (lambda: started(checks=[tilth.checks.Agreement]), "checks holds the class Agreement"),
        (lambda: started(reuse="old.tilth"), "reuse is a str; pass a list of paths"),
        (lambda: judge(model="gpt-4.1-mini"), "Judge(model) is a str; pass a tilth.Teacher"),
        (lambda: study_tested(test="test.jsonl"), "test set 'test' is a str; pass what tilth.read_seeds"),
        (lambda: tilth.copy(5, "to.tilth"), "path is an int; pass a path"),
        (lambda: tilth.copy("run.tilth", None), "to is None; pass a path"),
        (lambda: waited(timeout="x"), "timeout is a str; pass a number"),
        (lambda: tilth.crossings(5), "studies is an int; pass a study's frame"),
        (lambda: tilth.check(18), "response is an int; pass a model's reply"),
        (lambda: read(context=[1]), "context holds an int; pass a list of columns' names"),
        (lambda: read(encoding=5), "encoding is an int; pass its name"),
        (lambda: tilth.demo.seeds(1.5), "n is a float; pass a whole number"),
        (lambda: tilth.demo.teacher(None), "skill is None; pass a number"),
        (lambda: planned(probe="x"), "probe is a str; pass a whole number"),
        (lambda: started(random_state=True), "random_state is a bool; pass a whole number"),
        (lambda: graded(replicate=False), "replicate is a bool; pass a whole number"),
        (lambda: teacher(max_tokens=True), "max_tokens is a bool; pass a whole number"),
        (lambda: calibrated(judge=5), "judge is an int; pass a tilth.checks.Judge"),
        (lambda: audited(rows=5), "rows is an int; pass a frame"),
        (lambda: tilth.tasks.Choice(options=5), "options is an int; pass a list of columns, or of options"),
        (lambda: teacher(reasoning_effort=[]), "reasoning_effort is a list; pass a text"),
        (lambda: tilth.tasks.OpenEnded("rouge-l"), "positional argument"),
        (lambda: tilth.tasks.Numeric("x"), "positional argument"),
    ],
)
def test_the_sentence_says_what_to_pass(call: Callable[[], object], says: str) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
        call()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        *((partial(teacher, timeout=value), "timeout finite") for value in (math.nan, math.inf, 0)),
        *((partial(teacher, temperature=value), "0 or more") for value in (math.nan, math.inf, -1)),
        *((partial(teacher, top_p=value), "0 or more") for value in (math.nan, math.inf, -1)),
        *((partial(teacher, requests_per_minute=value), "finite") for value in (math.nan, math.inf, 0)),
        *((partial(study_planned, ratios=[value]), "numbers above 0") for value in (math.nan, math.inf)),
        (partial(study_planned, replicates=10**30), "10,000 at most"),
        (partial(study_planned, random_state=2**70), "random_state takes more than 64 bits"),
        (partial(started, random_state=2**63), "random_state takes more than 64 bits"),
        (partial(tilth.train, ROWS, "parser", random_state=-(2**64)), "random_state takes more than 64 bits"),
        *((partial(tilth.demo.teacher, skill=value), "from 0.1 to 10") for value in (math.nan, math.inf)),
    ],
)
def test_a_number_that_means_nothing_is_told(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_a_key_in_a_wrong_place_is_not_shown() -> None:
    with pytest.raises(TypeError) as caught:
        started(teacher="sk-canary-5f21d0")
    assert "canary" not in str(caught.value)


def test_seeds_are_a_test_set(tmp_path: Any) -> None:
    test = tilth.read_seeds(
        [
            {"question": f"Ann has {n} nuts and finds 3. How many has she?", "answer": str(n + 3)}
            for n in (1, 2)
        ]
    )
    study = tilth.study_sync(
        tilth.demo.seeds(4),
        test=test,
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "study.tilth",
    )
    assert study.frame["n_test"].to_list() == [2]


def test_seeds_of_choice_are_asked_with_their_options() -> None:
    from tilth.studies.test_sets import questions_of

    task = tilth.tasks.Choice()
    seeds = tilth.read_seeds(
        [{"question": "How many legs has a cat?", "choices": ["two", "four"], "answer": "B"}], task=task
    )
    assert questions_of(seeds, "test", task).row(0) == (
        "s0001",
        tilth.tasks.as_put(seeds).frame["question"][0],
        "B. four",
    )
