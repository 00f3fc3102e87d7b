"""Whatever is passed to a public function in place of what it takes, the error says so in a sentence."""

from __future__ import annotations

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
    r"|expected str, bytes|has no len|not callable"
)


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


def verified(**given: Any) -> None:
    tilth.verify("run.tilth", **given)


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
    *((read, name) for name in ("source", "question", "answer", "task", "duplicates", "on_fault")),
    *((saved, name) for name in ("rows", "path", "format", "verdicts")),
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
        (lambda: tilth.tasks.OpenEnded("rouge-l"), "positional argument"),
        (lambda: tilth.tasks.Numeric("x"), "positional argument"),
    ],
)
def test_the_sentence_says_what_to_pass(call: Callable[[], object], says: str) -> None:
    with pytest.raises(TypeError, match=re.escape(says)):
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
