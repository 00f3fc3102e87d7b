"""The words and signs of formulas; those of LaTeX, program text and Unicode, written in one way."""

from __future__ import annotations

import re
from collections.abc import Mapping

TRIGONOMETRIC = ("sin", "cos", "tan", "cot", "sec", "csc")
_ELEMENTARY = (
    *TRIGONOMETRIC,
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
    *("ln", "log", "lg"),
)
WITHOUT_BRACKETS = frozenset(_ELEMENTARY)
"""Functions whose argument may stand without brackets."""

ARITY: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(_ELEMENTARY, (1, 1)),
    **dict.fromkeys(("exp", "sqrt", "cbrt", "abs", "floor", "ceil", "factorial"), (1, 1)),
    **dict.fromkeys(("max", "min", "gcd", "lcm"), (2, 20)),
    "binom": (2, 2),
    "log": (1, 2),
}
"""The functions, and how many arguments they take."""

ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "ceiling": "ceil",
    "cosec": "csc",
    "comb": "binom",
    "binomial": "binom",
}
GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta"),
        *("kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Psi", "Omega", "ell"),
    )
)
NO_PRODUCTS = frozenset(
    (
        *(
            "and",
            "or",
            "not",
            "for",
            "the",
            "all",
            "any",
            "one",
            "two",
            "six",
            "ten",
            "yes",
            "no",
            "is",
            "in",
        ),
        *("if", "of", "to", "at", "by", "as", "on", "so", "an", "it", "we", "has", "per"),
        *("cm", "km", "mm", "kg", "ml", "mg", "mi", "ft", "hr", "am", "pm", "oz", "lb", "lbs", "yd", "min"),
        *("sec", "mph", "sq"),
    )
)
"""Short words and units, which are no products of their letters."""

BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "sixteen": 16,
}

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

# Digits of a base above ten, its letters among them: FF_{16}.
_WITH_LETTERS = (
    r"(?<![A-Za-z0-9\\_^])\(?(?=[0-9A-F]{0,20}[A-F])([0-9A-F]{2,20})\)?\s?_\s?"
    r"(?:\{\s?(1[1-6])\s?\}|(1[1-6])(?![0-9]))"
)


def _in_base(written: str, digits: str, base: int) -> str:
    """The value of digits that have letters among them; as it was written where they are none of the base."""
    try:
        return str(int(digits, base))
    except ValueError:
        return written


_REWRITES = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\!|(?<![A-Za-z.])(?:math|np|numpy|sympy)\.(?=[a-z])", ""),
        (r"(?<=[0-9])\s?\(?\s?(?:in\s)?base\s?([0-9]{1,2}|[a-z]{3,7})\b\)?", r"_{\1}"),
        (r"\(([0-9]{1,40})\)(?=\s?_\s?\{?\s?[0-9])", r"\1"),
        (_WITH_LETTERS, lambda coded: _in_base(coded[0], coded[1], int(coded[2] or coded[3]))),
        (r"(?<=[0-9])(?:\{,\}|\\,)(?=[0-9]{3}(?![0-9]))", ""),
        (r"\\(?:left|right|displaystyle|limits|q?quad|[bB]ig+[lr]?)(?![A-Za-z])|\\[,;: ]|~", " "),
        (r"\\[dtc]?frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]?binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:cdot|times|ast)(?![A-Za-z])|[×·⋅∗]|\*\*(?!\*)", lambda sign: "^" if sign[0] == "**" else "*"),
        (r"\\div(?![A-Za-z])|[÷⁄∕]", "/"),
        (r"[\u2212\u2013]", "-"),
        (r"\^\s?\{?\s?\\circ\s?\}?|\\degree(?![A-Za-z])|[°º](?![CF])", "°"),
        (r"\\(?:operatorname|mathrm|text|mathit)\s?\{\s?([A-Za-z]{1,12})\s?\}", r" \1 "),
        (r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda part: f"^{{{part[0].translate(_RAISED)}}}"),
        (r"[₀₁₂₃₄₅₆₇₈₉]+", lambda part: f"_{{{part[0].translate(_LOWERED)}}}"),
        (r"\\[lr]?vert(?![A-Za-z])|\\\|", "|"),
        (r"\\[lr]floor(?![A-Za-z])", lambda part: "⌊" if part[0][1] == "l" else "⌋"),
        (r"\\[lr]ceil(?![A-Za-z])", lambda part: "⌈" if part[0][1] == "l" else "⌉"),
        (r"\b([0-9]{1,4})\schoose\s([0-9]{1,4})\b", r"\\binom{\1}{\2}"),
        (r"(?<=[0-9])\s(?:squared|cubed)\b", lambda word: "^2" if "sq" in word[0] else "^3"),
        (r"\\[{}]", "\\\\#"),  # a set: no formula
        (r"√", r"\\sqrt "),
        (r"∛", r"\\cbrt "),
        (r"π", r"\\pi "),
        (r"∞|\binfinity\b", r"\\infty "),
        (r"θ", r"\\theta "),
    )
)
_GROUPED = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


def written_plainly(text: str) -> str:
    r"""The formula with one sign for one thing.

    Example:
        >>> from tilth.tasks.numeric.notation.formula_signs import written_plainly
        >>> written_plainly(r"\dfrac{x²}{10{,}080} × 2")
        '\\frac{x^{2}}{10080} * 2'
    """
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    if "(" not in text and "[" not in text:
        text = _GROUPED.sub(lambda number: number[0].replace(",", ""), text)
    return text.strip()


def has_letters_for_digits(text: str) -> bool:
    """Whether a number in the text names a base in which letters are digits: FF_{16}."""
    return re.search(_WITH_LETTERS, text) is not None
