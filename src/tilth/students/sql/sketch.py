"""A sketch parser for text-to-SQL: small linear models for a query's shape, tables, columns and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilth.students.base import Model, Student, examples, votes
from tilth.students.linear import Linear
from tilth.students.sql.sketching import PARTS, Edge, Sketch, sketch, sql_of
from tilth.students.sql.values import Masked, Value, Vocabulary, matches

if TYPE_CHECKING:
    import polars as pl

_FEATURES = 2**15
_NEAR = 5
"""Words beside a value that its role is read from."""

_ROLES = ("text", "number")
"""The heads that say what a value is there for: texts and numbers never have the same role."""

_WORD = r"\S+"
_HOLE = re.compile(r"<(\w+)>")
_OUTER = re.compile(r"\b(\w+)\.\w+")


@dataclass(frozen=True)
class SketchParser(Student):
    """LinearSVCs from hashed 1- to 3-grams of the question to each part of a query, and to each value's role.

    After SQLNet (Xu et al., 1711.04436), which fills in a sketch with a network for each slot.
    """

    name = "sketch"
    tasks = ("sql",)
    gains_from_answers = False
    about = (
        "A small parser for questions over one database, no language model. It puts queries together from "
        "parts it has seen, so it shows what coverage, wording and wrong answers do. It cannot use a table, "
        "a column or a shape of query that no row showed, and it links values by their spelling."
    )
    cost = (
        "Measured: 0.05 CPU s at 100 rows, 0.15 at 400, 0.5 at 1,600, about half where the same queries were "
        "read before (one core of an AMD EPYC), and 0.06 for 400 questions."
    )

    def train(self, rows: pl.DataFrame, random_state: int = 0) -> Model:
        """Fits one linear scorer for each part; rows without a query that can be read are skipped."""
        return SketchModel(examples(rows), random_state)


@dataclass(frozen=True, slots=True)
class _Example:
    """One question and one query that it was answered with; `weight` is the share of its rows that were."""

    masked: Masked
    shape: tuple[str, ...]
    table: str
    columns: Mapping[str, str]
    conditions: tuple[str, ...]
    roles: tuple[tuple[str, ...], ...]
    weight: float


class SketchModel(Model):
    """A trained sketch parser."""

    def __init__(self, rows: Sequence[tuple[str, str]], random_state: int) -> None:
        counts = votes(rows, _read)
        self.trained_on = sum(counted.total() for counted in counts.values())
        self.skipped = len(rows) - self.trained_on
        sketches = [one for counted in counts.values() for one in counted]
        self._vocabulary = Vocabulary(sketches)
        self._edges = dict.fromkeys(edge for one in sketches for edge in one.edges)
        weighted = [
            example
            for question, counted in counts.items()
            for one, count in counted.items()
            if (example := _example(self._vocabulary.mask(question), one, count / counted.total()))
        ]
        self._heads = _heads(weighted, random_state)

    def answer(self, questions: Sequence[str]) -> list[str | None]:
        """Puts a query together from the best part of each kind."""
        if not questions or "shape" not in self._heads:
            return [None] * len(questions)
        masked = [self._vocabulary.mask(question) for question in questions]
        matrix = _features([" ".join(one.words) for one in masked])
        chosen = {name: head.labels(matrix) for name, head in self._heads.items() if name not in _ROLES}
        roles = {kind: iter(self._roles(kind, masked)) for kind in _ROLES}
        answers = []
        for place, one in enumerate(masked):
            parts = {name: labels[place] for name, labels in chosen.items()}
            valued = [(value, next(roles[_kind(value)])) for value in one.values]
            answers.append(_Assembly(parts, valued, list(self._edges)).sql())
        return answers

    def _roles(self, kind: str, masked: Sequence[Masked]) -> Sequence[tuple[str, ...]]:
        """The roles of all values of a kind, in order."""
        contexts = [context for one in masked for value, context in _contexts(one) if _kind(value) == kind]
        if kind not in self._heads or not contexts:
            return [()] * len(contexts)
        return self._heads[kind].labels(_features(contexts))


def _read(_question: str, response: str) -> Sketch | None:
    sql = sql_of(response)
    return sketch(sql) if sql is not None else None


def _example(masked: Masked, one: Sketch, weight: float) -> _Example | None:
    """What a question teaches: its values get the roles of the query's; others stay in the query's text."""
    left = list(one.literals)
    roles: list[tuple[str, ...]] = [()] * len(masked.values)
    # A value that a query holds twice has both roles, once each value of the question has one.
    for _ in range(2):
        for place, value in enumerate(masked.values):
            literal = next((literal for literal in left if matches(value, literal)), None)
            if literal is not None:
                left.remove(literal)
                roles[place] += (literal.role,)
    own = {literal.role: _quoted(literal.text, is_text=literal.is_text) for literal in left}
    conditions = [_with(own, condition) for condition in one.conditions]
    for role, text in own.items():
        column, _, operator = role.partition(" ")
        if operator in ("BETWEEN", "AND"):
            return None
        if operator:
            conditions.append(f"{column} {operator} {text}")
    return _Example(
        masked,
        tuple(_with(own, part) for part in one.shape),
        one.table,
        dict(one.columns),
        tuple(sorted(conditions)),
        tuple(roles),
        weight,
    )


def _with(filled: Mapping[str, str], text: str) -> str:
    return _HOLE.sub(lambda hole: filled.get(hole.group(1), hole.group()), text)


def _quoted(text: str, *, is_text: bool) -> str:
    return "'" + text.replace("'", "''") + "'" if is_text else text


def _heads(weighted: Sequence[_Example], random_state: int) -> dict[str, _Head]:
    """A head for the shape, the table, the odd conditions, each hole for a column, and a value's role."""
    if not weighted:
        return {}
    matrix = _features([" ".join(example.masked.words) for example in weighted])
    labels: dict[str, list[tuple[int, Any]]] = {
        "shape": [(place, example.shape) for place, example in enumerate(weighted)],
        "table": [(place, example.table) for place, example in enumerate(weighted)],
        "conditions": [(place, example.conditions) for place, example in enumerate(weighted)],
    }
    for place, example in enumerate(weighted):
        for hole, column in example.columns.items():
            labels.setdefault(hole, []).append((place, column))
    heads = {}
    for name, entries in labels.items():
        places = [place for place, _ in entries]
        weights = [weighted[place].weight for place in places]
        heads[name] = _Head(matrix[places], [label for _, label in entries], weights, random_state)
    for kind in _ROLES:
        valued = [
            (context, role, example.weight)
            for example in weighted
            for (value, context), role in zip(_contexts(example.masked), example.roles, strict=True)
            if _kind(value) == kind
        ]
        if valued:
            contexts, roles, shares = zip(*valued, strict=True)
            heads[kind] = _Head(_features(contexts), roles, shares, random_state)
    return heads


class _Head:
    """One linear classifier; where there is one label only, that label."""

    def __init__(
        self, matrix: Any, labels: Sequence[Any], weights: Sequence[float], random_state: int
    ) -> None:
        self._known = list(dict.fromkeys(labels))
        self._classifier = None
        if len(self._known) > 1:
            numbers = {label: number for number, label in enumerate(self._known)}
            given = [numbers[label] for label in labels]
            self._classifier = Linear(matrix, given, weights, iterations=200, random_state=random_state)

    def labels(self, matrix: Any) -> list[Any]:
        """The best label of each row."""
        if self._classifier is None:
            return [self._known[0]] * matrix.shape[0]
        return [self._known[number] for number in self._classifier.labels(matrix)]


def _features(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=_FEATURES,
        ngram_range=(1, 3),
        token_pattern=_WORD,
        lowercase=False,
        alternate_sign=False,
    )
    return vectorizer.transform(texts)


def _kind(value: Value) -> str:
    return "text" if value.is_text else "number"


def _contexts(masked: Masked) -> Iterator[tuple[Value, str]]:
    """Each value with the words on both sides by distance, what it is, and all words of the question."""
    for value, place in zip(masked.values, masked.places, strict=True):
        before = masked.words[max(0, place - _NEAR) : place]
        after = masked.words[place + 1 : place + 1 + _NEAR]
        left = [f"{distance}<{word}" for distance, word in enumerate(reversed(before), 1)]
        right = [f"{distance}>{word}" for distance, word in enumerate(after, 1)]
        sides = [f"<{word}" for word in before[-2:]] + [f">{word}" for word in after[:2]]
        sign = f"is:{masked.words[place]}"
        yield value, " ".join([*left, sign, sign, *right, *sides, *masked.words])


class _Assembly:
    """One query being put together."""

    def __init__(
        self,
        parts: Mapping[str, Any],
        valued: Sequence[tuple[Value, tuple[str, ...]]],
        edges: Sequence[Edge],
    ) -> None:
        self._parts, self._edges = parts, edges
        self._holes: dict[str, str] = {}
        self._compared: dict[str, str] = {}
        for value, roles in valued:
            text = _quoted(value.text, is_text=value.is_text)
            for role in roles:
                (self._compared if " " in role else self._holes).setdefault(role, text)

    def sql(self) -> str | None:
        """The query, or None where a part lacks what it needs."""
        shape: tuple[str, ...] = self._parts["shape"]
        if len(shape) != len(PARTS):
            return self._filled(shape[0])
        conditions = [*self._comparisons(), *self._parts["conditions"]]
        holes = [f"<{hole}>" for part in shape for hole in _HOLE.findall(part)]
        named = [self._parts[hole] for hole in holes if hole in self._parts]
        named += [name for condition in conditions for name in _outer(condition)]
        tables = [self._parts["table"], *(name.partition(".")[0] for name in named)]
        joined = self._from(dict.fromkeys(tables))
        if joined is None:
            return None
        select, *others = shape
        written = [f"SELECT {select} {joined}"]
        if conditions:
            written.append(f"WHERE {' AND '.join(conditions)}")
        keywords = ("GROUP BY", "HAVING", "ORDER BY", "LIMIT")
        written += [f"{keyword} {part}" for keyword, part in zip(keywords, others, strict=True) if part]
        return self._filled(" ".join(written))

    def _filled(self, text: str) -> str | None:
        """The text with its holes filled; None where a value is missing."""
        columns = {name[1:-1]: label for name, label in self._parts.items() if name.startswith("<")}
        filled = _with({**columns, **self._holes}, text)
        return None if _HOLE.search(filled) else filled

    def _comparisons(self) -> list[str]:
        written = []
        for role, text in self._compared.items():
            column, _, operator = role.partition(" ")
            low, high = (self._compared.get(f"{column} {end}") for end in ("BETWEEN", "AND"))
            if operator == "BETWEEN":
                written.append(f"{column} BETWEEN {low} AND {high}" if high else f"{column} >= {low}")
            elif operator == "AND":
                written += [] if low else [f"{column} <= {high}"]
            else:
                written.append(f"{column} {operator} {text}")
        return written

    def _from(self, wanted: Iterable[str]) -> str | None:
        """The FROM clause that joins these tables by joins that were seen; None where there are none."""
        first, *others = wanted
        tables, written = [first], [f"FROM {first}"]
        for target in others:
            for edge, new in self._path(tables, target) or []:
                tables.append(new)
                written.append(f"JOIN {new} ON {edge.left} = {edge.right}")
            if target not in tables:
                return None
        return " ".join(written)

    def _path(self, tables: Sequence[str], target: str) -> list[tuple[Edge, str]] | None:
        reached: dict[str, list[tuple[Edge, str]]] = {table: [] for table in tables}
        grown = True
        while grown and target not in reached:
            grown = False
            for edge in self._edges:
                ends = edge.left.partition(".")[0], edge.right.partition(".")[0]
                for here, there in (ends, ends[::-1]):
                    if here in reached and there not in reached:
                        reached[there] = [*reached[here], (edge, there)]
                        grown = True
        return reached.get(target)


def _outer(condition: str) -> list[str]:
    """The columns a condition names outside of queries within it."""
    return [match.group() for match in _OUTER.finditer(condition.partition("(SELECT")[0])]
