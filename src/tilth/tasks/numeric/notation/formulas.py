"""Reads a formula, in LaTeX or program text, to a tree: the whole of it, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from tilth.tasks.numeric.notation.formula_signs import (
    ALIASES,
    ARITY,
    BASES,
    GREEK,
    NO_PRODUCTS,
    TRIGONOMETRIC,
    WITHOUT_BRACKETS,
    has_letters_for_digits,
    written_plainly,
)
from tilth.tasks.numeric.notation.formula_tree import Formula, Node

MAX_LENGTH = 300
"""Characters a formula may have."""

_DEEPEST = 30

_NUMBER = re.compile(
    r"(?P<point>[0-9]*)\.(?P<before>[0-9]{0,20})\\overline\s?\{(?P<again>[0-9]{1,20})\}"
    r"|(?P<whole>[0-9]*)(?:\.(?P<places>[0-9]+))?"
)
_FUNCTIONS = frozenset((*ARITY, "log-base", "root"))
_DIGITS = re.compile(r"[0-9]{1,6}")
_EXPONENT = re.compile(r"[eE](?P<e>[-+]?[0-9]{1,3})(?![0-9A-Za-z.])")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_RUN = re.compile(r"[A-Za-z]+")
_SUBSCRIPT = re.compile(r"_\s?(?:\{\s?([0-9A-Za-z, ]{1,20})\}|([0-9]+|[A-Za-z]))\s*")
_MIXED = re.compile(r"\\frac\s?(?:\{\s?[0-9]+\s?\}\s?\{\s?[0-9]+\s?\}|[0-9]{2})")


class _NoFormula(Exception):
    """Text that is no formula, or one that is not known here."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Formula | None:
    r"""The formula that the whole of the text writes; None where a part of it cannot be read for sure.

    Example:
        >>> from tilth.tasks.numeric.notation.formulas import parse
        >>> parse("7*sin(pi*x/5) + 1").names
        frozenset({'x'})
        >>> parse(r"2\unknown(5)") is None
        True
    """
    if len(text) > MAX_LENGTH:
        return None
    text = written_plainly(text)
    bare = re.sub(r"\s?\\?%\Z", "", text)
    reader = _Reader(bare)
    try:
        tree = reader.whole()
    except _NoFormula:
        return None
    names, kinds = frozenset(reader.names), frozenset(reader.kinds)
    in_base = reader.in_base if tree.kind == "number" else ""
    return Formula(tree, names, kinds, reader.is_rounded, bare != text, in_base)


def has_function(text: str) -> bool:
    """Whether the text is a formula with a function or a base in it: then its words are no words of prose."""
    formula = parse(text)
    return formula is not None and bool(
        formula.in_base or has_letters_for_digits(text) or not formula.kinds.isdisjoint(_FUNCTIONS)
    )


class _Reader:
    """Reads one formula from its beginning."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0
        self.names: set[str] = set()
        self.kinds: set[str] = set()
        self.is_rounded = False
        self.in_base = ""

    def whole(self) -> Node:
        self._skip()
        tree = self._chosen()
        if self._place != len(self._text):
            raise _NoFormula
        return tree

    def _skip(self) -> None:
        while self._text[self._place : self._place + 1].isspace():
            self._place += 1

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._place):
            return False
        self._place += len(sign)
        self._skip()
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _NoFormula

    def _command(self) -> str:
        command = _COMMAND.match(self._text, self._place)
        return command[1] if command else ""

    def _node(self, kind: str, *parts: Node, value: Fraction = Fraction(), name: str = "") -> Node:
        self.kinds.add(kind)
        return Node(kind, parts, value, name)

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NoFormula
        result = read()
        self._depth -= 1
        return result

    def _sum(self) -> Node:
        result = self._product()
        while self._peek() in ("+", "-"):
            minus = self._peek() == "-"
            self._take(self._peek())
            part = self._product()
            result = self._node("add", result, self._node("negative", part) if minus else part)
        return result

    def _product(self) -> Node:
        if self._take("-"):
            return self._node("negative", self._product())
        if self._take("+"):
            return self._product()
        result = self._factor()
        while True:
            if self._take("*"):
                result = self._node("multiply", result, self._signed())
            elif self._peek() == "/":
                result = self._quotient(result)
            elif self._starts_factor():
                result = self._node("multiply", result, self._factor())
            else:
                return result

    def _signed(self) -> Node:
        return self._node("negative", self._signed()) if self._take("-") else self._factor()

    def _quotient(self, top: Node) -> Node:
        """A slash and what is below it. 1/2x is half of x; whether 1/2√3 or a/2b is one is not known."""
        self._take("/")
        start = self._place
        below = self._signed()
        closed = self._text[start : self._place].rstrip().endswith((")", "]", "}"))
        result = self._node("divide", top, below)
        if self._starts_factor() and not closed:
            letter = self._peek().isalpha() and not _RUN.match(self._text, self._place + 1)
            if not (letter and below.kind == top.kind == "number"):
                raise _NoFormula
        return result

    def _starts_factor(self) -> bool:
        letter = self._peek()
        if letter == "\\":
            return self._command() not in ("", "choose")
        return letter.isalpha() or letter in ("(", "[", "{", "⌊", "⌈")

    def _factor(self) -> Node:
        """An atom, with its exponent, factorial and degrees."""
        result = self._nested(self._atom)
        while True:
            if self._take("^"):
                result = self._node("power", result, self._exponent())
            elif self._peek() == "!" and not self._text.startswith(("!!", "!="), self._place):
                self._take("!")
                result = self._node("factorial", result)
            elif self._take("°"):
                result = self._node("degrees", result)
            else:
                return result

    def _exponent(self) -> Node:
        if self._take("-"):
            return self._node("negative", self._exponent())
        if self._peek() == "{":
            return self._braced()
        result = self._atom()
        return self._node("power", result, self._exponent()) if self._take("^") else result

    def _atom(self) -> Node:
        letter = self._peek()
        if letter.isdigit() or letter == ".":
            return self._number()
        if letter == "{":
            return self._braced()
        for opening, closing in (("(", ")"), ("[", "]")):
            if self._take(opening):
                result = self._sum()
                self._expect(closing)
                return result
        for opening, closing, function in (("|", "|", "abs"), ("⌊", "⌋", "floor"), ("⌈", "⌉", "ceil")):
            if self._take(opening):
                result = self._node(function, self._sum())
                self._expect(closing)
                return result
        if letter == "\\":
            return self._of_command()
        return self._of_letters()

    def _braced(self) -> Node:
        """A group of LaTeX."""
        self._expect("{")
        result = self._chosen()
        self._expect("}")
        return result

    def _chosen(self) -> Node:
        """A sum, or a binomial coefficient of two."""
        result = self._sum()
        if self._command() != "choose":
            return result
        self._place += len("\\choose")
        self._skip()
        return self._node("binom", result, self._sum())

    def _number(self) -> Node:
        written = _NUMBER.match(self._text, self._place)
        if written is None or not written[0]:
            raise _NoFormula
        whole = written["whole"] or written["point"] or "0"
        places = written["places"] or written["before"] or ""
        value = Fraction(int(whole + places), 10 ** len(places))
        if again := written["again"]:
            value += Fraction(int(again), (10 ** len(again) - 1) * 10 ** len(places))
        if places and len((whole + places).lstrip("0")) >= 4:
            self.is_rounded = True
        self._place = written.end()
        if exponent := _EXPONENT.match(self._text, self._place):
            value *= Fraction(10) ** int(exponent["e"])
            self._place = exponent.end()
        if base := _SUBSCRIPT.match(self._text, self._place):
            value = self._in_base(written[0], (base[1] or base[2]).strip())
            self._place = base.end()
        self._skip()
        result = self._node("number", value=value)
        if value.denominator == 1 and not base and _MIXED.match(self._text, self._place):
            return self._node("add", result, self._of_command())
        if self._peek().isdigit() or self._peek() == ".":
            raise _NoFormula
        return result

    def _of_digits(self) -> Node | None:
        digits = _DIGITS.match(self._text, self._place)
        if digits is None:
            return None
        self._take(digits[0])
        return self._node("number", value=Fraction(int(digits[0])))

    def _in_base(self, digits: str, base: str) -> Fraction:
        number = int(base) if base.isdigit() and len(base) < 3 else BASES.get(base.lower(), 0)
        if not 2 <= number <= 36:
            raise _NoFormula
        self.in_base = digits
        try:
            return Fraction(int(digits, number))
        except ValueError:
            raise _NoFormula from None

    def _of_command(self) -> Node:
        name = self._command()
        if name in ARITY and name not in ("abs", "floor", "ceil", "factorial", "binom"):
            self._place += len(name) + 1
            return self._function(name)
        self._place += len(name) + 1
        self._skip()
        if name == "frac":
            return self._node("divide", self._argument(), self._argument())
        if name == "binom":
            return self._node("binom", self._argument(), self._argument())
        if name in ("pi", "infty"):
            return self._node("infinity" if name == "infty" else name)
        if name in GREEK:
            return self._named(name)
        raise _NoFormula

    def _argument(self) -> Node:
        """What a command of LaTeX takes: a group, or the next sign alone."""
        if self._peek() == "{":
            return self._braced()
        if self._peek().isdigit():
            digit = self._peek()
            self._take(digit)
            return self._node("number", value=Fraction(int(digit)))
        return self._atom()

    def _of_letters(self) -> Node:
        run = _RUN.match(self._text, self._place)
        if run is None:
            raise _NoFormula
        word = run[0]
        # sinx, lnx: a function and the letter that it is of
        merged = next((f for f in WITHOUT_BRACKETS if word.startswith(f) and len(word) == len(f) + 1), "")
        name = merged or ALIASES.get(word, word)
        if name in ARITY:
            self._place += len(merged or word)
            return self._function(name)
        if word == "pi":
            self._place = run.end()
            self._skip()
            return self._node("pi")
        ending = next((f for f in TRIGONOMETRIC if word.endswith(f) and len(word) <= len(f) + 2), "")
        if not ending and (len(word) > 3 or word.lower() in NO_PRODUCTS):
            raise _NoFormula
        self._place += 1
        if word in ("f", "g", "h", "F", "G", "P") and self._peek() == "(":
            raise _NoFormula  # a function that is not known
        if word == "e" or (word[0] == "e" and self._text.startswith("^", self._place)):
            self._skip()
            return self._node("e")
        if word == "i":
            self._skip()
            return self._node("i")
        return self._named(word[0])

    def _named(self, name: str) -> Node:
        if subscript := _SUBSCRIPT.match(self._text, self._place):
            name += "_" + (subscript[1] or subscript[2]).strip()
            self._place = subscript.end()
        self._skip()
        self.names.add(name)
        return self._node("name", name=name)

    def _function(self, name: str) -> Node:
        """A function's power, base and arguments."""
        base = degree = power = None
        if name == "log" and (plain := re.compile(r"(2|10)(?=\()").match(self._text, self._place)):
            base = self._node("number", value=Fraction(int(plain[1])))
            self._place = plain.end()
        self._skip()
        for _ in range(2):
            if name == "log" and self._take("_"):
                base = self._of_digits() or self._argument()
            elif name == "sqrt" and self._take("["):
                degree = self._sum()
                self._expect("]")
            elif name in WITHOUT_BRACKETS and self._take("^"):
                power = self._exponent()
        parts = self._arguments(name)
        low, high = ARITY[name]
        if not low <= len(parts) <= high:
            raise _NoFormula
        if power and power.kind == "negative":
            if name not in ("sin", "cos", "tan") or power.parts[0].value != 1:
                raise _NoFormula
            name, power = "arc" + name, None
        if name == "lg":
            name, base = "log", self._node("number", value=Fraction(10))
        if name == "log" and len(parts) == 2:
            base = parts.pop()
        if name == "log" and base:
            result = self._node("log-base", *parts, base)
        elif degree:
            result = self._node("root", *parts, degree)
        else:
            result = self._node(name, *parts)
        return self._node("power", result, power) if power else result

    def _arguments(self, name: str) -> list[Node]:
        for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
            if self._take(opening):
                parts = [self._sum()]
                while self._take(","):
                    parts.append(self._sum())
                self._expect(closing)
                return parts
        if name in ("sqrt", "cbrt"):
            return [self._nested(self._atom)]
        if name not in WITHOUT_BRACKETS:
            raise _NoFormula
        result = self._node("negative", self._factor()) if self._take("-") else self._factor()
        while self._starts_factor() and not self._starts_function():
            result = self._node("multiply", result, self._factor())
        if self._peek() == "/":
            raise _NoFormula
        return [result]

    def _starts_function(self) -> bool:
        run = _RUN.match(self._text, self._place)
        word = self._command() or (run[0] if run else "")
        return word in ARITY or word in ALIASES
