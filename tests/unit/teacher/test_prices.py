"""Money is exact, rounded up, and unknown where it is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.teacher import Price, Teacher

tokens = st.integers(min_value=0, max_value=10**12)
dollars = st.decimals(min_value=0, max_value=10**4, places=6)


@given(dollars, dollars, tokens, tokens)
def test_nano_dollars_are_exact_and_rounded_up(prompt, completion, prompt_tokens, completion_tokens):
    exact = (Fraction(prompt) * prompt_tokens + Fraction(completion) * completion_tokens) * 1000
    assert Price(prompt, completion).nano_dollars(prompt_tokens, completion_tokens) == ceil(exact)


def test_a_fraction_of_a_nano_dollar_costs_one():
    assert Price(Decimal("0.0001"), Decimal(0)).nano_dollars(1, 0) == 1


def test_a_price_may_be_written_as_a_float():
    assert Price(0.4, 1.6) == Price(Decimal("0.4"), Decimal("1.6"))


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_what_is_no_price_is_refused(amount):
    with pytest.raises(ValueError, match="dollars per million tokens"):
        Price(prompt=amount, completion=Decimal(1))


@pytest.mark.parametrize("amount", ["x", "", None, True, [1], b"1", int])
def test_what_is_no_number_is_told(amount):
    with pytest.raises(TypeError, match=r"Price\(completion\) is .+; pass US dollars per million tokens"):
        Price(prompt=Decimal(1), completion=amount)


def test_a_price_of_ones_own_is_restored_as_it_was_told():
    price = Price(0.4, Decimal("1.60"), source="a contract", date="2026-11-01")
    assert Price.restored(price.to_json()) == price


@pytest.mark.parametrize(
    "stored",
    [
        None,
        7,
        {"source": "user", "date": ""},
        {"prompt": "much", "completion": "1", "source": "user", "date": ""},
        {"prompt": "-1", "completion": "1", "source": "user", "date": ""},
        {"prompt": [1], "completion": "1", "source": "user", "date": ""},
        {"prompt": "1", "completion": "1", "source": 7, "date": ""},
    ],
)
def test_what_a_file_does_not_tell_is_unknown(stored):
    assert Price.restored(stored) is None


def test_a_price_that_was_looked_up_is_looked_up_again():
    price = Teacher("gpt-4.1-mini").price()
    assert price is not None
    assert Price.restored(price.to_json()) is None


def test_known_models_have_a_price_with_its_source_and_date():
    price = Teacher("gpt-4.1-mini").price()
    assert price is not None
    assert (price.prompt, price.completion) == (Decimal("0.4"), Decimal("1.6"))
    assert price.source.startswith("genai-prices ")
    assert date.fromisoformat(price.date) <= datetime.now(UTC).date()


def test_a_price_that_rises_with_the_prompt_says_how_far_it_holds():
    url = "https://generativelanguage.googleapis.com/v1beta/openai/"
    price = Teacher("gemini-2.5-pro", base_url=url).price()
    assert price is not None
    assert price.source.endswith("prompts up to 200,000 tokens")


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("gpt-4.1-mini", "http://127.0.0.1:8000/v1"),
        ("no-such-model", None),
        ("sonar", "https://api.perplexity.ai"),
    ],
    ids=["local server", "unknown model", "fee per request"],
)
def test_an_unknown_price_is_none_and_never_zero(model, url):
    assert Teacher(model, base_url=url).price() is None


def test_the_users_price_comes_first():
    mine = Price(Decimal(1), Decimal(2))
    assert Teacher("gpt-4.1-mini", price=mine).price() is mine
