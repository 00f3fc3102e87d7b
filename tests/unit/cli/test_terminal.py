"""What a terminal of 80 columns shows of runs: whole names and numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tilth.cli.terminal import table

COUNTS = ("queries", "rows", "accepted", "unverified", "rejected")


def ended(name, count, seconds, usd):
    progress = SimpleNamespace(**dict.fromkeys(COUNTS, count), seconds=seconds, usd=usd)
    return SimpleNamespace(strategy_name=name, simulated=False, progress=progress)


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_names_and_numbers_of_six_digits_fit_a_line(capsys):
    runs = (
        ended("question-rephrase", 123_456, 123_456.7, 123_456.78),
        ended("answer-augmentation", 999_999, 54_321.5, 99.99999),
        ended("new-question", 1, 5.04, 0.0512),
        ended("new-question", 1, None, None),
    )
    table(runs)
    heading, _, *lines = capsys.readouterr().out.strip().splitlines()
    assert heading.split() == ["strategy", *COUNTS, "seconds", "USD"]
    assert [line.split() for line in lines] == [
        ["question-rephrase", *["123,456"] * 5, "123,457", "123,457"],
        ["answer-augmentation", *["999,999"] * 5, "54,322", "100.00"],
        ["new-question", *["1"] * 5, "5.0", "0.0512"],
        ["new-question", *["1"] * 5, "–", "unknown"],
    ]
    assert max(map(len, (heading, *lines))) <= 80


def test_what_is_wider_than_the_line_is_not_cut(capsys):
    name = "a-strategy-of-somebody-whose-names-are-rather-long"
    table([ended(name, 12_345_678_901, 1.0, 1.0)])
    line = capsys.readouterr().out.strip().splitlines()[-1]
    assert line.split() == [name, *["12,345,678,901"] * 5, "1.0", "1.0000"]
