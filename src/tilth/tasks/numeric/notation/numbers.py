"""Plain numbers as people and models write them: read exactly, put into one normal form, compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

TOLERANCE = Fraction(1, 10**6)
"""Relative difference up to which two numbers agree, where one of them is no integer."""

MAX_LENGTH = 400
"""Characters a number may take; longer ones are not read."""

_MAX_DIGITS = 100
_LARGEST = 10**_MAX_DIGITS
_MAX_DECIMALS = 12
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT_SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9}

# Repetitions are bounded or run over digits alone, which keeps a search linear in the text.
_ZEROS = "０٠۰०০๐"
"""The zeros of full-width, Arabic, Persian, Devanagari, Bengali and Thai digits."""
WESTERN = {ord(zero) + digit: str(digit) for zero in _ZEROS for digit in range(10)}
"""Maps digits of other scripts to 0 to 9, one to one, so that positions hold: for `str.translate`."""

_GAP = r"(?:,|\{,\}|\\,|,?\\!|[ \u00a0\u2009\u202f'’])"
_DIGITS = (
    rf"(?:[0-9]{{1,3}}(?:{_GAP}[0-9]{{3}}){{1,99}}(?![0-9])"
    r"|[0-9]{1,2}(?:,[0-9]{2}){1,6},[0-9]{3}(?![0-9])"
    r"|[0-9]+)"
)
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]+)?|\.[0-9]+)"
_MINUS = r"[-\u2212\u2013]"
_CURRENCY = r"(?:(?:US|CA|AU|NZ|HK|[CA])?\\?[$€£¥₹][ ]?|Rs\.?[ ]?|(?:USD|EUR|GBP)[ ]?)"
_VULGAR = "[¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]"

NUMBER = re.compile(
    rf"""
    (?<![A-Za-z0-9_])
    (?P<sign>(?<![\w)\]}}]){_MINUS}|negative[ ])?
    (?P<currency>{_CURRENCY})?(?P<inner>{_MINUS})?
    (?:
        (?:(?P<whole>[0-9]{{1,15}})[ ]?)?\\[dt]?frac[ ]?
        (?:\{{(?P<top>{_MINUS}?[0-9]{{1,40}})\}}\{{(?P<bottom>[0-9]{{1,40}})\}}|(?P<t>[0-9])(?P<b>[0-9]))
      | (?P<mixed>[0-9]{{1,15}})[ ](?P<over>[0-9]{{1,15}})[/\u2044](?P<under>[0-9]{{1,15}})(?![0-9])
      | (?P<count>[0-9]{{1,15}})?[ ]?(?P<vulgar>{_VULGAR})
      | (?P<coded>0(?:[xX][0-9A-Fa-f]{{1,40}}|[bB][01]{{1,100}}|[oO][0-7]{{1,60}}))(?![0-9A-Za-z])
      | (?P<decimal>{_DECIMAL})
        (?:[eE](?P<e>[-+]?[0-9]{{1,3}})(?![0-9])
          |[ ]?(?:\\times|\\cdot|[x×*·])[ ]?10(?:\^|\*\*)\{{?(?P<power>{_MINUS}?[0-9]{{1,3}})(?![0-9])\}}?)?
        (?:[ ]?[/\u2044][ ]?(?P<divisor>{_DECIMAL}))?
    )
    (?:[ ](?P<scale>(?:hundred[ ])?(?:thousand|million|billion|trillion)|hundred)\b(?!-)
      |(?(currency)(?P<short>[kKMB])(?![A-Za-z0-9])|(?!)))?
    (?P<percent>[ ]?\\?%|[ ]per[ ]?cent\b)?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """An exact value, and whether it was written with a percent sign."""

    value: Fraction
    percent: bool = False

    def __str__(self) -> str:
        """The normal form: an integer, a decimal of up to 12 places, or a fraction; "%" is kept."""
        numerator, denominator = self.value.numerator, self.value.denominator
        sign = "%" if self.percent else ""
        if denominator == 1:
            return f"{numerator}{sign}"
        scaled = self.value * 10**_MAX_DECIMALS
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{_MAX_DECIMALS + 1}d}"
            decimals = digits[-_MAX_DECIMALS:].rstrip("0")
            return f"{'-' if numerator < 0 else ''}{digits[:-_MAX_DECIMALS]}.{decimals}{sign}"
        return f"{numerator}/{denominator}{sign}"


def parse(match: re.Match[str]) -> Number | None:
    """The number that a match of `NUMBER` writes; None where it divides by zero or has over 100 digits."""
    written = match[0]
    if len(written) > MAX_LENGTH:
        return None
    if len(written) <= _MAX_DIGITS and written.isascii() and written.isdigit():  # as most are
        return Number(Fraction(int(written)))
    part = match.groupdict()
    try:
        if part["coded"]:
            value = Fraction(int(part["coded"], 0))
        elif part["decimal"]:
            value = _decimal(part["decimal"])
            if exponent := part["e"] or part["power"]:
                value *= Fraction(10) ** _integer(exponent)
            if part["divisor"]:
                value /= _decimal(part["divisor"])
        elif part["vulgar"]:
            eighths = Fraction(unicodedata.numeric(part["vulgar"])).limit_denominator(10)
            value = int(part["count"] or 0) + eighths
        elif part["mixed"]:
            value = int(part["mixed"]) + Fraction(int(part["over"]), int(part["under"]))
        else:
            top, bottom = part["top"] or part["t"], part["bottom"] or part["b"]
            value = int(part["whole"] or 0) + Fraction(_integer(top), int(bottom))
    except ZeroDivisionError:
        return None
    if bool(part["sign"]) != bool(part["inner"]):
        value = -value
    for word in (part["scale"] or "").split():
        value *= _SCALES[word]
    value *= _SHORT_SCALES.get(part["short"], 1)
    if max(abs(value.numerator), value.denominator) > _LARGEST:
        return None
    return Number(value, percent=bool(part["percent"]))


def parse_text(text: str) -> Number | None:
    """The number that the whole of `text` writes, or None."""
    match = NUMBER.fullmatch(text)
    return parse(match) if match else None


def agree(left: Number, right: Number) -> bool:
    """Whether two numbers are the same.

    Integers must be equal; others may differ by `TOLERANCE`, relative to the larger. A percentage agrees
    with the bare number (50% and 50) and with its value (50% and 0.5): questions ask for either.
    """
    if _close(left.value, right.value):
        return True
    if left.percent == right.percent:
        return False
    percentage, bare = (left, right) if left.percent else (right, left)
    return _close(percentage.value / 100, bare.value)


def rounds_to(value: Fraction, printed: str) -> bool:
    """Whether a value, rounded to a printed decimal's places, is that decimal; 2/3 rounds to 66.7% too."""
    match = NUMBER.fullmatch(printed.strip(" $"))
    number = parse(match) if match else None
    if match is None or number is None or not number.value:
        return False
    if any(match[part] for part in ("e", "power", "scale", "short")):
        return False
    places = len((match["decimal"] or "").partition(".")[2])
    if not places or match["divisor"]:
        return False
    half = Fraction(1, 2 * 10**places)
    exact = (value, value * 100) if number.percent else (value,)
    return any(abs(one - number.value) <= half for one in exact)


def _close(left: Fraction, right: Fraction) -> bool:
    if left == right or left.denominator == right.denominator == 1:
        return left == right
    return abs(left - right) <= TOLERANCE * max(abs(left), abs(right))


def _decimal(text: str) -> Fraction:
    return Fraction(re.sub(r"[^0-9.]", "", text))


def _integer(text: str) -> int:
    return int(text.replace("\u2212", "-").replace("\u2013", "-"))
