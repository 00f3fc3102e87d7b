"""Texts as curation compares them: in lower case, without punctuation, as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_BETWEEN = r"[^\p{L}\p{M}\p{N}\p{Sm}]+"
_BY_ITSELF = r"([\p{Sm}\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])"
"""Signs of maths, and letters of scripts that put no blank between words: a token each."""

_SIGN = r"([^\p{L}\p{M}\p{N}\s]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])"
_NUMBER = r"\p{N}+"


def normalised(texts: pl.Expr) -> pl.Expr:
    """Texts without what a disguise may change: NFKC, lower case, one blank between words, no punctuation.

    Signs of maths stay, and stand by themselves.
    """
    plain = texts.str.normalize("NFKC").str.to_lowercase()
    apart = plain.str.replace_all(_BETWEEN, " ").str.replace_all(_BY_ITSELF, " $1 ")
    return apart.str.replace_all(r"\s+", " ").str.strip_chars()


def without_numbers(texts: pl.Expr) -> pl.Expr:
    """Normalised texts in which all numbers are the same one."""
    return texts.str.replace_all(_NUMBER, "0")


def tokenised(texts: pl.Expr) -> pl.Expr:
    """Texts in NFKC and lower case, one blank between words and signs, of which each stands by itself."""
    plain = texts.str.normalize("NFKC").str.to_lowercase()
    return plain.str.replace_all(_SIGN, " $1 ").str.replace_all(r"\s+", " ").str.strip_chars()
