"""Answers without the layout of LaTeX and of typography."""

from __future__ import annotations

import re

_REWRITES = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\!|(?<=[0-9])\{(?=,\}[0-9]{3})|(?<=[0-9],)\}(?=[0-9]{3})", ""),
        (r"\\(?:left|right|displaystyle|[bB]ig+[lr]?|q?quad)(?![A-Za-z])|\\[,;: ]|\*\*|`|~", " "),
        (r"\\[(\[](?=[ \w(\[{\\-])|\\[)\]](?=[ .]|\Z)", " "),
        (r"\\(?:text|mathrm|textbf|mathbf|mbox|operatorname)\s?\{([^{}]{0,80})\}", r" \1 "),
        (r"\\(?:\{|lbrace(?![A-Za-z]))", "{"),
        (r"\\(?:\}|rbrace(?![A-Za-z]))", "}"),
        (r"\\(?:leqslant|leq|le)(?![A-Za-z])|≤|⩽|=<", "<="),
        (r"\\(?:geqslant|geq|ge)(?![A-Za-z])|≥|⩾|=>", ">="),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\(?:neq|ne)(?![A-Za-z])|≠", "!="),
        (r"\+?\s?(?:\\infty(?![A-Za-z])|∞|\binfinity\b)", "∞"),
        (r"\\cup(?![A-Za-z])|(?<=[)\]}])\s?[Uu]\s?(?=[(\[{])|(?<=[)\]}])\sor\s(?=[(\[])", "∪"),
        (r"\\pm(?![A-Za-z])|\+/-|\+-", "±"),
        (r"\\(?:emptyset|varnothing)(?![A-Za-z])|∅", "{}"),
        (r"\\colon(?![A-Za-z])|∶", ":"),
        (r"\\in(?![A-Za-z])", "∈"),
        (r"\\m?mid(?![A-Za-z])", "|"),
        (r"\\[dt]frac", r"\\frac"),
        (r"\^\s?\{?\\circ\s?\}?|\\degree(?![A-Za-z])|[°º](?![CF])", "°"),
        (r"[\u2212\u2013]", "-"),
        (r"\s+", " "),
    )
)
_FRENCH = re.compile(r"\][^\[\](){}]+[,;][^\[\](){}]+[\[\]]|\[[^\[\](){}]+[,;][^\[\](){}]+\[")
_TRIGONOMETRIC = re.compile(r"sin|cos|tan|cot|sec|csc")


def cleaned(text: str) -> str:
    """The text with LaTeX and typographic signs written plainly; the same when done again."""
    text = without_delimiters(text)
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    text = text.strip(" .")
    if "°" in text and not _TRIGONOMETRIC.search(text):
        text = text.replace("°", "").strip()
    if _FRENCH.fullmatch(text):
        text = "(["[text[0] == "["] + text[1:-1] + ")]"[text[-1] == "]"]
    return text


def without_delimiters(text: str) -> str:
    """The text without the dollar signs around its formulas; a single one is a currency."""
    text = text.replace("\\$", "$")
    return text if text.count("$") % 2 else text.replace("$", " ")
