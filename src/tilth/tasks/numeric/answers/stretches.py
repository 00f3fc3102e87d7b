"""Whether a stretch of text is a value and nothing else, and which."""

from __future__ import annotations

import re

from tilth.tasks.base import Reading
from tilth.tasks.numeric.answers.calculations import goes_on, is_operand, scaled
from tilth.tasks.numeric.notation import formulas, numbers, values
from tilth.tasks.numeric.notation.layout import without_delimiters

_MORE_THAN_A_NUMBER = re.compile(
    r"[,;:<>=≤≥≠±∪&(\[{]|\b(?:and|or)\b|\\[a-z{]|[0-9] ?[ap]\.? ?m\b|o['’]clock|\d ?[a-z]+ \d|\d r \d",
    re.IGNORECASE,
)
_PHYSICAL_UNIT = re.compile(
    r"(?!!|[.):] ?[A-Z])[^0-9=+*×÷^\\√π\n_⁰-⁹₀-₉²³]{0,60}(?:(?<=[A-Za-z}])\^?[23²³])?[.!*_` ]{0,4}"
)
_POWER = re.compile(r"(?<=[A-Za-z]) (?=\^)")
_TIMES = re.compile(r"[0-9)] ?[xX] ?\$?[0-9]")
_WORDS = re.compile(r"[A-Za-z]{3,}|[^\W\d_A-Za-z]{2,}")
_LATEX_WORD = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s?\{([^{}]{0,80})\}")
_LATEX_NOISE = re.compile(r"\\[()\[\],;:]|\\(?:left|right|displaystyle|quad|approx|simeq|sim)(?![A-Za-z])|~")
_THIN = re.compile(r"\\!|(?<=[0-9])\{(?=,\}[0-9]{3})|(?<=[0-9],)\}(?=[0-9]{3})")
_DEGREES = re.compile(r"\^\{?\\circ\}?")
_ANGLE = re.compile(r"sin|cos|tan|cot|sec|csc")
_MATHS = re.compile(r"[0-9√π∞]|\\(?:sqrt|pi|infty|frac|emptyset|log|ln|sin|cos|tan|exp)\b|^\(?[a-z]\)?$")


def value(text: str, start: int, stop: int) -> Reading | None:
    """What `text[start:stop]` holds where that is a value and nothing else.

    A value is one of more than a number, as `tilth.tasks.numeric.notation.values` reads them; or, behind the
    last "=", a number, with a unit or without, or an expression.
    """
    start, stop = trimmed(text, start, stop)
    if stop - start < 18 and text[start:stop].isascii() and text[start:stop].isdigit():  # as most are
        return Reading(str(int(text[start:stop])), (start, stop))
    start, stop = _inside_angles(text, start, stop)
    if reading := structured(text, start, stop):
        return reading
    start, stop = trimmed(text, _behind_equals(text, start, stop), stop)
    raw = text[start:stop]
    plain = _POWER.sub("", " ".join(plainly(raw).split()).strip(" $"))
    number = numbers.NUMBER.match(plain)
    if number and is_with_unit(plain, number) and (parsed := numbers.parse(number)):
        return Reading(str(parsed), (start, stop))
    words = _WORDS.search(re.sub(r"\\[A-Za-z]+", " ", raw))
    if (words or not _MATHS.search(plain)) and not (words and formulas.has_function(plain)):
        return None
    if not values.is_balanced(plain) or not _is_settled(plain):
        return None
    return Reading(plain, (start, stop))


def structured(text: str, start: int, stop: int) -> Reading | None:
    """What `text[start:stop]` holds where that is a value of more than a number, and nothing else."""
    start, stop = trimmed(text, start, stop)
    if not is_more_than_a_number(text, start, stop) or numbers.NUMBER.fullmatch(text, start, stop):
        return None
    raw = text[start:stop]
    if "=" in raw and _TIMES.search(raw):  # 9 x 2 = 18
        return None
    plain = _tidied(raw + "$" if raw.count("$") % 2 and text.startswith("$", stop) else raw)
    settled = (
        _tidied(plain) == plain and trimmed(plain, 0, len(plain)) == (0, len(plain)) and "#" not in plain
    )
    return Reading(plain, (start, stop)) if settled and values.parse(plain) else None


def is_more_than_a_number(text: str, start: int, stop: int) -> bool:
    """Whether the stretch has a sign of a value of more than a number."""
    return _MORE_THAN_A_NUMBER.search(text, start, stop) is not None


def of_number(match: re.Match[str]) -> Reading | None:
    """The reading of a number that was found; None where it is none, as 1/0."""
    number = numbers.parse(match)
    if number is None:
        return None
    return scaled(match.string, match.end()) or Reading(str(number), match.span())


def trimmed(text: str, start: int, stop: int) -> tuple[int, int]:
    """The same stretch without the white space and marks around it."""
    while start < stop and text[start] in " \t\r\n*_`~≈:•\"'“‘":
        start += 1
    while stop > start and (text[stop - 1] in " \t\r\n*_`.$\"'”’" or _is_picture(text[stop - 1])):
        stop -= 1
    return start, stop


def _is_picture(letter: str) -> bool:
    return "\u2600" <= letter <= "\u27bf" or "\U0001f000" <= letter <= "\U0001faff"


def plainly(raw: str) -> str:
    """The text without LaTeX's words and signs of layout."""
    plain = _LATEX_NOISE.sub(" ", _THIN.sub("", _LATEX_WORD.sub(r" \1 ", raw)))
    return plain if "circ" not in plain or _ANGLE.search(plain) else _DEGREES.sub(" ", plain)


def _behind_equals(text: str, start: int, stop: int) -> int:
    """Where the last "=" that is no bound of a sum ends; `start` where there is none."""
    if stop - start > values.MAX_LENGTH or "_{" not in text[start:stop]:
        return max(start, text.rfind("=", start, stop) + 1)
    depth, place = 0, start
    for at in range(start, stop):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0 and text[at] == "=":
            place = at + 1
    return place


def _inside_angles(text: str, start: int, stop: int) -> tuple[int, int]:
    """The stretch within <...>, where a form's placeholder was filled in with its marks."""
    first, last = trimmed(text, start, stop)
    if last - first > 2 and text[first] == "<" and text[last - 1] == ">":
        return first + 1, last - 1
    return start, stop


def _tidied(raw: str) -> str:
    """A value of more than a number in its normal form: as it stands, without signs of layout."""
    plain = " ".join(without_delimiters(plainly(raw)).split())
    return re.sub(r"(?<=[(\[]) | (?=[)\],;])", "", plain).strip(" .")


def is_with_unit(text: str, number: re.Match[str]) -> bool:
    """Whether a number is followed by nothing but what may be its unit, to the end of the text."""
    end = number.end()
    if _PHYSICAL_UNIT.fullmatch(text, end) is None or goes_on(text, end) or scaled(text, end):
        return False
    return not is_operand(text, *number.span())


def _is_settled(plain: str) -> bool:
    """Whether an expression reads as itself."""
    whole = (0, len(plain))
    stays = trimmed(plain, *whole) == whole and plainly(plain).strip(" $") == plain
    number = numbers.NUMBER.match(plain)
    other = (number and is_with_unit(plain, number)) or structured(plain, *whole)
    angles = plain.startswith("<") and plain.endswith(">")
    return stays and not other and "#" not in plain and "boxed" not in plain and not angles
