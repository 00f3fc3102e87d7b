"""Options that are numbers, quantities or formulas, found by what they say however that is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

Key = tuple[str, str | None]
"""A number and its unit, or a formula and None."""

_LONGEST = 300
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅛": "1/8", "⅕": "1/5"}
_REWRITES = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\(?:left|right|displaystyle|[bB]igg?[lr]?)(?![A-Za-z])|\\!|\\[()\[\]]|(?<!\\)\$", ""),
        (r"\\[,;:> ]|~|\\q?quad(?![A-Za-z])", " "),
        (
            r"\\(?:text|mathrm|textrm|mathbf|textbf|mathit|textit|mbox|operatorname)\s?\{([^{}]{0,80})\}",
            r" \1 ",
        ),
        (r"\{,\}", ","),
        (r"\\[dtc]frac", r"\\frac"),
        (r"\\frac\s?\{?([0-9]|(?<=\{)[0-9]{1,9})\}?\s?\{?((?<!\{)[0-9]|(?<=\{)[0-9]{1,9})\}?", r" \1/\2"),
        (r"\\frac\s?\{([^{}]{1,60})\}\s?\{([^{}]{1,60})\}", r"(\1)/(\2)"),
        (r"\^\s?\{?\\circ\s?\}?|\\degree(?![A-Za-z])|º", "°"),
        (r"\\(?:times|cdot)(?![A-Za-z])|·", "×"),
        (r"\\sqrt\s?(?:\{([^{}]{1,60})\}|([0-9]))|√\s?\(?([0-9]{1,9})\)?", r"√(\1\2\3)"),
        (r"\\pi(?![A-Za-z])", "π"),
        (r"\\(?:Omega|ohm)(?![A-Za-z])", "Ω"),
        (r"\\mu(?![A-Za-z])|μ", "µ"),
        (r"\\([%$])", r"\1"),
        (r"\^\s?\{([^{}]{1,20})\}", r"^\1"),
        (r"²", "^2"),
        (r"³", "^3"),
        (r"[\u2212\u2013]", "-"),
        (r"\*\*|`", ""),
        (r"\s*([/^×=])\s*", r"\1"),
        (r"\s+", " "),
    )
)
_QUANTITY = re.compile(
    r"(?P<sign>[-+]?)\s?(?P<money>[$€£]?)\s?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})?(?P<places>\.[0-9]{1,15})?"
    r"(?:/(?P<below>[1-9][0-9]{0,8}))?(?:[ ]?[×x*][ ]?10\^(?P<power>-?[0-9]{1,2}))?"
    r"(?P<unit>[ ]?[^0-9\s].{0,40})?"
)
_PREFIXES = "kilo k, mega M, centi c, milli m, micro µ, nano n"
_BASES = (
    "meter m, metre m, gram g, second s, liter L, litre L, newton N, joule J, watt W, volt V, ampere A, amp A"
    ", ohm Ω, hertz Hz, pascal Pa, mole mol"
)
_OTHERS = (
    "coulomb C, kelvin K, minute min, hour h, hr h, day d, sec s, percent %, degree °, dollar $, cent ¢"
    ", euro €, pound £, inch in, foot ft, feet ft, mile mi"
)


def _pairs(text: str) -> dict[str, str]:
    return {name: symbol for name, _, symbol in (pair.partition(" ") for pair in text.split(", "))}


_PREFIXED = {
    before + base: short + symbol
    for before, short in _pairs(_PREFIXES).items()
    for base, symbol in _pairs(_BASES).items()
}
_NAMES = _PREFIXED | _pairs(_BASES) | _pairs(_OTHERS)
_SYMBOLS = frozenset((*_NAMES.values(), "°C", "°F", "l", "ml", "kWh", "eV", "u", "rad", "T", "F", "H"))

STRETCH = re.compile(r"(?:\\(?![)\]])[^\n]|[^\n\\$.!;,]|[.!;,](?=\S))+")
"""What may be a formula, from where it starts on."""

REASON = re.compile(
    r"\s(?:(?:because|since|as|for|so|which|given|due|when|with|from|not)\b|[-–—]\s(?![0-9\\]))",
    re.IGNORECASE,
)
"""What ends a formula inside a sentence."""

CALCULATION = re.compile(
    r"[)}]?[ \t]?(?:[+×·^÷]|\\(?:times|cdot|div|frac|pm)(?![A-Za-z])|[-−–*/][ \t]?[0-9\\(])"
)
"""What goes on from a number that is only the first part of a calculation."""


class Quantities:
    """The options of a question by what they say, where they are numbers, quantities or formulas."""

    def __init__(self, texts: Sequence[str]) -> None:
        keys = [key_of(text) if re.search(r"[0-9\\^=½-¾⅓-⅞]", text) else None for text in texts]
        self._places = {key: place for place, key in enumerate(keys) if key and keys.count(key) == 1}
        units = {key[1] if key else None for key in keys}
        unit = next(iter(units)) if len(units) == 1 else None
        self._unit = unit if unit and _is_known(unit) else None

    def __bool__(self) -> bool:
        return bool(self._places)

    def place(self, text: str) -> int | None:
        """The place of the option that says the same as the text; a number may lack the unit all have."""
        key = key_of(text)
        if key is not None and self._unit and key[1] == "":
            key = key[0], self._unit
        return None if key is None else self._places.get(key)


def key_of(text: str) -> Key | None:
    """What a text says: its number and unit, or else its signs; None where it says nothing or too much.

    A question may ask for a form: 5/10 is not 1/2 here, nor 0.5.
    """
    plain = _plainly(text) if len(text) <= _LONGEST else ""
    if not plain:
        return None
    found = _QUANTITY.fullmatch(plain)
    if found is None or not (found["whole"] or found["places"]):
        return plain.replace(" ", ""), None
    value = Fraction((found["whole"] or "0").replace(",", "") + (found["places"] or ""))
    form = "".join(f" {part} {found[part]}" for part in ("below", "power") if found[part])
    return f"{found['sign'].strip('+')}{value}{form}", found["money"] or _unit_of(found["unit"] or "")


def members(text: str) -> Iterator[str]:
    """The formula, and what its last sign of equality leads to."""
    yield text
    if len(parts := re.split(r"=|≈|\\approx(?![A-Za-z])", text)) > 1:
        yield parts[-1]


def balanced(text: str) -> str:
    """The text up to the brace or bracket that closes more than it opens."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "{(") - (sign in "})")
        if depth < 0:
            return text[:place]
    return text


def _plainly(text: str) -> str:
    if text.count("$") % 2 and re.match(r"\s*\$\s?[0-9]", text):
        text = "\\" + text.lstrip()
    for sign, plain in _FRACTIONS.items():
        text = text.replace(sign, plain)
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    return text.strip(" .")


def _unit_of(text: str) -> str:
    """A unit by its symbols: "m/s^2" for "metres per second squared"."""
    words = re.sub(r"\bper\b", "/", re.sub(r"\( ?(\w+) ?\)", r"\1", text.strip()))
    words = re.sub(r"\b(square|cubic) (\w+)", lambda m: m[2] + ("^2" if m[1] == "square" else "^3"), words)
    words = re.sub(r" (?:squared|(cubed))\b", lambda m: "^3" if m[1] else "^2", words)
    words = re.sub(r"[A-Za-z]+", lambda m: _symbol(m[0]), words)
    words = re.sub(r"° ?(?:Celsius|celsius)\b", "°C", words)
    return re.sub(r"° ?(?:Fahrenheit|fahrenheit)\b", "°F", words).replace(" ", "")


def _symbol(word: str) -> str:
    folded = word.casefold()
    return _NAMES.get(folded) or _NAMES.get(folded.removesuffix("s")) or word


def _is_known(unit: str) -> bool:
    return all(re.sub(r"\^-?[0-9]", "", part) in _SYMBOLS for part in re.split(r"[/×]", unit))
