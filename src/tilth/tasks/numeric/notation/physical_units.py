"""Units that stand with a number: found beside it, converted where that is exact, compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tilth.tasks.numeric.notation import numbers

_NAMES: Mapping[str, Mapping[str, str]] = {
    "time": {
        "seconds second secs sec s": "1",
        "minutes minute mins min": "60",
        "hours hour hrs hr h": "3600",
        "days day": "86400",
        "weeks week wks wk": "604800",
    },
    "calendar": {"months month": "1", "years year yrs yr": "12", "decades decade": "120"},
    "length": {
        "millimeters millimeter millimetres millimetre mm": "1/1000",
        "centimeters centimeter centimetres centimetre cm": "1/100",
        "meters meter metres metre m": "1",
        "kilometers kilometer kilometres kilometre km": "1000",
        "inches inch in": "0.0254",
        "feet foot ft": "0.3048",
        "yards yard yds yd": "0.9144",
        "miles mile mi": "1609.344",
    },
    "mass": {
        "milligrams milligram mg": "1/1000",
        "grams gram g": "1",
        "kilograms kilogram kilos kilo kg": "1000",
        "tonnes tonne": "1000000",
        "ounces ounce oz": "28.349523125",
        "pounds pound lbs lb": "453.59237",
    },
    "volume": {
        "milliliters milliliter millilitres millilitre ml": "1",
        "liters liter litres litre l": "1000",
        "ounces ounce oz": "29.5735295625",
        "cups cup": "236.5882365",
        "pints pint pt": "473.176473",
        "quarts quart qt": "946.352946",
        "gallons gallon gal": "3785.411784",
    },
    "dollars": {"dollars dollar usd bucks buck $": "1", "cents cent ¢": "1/100"},
    "euros": {"euros euro eur €": "1", "cents cent": "1/100"},
    "pounds": {"pounds pound gbp quid £": "1", "pence penny": "1/100"},
    "yen": {"yen jpy ¥": "1"},
    "rupees": {"rupees rupee rs inr ₹": "1"},
    "celsius": {"°c celsius centigrade": "1"},
    "fahrenheit": {"°f fahrenheit": "1"},
    "speed": {"mph": "0.44704", "kph kmh": "5/18"},
    "dozens": {"dozens dozen": "1"},
}
"""Names by what they measure, with the size of each unit. Cups to gallons are those of the US."""

_SIZES: dict[str, dict[str, Fraction]] = {}
for _kind, _units in _NAMES.items():
    for _names, _size in _units.items():
        for _name in _names.split():
            _SIZES.setdefault(_name, {})[_kind] = Fraction(_size)

_LIKE = (frozenset(("time", "calendar")), frozenset(("celsius", "fahrenheit")))
"""What measures the same and converts only by more than a factor."""

_WORDS = "|".join(sorted((re.escape(name) for name in _SIZES), key=len, reverse=True))
_BETWEEN = r"(?:[ \t*_~$-]|\\[,;:! ]|\\(?:text|mathrm|textrm|rm|mbox)\s?\{ ?|degrees? ?){0,5}"
_ONE = (
    rf"(?:(?P<power>square|sq\.?|cubic|cu\.?)\s)?(?P<name>{_WORDS})(?![A-Za-z])"
    r"(?:\s?\^\s?\{?(?P<raised>[23])|(?P<sign>[²³]))?"
)
_UNIT = re.compile(
    _BETWEEN
    + _ONE
    + r"(?:[ \t}]{0,3}(?:/|\bper\b)[ \t]?(?:\\(?:text|mathrm)\s?\{)?"
    + rf"(?P<each>(?P<below>{_WORDS})(?![A-Za-z])|[A-Za-z]+)|\s(?P<a>an?|each|every)\s)?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"[ \t]?(?:[.,;:!?)\]}$*_\\0-9]|\Z|\n|(?:because|since|as|and)\b)")
_LINK = re.compile(r"[ \t*_]?(?:,|and\b|,[ \t]?and\b)?[ \t]?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit.

    Attributes:
        value: The number, as it was written.
        sizes: The size of its unit by what it may measure: a pound is a mass, or money.
        text: Number and unit, as they were written.
        end: Where it ends in its text.
    """

    value: Fraction
    sizes: Mapping[str, Fraction]
    text: str
    end: int


def at(text: str, start: int) -> Quantity | None:
    """The quantity whose number starts there; None where that has no unit that is known here."""
    number = numbers.NUMBER.match(text, start)
    if number is None:
        return None
    unit = _UNIT.match(text, number.end())
    currency = next((sign for sign in "$€£¥₹" if sign in number[0]), None)
    parsed = numbers.parse(number) if unit or currency else None
    if parsed is None or parsed.percent:
        return None
    if currency and not (unit and unit["name"].casefold() == "cents"):
        ends = number.end()
        if re.match(r"\s?(?:/|per\b|an?\b|each\b)", text[ends : ends + 6], re.IGNORECASE):
            return None
        return Quantity(parsed.value, _SIZES[currency], number[0], ends)
    if unit is None or unit["a"] or (unit["each"] and not unit["below"]):
        return None
    name = unit["name"].casefold()
    # "5 in total", "3 m": short names are words and letters unless no word goes on behind them.
    short = len(name) <= 2 and name.isalpha() and not (unit["below"] or unit["raised"] or unit["sign"])
    if short and not _SHORT.match(text, unit.end("name")):
        return None
    if name == "second" and abs(parsed.value) != 1:
        return None
    sizes = _sizes(unit)
    return Quantity(parsed.value, sizes, text[start : unit.end()], unit.end()) if sizes else None


def _sizes(unit: re.Match[str]) -> Mapping[str, Fraction]:
    sizes = _SIZES[unit["name"].casefold()]
    power = {"²": 2, "³": 3, "2": 2, "3": 3}.get(unit["raised"] or unit["sign"], 1)
    if unit["power"]:
        power = 2 if unit["power"].casefold().startswith("sq") else 3
    if power > 1:
        if "length" not in sizes:
            return {}
        litre = Fraction(10**6)  # millilitres to the cubic metre
        kind, factor = ("area", Fraction(1)) if power == 2 else ("volume", litre)
        sizes = {kind: sizes["length"] ** power * factor}
    if unit["below"]:
        below = _SIZES[unit["below"].casefold()]
        sizes = {
            "speed" if (over, under) == ("length", "time") else f"{over} per {under}": size / each
            for over, size in sizes.items()
            for under, each in below.items()
        }
    return sizes


def compound(text: str, start: int) -> Quantity | None:
    """A quantity of several units, "5 hours 30 minutes", that starts there; sizes are of its first unit."""
    parts = []
    place = start
    while part := at(text, place):
        parts.append(part)
        link = _LINK.match(text, part.end)
        place = link.end() if link else part.end
    kinds = [kind for kind in parts[0].sizes if all(kind in p.sizes for p in parts)] if len(parts) > 1 else []
    for kind in kinds:
        sizes = [part.sizes[kind] for part in parts]
        if all(larger > smaller for larger, smaller in pairwise(sizes)):
            total = sum((part.value * size for part, size in zip(parts, sizes, strict=True)), Fraction())
            end = parts[-1].end
            return Quantity(total / sizes[0], {kind: sizes[0]}, text[start:end], end)
    return None


def agree(left: Quantity, right: Quantity) -> tuple[bool | None, str | None]:
    """Whether two quantities are the same; None and a reason where their units do not say."""
    shared = left.sizes.keys() & right.sizes.keys()
    if shared:
        pairs = [(left.value * left.sizes[kind], right.value * right.sizes[kind]) for kind in shared]
        return any(numbers.agree(numbers.Number(a), numbers.Number(b)) for a, b in pairs), None
    related = any(
        one in left.sizes and other in right.sizes for like in _LIKE for one in like for other in like
    )
    if related or numbers.agree(numbers.Number(left.value), numbers.Number(right.value)):
        return None, f"{left.text} and {right.text} have units that are not compared"
    return False, None


def bare(quantity: Quantity, number: numbers.Number) -> bool | None:
    """Whether a number without a unit may be the quantity's: a dozen is also twelve.

    None where the quantity is told in several units: a larger number may be of the smaller one.
    """
    values = {quantity.value, quantity.value * 12} if "dozens" in quantity.sizes else {quantity.value}
    if any(numbers.agree(numbers.Number(value), number) for value in values):
        return True
    several = len(numbers.NUMBER.findall(quantity.text)) > 1
    return None if several and number.value > quantity.value else False
