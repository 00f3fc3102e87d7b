"""Answers that are more than one plain number, taken apart: sets, intervals, points, times, ratios, ..."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tilth.tasks.numeric.notation import formulas, numbers, physical_units
from tilth.tasks.numeric.notation.intervals import Interval, intersection, merged
from tilth.tasks.numeric.notation.layout import cleaned

Kind = Literal[
    "several",
    "set",
    "point",
    "interval",
    "union",
    "matrix",
    "named",
    "equation",
    "relation",
    "time",
    "ratio",
    "quantity",
]
MAX_LENGTH = 300
"""Characters a value may take."""

_TIME = re.compile(
    r"(?P<h>[0-9]{1,2})(?::(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9]))?)?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?|(?P<clock>\s?o['’]clock))",
    re.IGNORECASE,
)
_REMAINDER = re.compile(
    r"(?P<quotient>[0-9]{1,15}),?\s(?:(?:with|and)\s)?(?:an?\s)?(?:r\.?|rem\.?|remainder)\s?(?:of\s)?(?P<rest>[0-9]{1,15})",
    re.IGNORECASE,
)
_RATIO = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?(?:(?::|\s:\s)[0-9]{1,12}(?:\.[0-9]{1,12})?){1,5}")
_CLOCK = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<kind>[pbvBV]?matrix|array)\}(?:\{[clr| ]*\})?(?P<rows>.*)\\end\{(?P=kind)\}", re.DOTALL
)
_NAME = re.compile(r"\\?[A-Za-z](?:_\{?\w{1,3}\}?|[0-9])?'?(?:\([A-Za-z](?:,\s?[A-Za-z])?\))?")
_SIGN = re.compile(r"<=|>=|!=|<|>|=|∈")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_FUNCTION = re.compile(r"(?<![A-Za-z])(?:sqrt|sin|cos|tan|log|ln|exp|pi|cbrt)(?![A-Za-z])")
_VALUE = re.compile(r"[0-9∞π√]|\\(?:frac|sqrt|pi|ln|log|sin|cos|tan|exp)(?![A-Za-z])")
_SEPARATOR = re.compile(r"\s?(?:[,;]\s?(?:(?:and|or)\s)?|\b(?:and|or)\b|&)\s?")
_THOUSANDS = re.compile(r"(?<=[0-9]),[0-9]{3}(?![0-9])")
_PLUS_MINUS = re.compile(r"(?P<middle>.{0,60}?)\s?±\s?(?P<off>.{1,60})")


@dataclass(frozen=True, slots=True)
class Value:
    """An answer taken apart.

    Attributes:
        kind: "several" answers, in no order; a "set" in braces; a "point" or list, in order; an "interval",
            or several with plain bounds; a "union" of other intervals; a "matrix"; values "named" x, y, ...;
            an "equation" or another "relation" that is not taken further; a "time" of day; a "ratio"; a
            "quantity" in several units.
        items: Its elements, as they were written; of a matrix row by row; of a time the seconds of the day.
        names: The names of "named" values; the side to the left of an equation.
        intervals: What it covers, where it may be an interval with plain bounds.
        columns: Of a matrix.
        closed: Whether the bounds belong to an interval, or to a point that may be one.
    """

    kind: Kind
    items: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] | None = None
    columns: int = 0
    closed: tuple[bool, bool] | None = None


@lru_cache(maxsize=1024)
def parse(text: str) -> Value | None:
    """The value that the whole of the text writes; None for a plain number, an expression or other text."""
    if len(text) > MAX_LENGTH:
        return None
    plain = cleaned(text)
    if not plain or numbers.parse_text(plain):
        return None
    for reader in (_time, _ratio, _remainder, _quantity, _matrix, _bracketed, _stated, _listed):
        if value := reader(plain):
            return value
    return None


def prefix(text: str, start: int) -> int | None:
    """Where the time, ratio or quantity in several units ends that starts there, whatever follows."""
    for pattern in (_TIME, _RATIO, _REMAINDER):
        if match := pattern.match(text, start):
            return match.end()
    quantity = physical_units.compound(text, start)
    return quantity.end if quantity else None


def _time(text: str) -> Value | None:
    match = _TIME.fullmatch(text)
    if match is None or not 1 <= int(match["h"]) <= 12:
        return None
    if match["clock"]:
        return Value("ratio", (match["h"], "00"))
    hours = int(match["h"]) % 12 + (12 if match["half"] in "pP" else 0)
    return Value("time", (str(hours * 3600 + int(match["m"] or 0) * 60 + int(match["s"] or 0)),))


def _ratio(text: str) -> Value | None:
    return Value("ratio", tuple(re.split(r"\s?:\s?", text))) if _RATIO.fullmatch(text) else None


def _remainder(text: str) -> Value | None:
    match = _REMAINDER.fullmatch(text)
    return Value("named", (match["quotient"], match["rest"]), ("quotient", "remainder")) if match else None


def clock(ratio: Value) -> int | None:
    """The seconds of the day, where a ratio may be a time as well."""
    if not _CLOCK.fullmatch(":".join(ratio.items)):
        return None
    hours, minutes, seconds = (int(part) for part in (*ratio.items, "0")[:3])
    return hours * 3600 + minutes * 60 + seconds


def _quantity(text: str) -> Value | None:
    quantity = physical_units.compound(text, 0)
    return Value("quantity", (text,)) if quantity and quantity.end == len(text) else None


def _matrix(text: str) -> Value | None:
    match = _ENVIRONMENT.fullmatch(text)
    if match:
        rows = [[cell.strip() for cell in row.split("&")] for row in match["rows"].strip(" \\").split("\\\\")]
    elif text.startswith("[[") and text.endswith("]]"):
        lines = [row.strip() for row in _split(text[1:-1])]
        if not all(row.startswith("[") and row.endswith("]") for row in lines):
            return None
        rows = [_split(row[1:-1]) for row in lines]
    else:
        return None
    if len({len(row) for row in rows}) != 1 or not all(_is_value(cell) for row in rows for cell in row):
        return None
    return Value("matrix", tuple(cell for row in rows for cell in row), columns=len(rows[0]))


def _bracketed(text: str) -> Value | None:
    parts = [part.strip() for part in text.split("∪")]
    if len(parts) > 1:
        values = [_bracketed(part) for part in parts]
        if not all(value and (value.intervals is not None or value.kind == "interval") for value in values):
            return None
        covered = [value.intervals for value in values if value and value.intervals is not None]
        if len(covered) < len(parts):
            return Value("union", tuple(parts))
        return Value("interval", (text,), intervals=merged([one for some in covered for one in some]))
    if not text or text[0] not in "([{" or text[-1] not in ")]}" or (text[0] == "{") != (text[-1] == "}"):
        return None
    inner = text[1:-1].strip()
    if not is_balanced(inner):
        return None
    if text[0] == "{":
        builder = re.fullmatch(rf"{_NAME.pattern}(?:\s?∈[^|:]{{1,20}})?\s?[|:]\s?(?P<rule>.+)", inner)
        if builder:
            return parse(builder["rule"])
        items = _split(inner) if inner else []
        return Value("set", tuple(items)) if all(_is_value(item) for item in items) else None
    items = _split(inner)
    if not _are_values(items):
        return None
    if len(items) > 2:
        return Value("point", tuple(items)) if text[0] + text[-1] in ("()", "[]") else None
    interval = Interval.between(*items, closed=(text[0] == "[", text[-1] == "]"))
    covered_ = None if interval is None else (interval,)
    is_point = text[0] + text[-1] == "()" and "∞" not in inner
    closed = (text[0] == "[", text[-1] == "]")
    return Value("point" if is_point else "interval", tuple(items), intervals=covered_, closed=closed)


def _stated(text: str) -> Value | None:
    """Equations and inequalities, and several of them."""
    sides = _SIGN.split(text)
    if len(sides) < 2 or _words(text) or not all(_is_side(side) for part in sides for side in _split(part)):
        return None
    if len(_SIGN.findall(text)) == 1:
        left, sign, right = (part.strip() for part in re.split(rf"({_SIGN.pattern})", text))
        if sign == "=" and left.startswith("(") and all(map(_NAME.fullmatch, named := _split(left[1:-1]))):
            point = parse(right)
            if point and point.kind == "point" and len(point.items) == len(named):
                return Value("named", point.items, tuple(named))
        if sign in "=∈" and _NAME.fullmatch(left):
            if (value := parse(right)) or sign == "∈" or numbers.parse_text(cleaned(right)):
                return value
            return Value("equation", (text,), names=(left,)) if _is_value(right) or right.isalpha() else None
    parts = _split(text)
    if all("=" in _SIGN.findall(part) or not _SIGN.search(part) for part in parts) and "=" in parts[0]:
        return _assigned(parts) or _equation(text, parts)
    covered = [_covered(part) for part in parts]
    known = [some for some in covered if some is not None]
    if len(parts) == 1 and not known and (bounded := _between(text)):
        return bounded
    if len(known) < len(parts) or (len(parts) > 1 and re.search(r"[,;]", text)):
        return Value("relation", (text,))
    joined = known[0]
    for some in known[1:]:
        joined = intersection(joined, some) if " and " in text else merged([*joined, *some])
    return Value("interval", (text,), intervals=joined)


def _is_side(text: str) -> bool:
    """Whether this may stand on one side of a sign: it has a number or a letter, and closes what it opens."""
    return is_balanced(text) and re.search(r"[0-9A-Za-z∞]", text) is not None and "boxed" not in text


def _assigned(parts: list[str]) -> Value | None:
    names: list[str] = []
    values: list[str] = []
    for part in parts:
        left, sign, right = part.partition("=")
        name, value = (left.strip(), right.strip()) if sign else (names[0] if names else "", left.strip())
        if not _NAME.fullmatch(name) or not _is_value(value) or _SIGN.search(value):
            return None
        names.append(name)
        values.append(value)
    if len(parts) < 2:
        return None
    if len(set(names)) == 1:
        return Value("several", tuple(values))
    return Value("named", tuple(values), tuple(names)) if len(set(names)) == len(names) else None


def _equation(text: str, parts: list[str]) -> Value | None:
    left, sign, right = text.partition("=")
    letters = re.search(r"(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])", left)
    if len(parts) > 1 or not sign or "=" in right or not letters or not right.strip():
        return None
    return Value("equation", (text,), names=(left.strip(),))


def _covered(text: str) -> tuple[Interval, ...] | None:
    """What an inequality in one name covers, where its bounds are plain."""
    pieces = [piece.strip() for piece in re.split(rf"({_SIGN.pattern})", text)]
    names = [place for place in range(0, len(pieces), 2) if _NAME.fullmatch(pieces[place])]
    if len(names) != 1 or len(pieces) > 5:
        return None
    covered: tuple[Interval, ...] = (Interval.everything(),)
    for place in range(1, len(pieces), 2):
        left, sign, right = pieces[place - 1 : place + 2]
        if names[0] == place + 1:  # 3 < x says x > 3
            left, right = right, left
            sign = sign.translate(str.maketrans("<>", "><"))
        some = Interval.beside(sign, right)
        if some is None or not _NAME.fullmatch(left):
            return None
        covered = intersection(covered, some)
    return covered


def _between(text: str) -> Value | None:
    """The interval of an inequality in one name whose bounds are formulas."""
    pieces = [piece.strip() for piece in re.split(rf"({_SIGN.pattern})", text)]
    if len(pieces) == 3:
        left, sign, right = pieces
        if _NAME.fullmatch(right) and not _NAME.fullmatch(left):
            left, sign, right = right, sign.translate(str.maketrans("<>", "><")), left
        below = sign in ("<", "<=")
        pieces = ["-∞", "<", left, sign, right] if below else ["∞", ">", left, sign, right]
    if (
        len(pieces) != 5
        or not _NAME.fullmatch(pieces[2])
        or not {pieces[1][0], pieces[3][0]} < {"<", ">", "!"}
    ):
        return None
    if pieces[1][0] != pieces[3][0] or pieces[1][0] == "!":
        return None
    bounds, closed = (pieces[0], pieces[4]), (len(pieces[1]) == 2, len(pieces[3]) == 2)
    if pieces[1][0] == ">":
        bounds, closed = bounds[::-1], closed[::-1]
    known = all(bound in ("∞", "-∞") or formulas.parse(bound) for bound in bounds)
    return Value("interval", bounds, closed=closed) if known else None


def _listed(text: str) -> Value | None:
    spread = _PLUS_MINUS.fullmatch(text)
    if spread:
        middle = numbers.parse_text(spread["middle"].strip() or "0")
        off = numbers.parse_text(spread["off"].strip())
        if middle is None or off is None:
            start, rest = spread["middle"].strip(), spread["off"].strip()
            both = (f"{start}+{rest}", f"{start}-{rest}")
            return Value("several", both) if all(map(formulas.parse, both)) else None
        ends = (middle.value - off.value, middle.value + off.value)
        return Value("several", tuple(str(numbers.Number(end)) for end in ends))
    items = _split(text)
    return Value("several", tuple(items)) if _are_values(items) else None


def _split(text: str) -> list[str]:
    """The parts between commas, "and" and "or" that stand in no brackets."""
    cuts = [0]
    depths = list(_depths(text))
    for separator in _SEPARATOR.finditer(text):
        place = separator.start()
        grouped = _THOUSANDS.match(text, place) and numbers.NUMBER.match(text, place - 1)
        if depths[place] == 0 and not grouped:
            cuts += separator.span()
    cuts.append(len(text))
    return [text[start:end].strip() for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for letter in text:
        if letter in ")]}":
            depth -= 1
        yield depth
        if letter in "([{":
            depth += 1


def is_balanced(text: str) -> bool:
    """Whether what opens closes in order; round and square brackets may close each other, as intervals do."""
    opened: list[bool] = []
    for letter in text:
        if letter in "([{":
            opened.append(letter == "{")
        elif letter in ")]}" and (not opened or opened.pop() != (letter == "}")):
            return False
    return not opened


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(_FUNCTION.sub(" ", text)) if word not in ("and", "or")]


def _is_value(text: str) -> bool:
    """Whether a part may be a value: a number, with a known unit or without, or an expression."""
    if not text or not is_balanced(text) or _SIGN.search(text):
        return False
    if ":" in text:
        return _RATIO.fullmatch(text) is not None
    quantity = physical_units.at(text, 0)
    if quantity and quantity.end == len(text):
        return True
    if not (_VALUE.search(text) or re.fullmatch(r"-?\\?[a-z]", text)):
        return False
    return not _words(text) or formulas.parse(text) is not None


def _are_values(items: list[str]) -> bool:
    """Whether these may be several values: not all may be bare letters."""
    return len(items) > 1 and all(map(_is_value, items)) and any(map(_VALUE.search, items))
