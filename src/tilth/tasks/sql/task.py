"""The SQL task: questions about a database, answered by a query that is checked by running it."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePath
from typing import Any, ClassVar, Self

from tilth.arguments import paths_of
from tilth.seeds import Seed
from tilth.tasks.base import Reading, Verdict, shortened
from tilth.tasks.causes import Why
from tilth.tasks.prompts import TemplateTask, fill
from tilth.tasks.sql.databases.files import Dialect, signature
from tilth.tasks.sql.reading import one_line, query_in
from tilth.tasks.worker import NoAnswer, Worker

PROMPTS = {
    "answer": (
        "Write one query for the {dialect} database below that answers the question.\n"
        "Use its tables and columns only. Return the columns that are asked for and no others.\n"
        "The query may read, and change nothing. Reply with it in a block that opens with ```sql.\n"
        "\n"
        "{schema}\n"
        "\n"
        "Question: {question}"
    ),
    "rephrase": (
        "Rephrase the question below, which is about this {dialect} database.\n"
        "Say the same in other words and another order. Keep every condition and value, what is to be\n"
        "returned and how it is sorted, so that the same query answers it.\n"
        'Reply with nothing but one line that starts with "Question:". Do not write the query.\n'
        "\n"
        "{schema}\n"
        "\n"
        "Question: {question}"
    ),
    "new-question": (
        "Write a new question of the same kind as the one below, about this {dialect} database.\n"
        "Let it be about other tables, columns or conditions, and about as difficult.\n"
        "One query must answer it, with exactly one right result: say what is to be returned, and in what\n"
        "order where that matters.\n"
        'Reply with nothing but one line that starts with "Question:". Do not write the query.\n'
        "\n"
        "{schema}\n"
        "\n"
        "Question: {question}"
    ),
}
"""Templates by purpose, with the database's `{schema}` and `{dialect}`. Each ends with the question."""

_DIALECTS: Mapping[Dialect, str] = {"sqlite": "SQLite", "duckdb": "DuckDB"}
_OF_DATABASE = ("db_id", "database_id", "db_name")
_READ_LIMIT = 10.0
_OPEN_LIMIT = 5.0
_DESCRIBE_LIMIT = 60.0
_DIGEST_LIMIT = 600.0

_worker = Worker(Path(__file__).parent / "databases" / "process.py")


@dataclass(frozen=True)
class Sql(TemplateTask):
    """Questions about a SQLite or DuckDB database that one query answers.

    The SQL of a reply is read from a fenced block, else bare, else from backticks or a field of JSON, as
    `tilth.tasks.sql.reading` says. Its normal form is the query on one line, as sqlglot writes it, without
    comments.

    A query is admitted by its syntax tree: one statement that reads tables of the database, with nothing in
    it that could change, attach, load or reach anything, and no function that gives another result each time,
    but for the clock. What is refused is rejected with a reason and never runs. What is admitted runs on
    every database given, in a process of its own: on a read-only connection that lets no other file,
    extension or network be reached, for `seconds` of processor time, with 512 MB to work in and up to 100,000
    rows of result.

    It is accepted where it returns what the reference does, on all of them: the same rows, each as often, in
    any order unless the reference sorts them. The order of columns counts, their names do not. Numbers agree
    to one part in a thousand million, integers exactly; text never equals a number. Rows that tie in the
    reference's ORDER BY may stand in any order.

    It is unverified where nothing differs, but agreeing says too little: the reference returns no rows, or
    only nulls, on every database; the reference's LIMIT cuts through a tie and the query takes other rows of
    it; the reference is missing or fails; or the database takes the query, and it could not be told that it
    only reads, or it uses a function that SQLite has elsewhere and not where it runs. So it is where the
    query or the reference asks what time it is, as `date('now')` and `current_date` do: nothing is compared
    then. Without a reference, or one to compare with, a query that fails is still rejected. In SQLite, a name
    in double quotes that is no column is text, however SQLite was built.

    Agreement may be by chance: on one database, a wrong query often returns what the right one does
    (`price > 5` and `price >= 5` where nothing costs 5). Give several states of the database, such as copies
    with rows changed, added and removed, so that wrong queries differ on one.

    Sample values go into prompts, and so to the teacher; `samples=0` keeps them here. A database's files and
    the folder they lie in stay as they are. While queries run, and half a second longer, no other program
    can open a DuckDB file to write to it. Where a database changed, stored rows are checked anew when their
    run goes on.

    Attributes:
        database: One path, or several: the first is described in prompts, and queries run on all of them.
            Kept as absolute paths.
        samples: How many values of each column the prompts show, 0 to 20.
        seconds: Processor time that a query may take on one database.

    Raises:
        TypeError: No database is given.
        ValueError: A path is no database, the databases are of two kinds, an option is out of its range, or
            a prompt is wrong, as for `Numeric`.
        OSError: A database cannot be read.
        ModuleNotFoundError: It is DuckDB's, and DuckDB is not installed.

    Example:
        >>> task = tilth.tasks.Sql(database=tilth.demo.database())
        >>> task.check("SELECT 1 + 1", "SELECT 2").accepted
        True
    """

    database: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = ()
    samples: int = 3
    seconds: float = 5.0

    name: ClassVar[str] = "sql"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    def __post_init__(self) -> None:
        several = [self.database] if isinstance(self.database, str | os.PathLike) else self.database
        given = paths_of(several, "Sql(database)")
        if not given:
            raise TypeError(
                "task 'sql' needs a database; pass task=tilth.tasks.Sql(database=\"your.sqlite\")"
            )
        paths = tuple(path.absolute() for path in given)
        kinds = {_kind(path, signature(path)) for path in paths}
        if len(kinds) > 1:
            raise ValueError("the databases are of two kinds; give states of one, all SQLite or all DuckDB")
        if "duckdb" in kinds and importlib.util.find_spec("duckdb") is None:
            raise ModuleNotFoundError(
                f"{paths[0].name} is a DuckDB database, and DuckDB is not installed; "
                "run: pip install 'tilth[duckdb]'"
            )
        if not 0 <= self.samples <= 20:
            raise ValueError(f"samples must be from 0 to 20, not {self.samples}")
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ValueError(f"seconds must be more than 0, not {self.seconds}")
        object.__setattr__(self, "database", paths)
        super().__post_init__()

    @property
    def _paths(self) -> tuple[Path, ...]:
        return self.database  # type: ignore[return-value] # made so above

    @cached_property
    def dialect(self) -> Dialect:
        """The SQL that is asked for and read: "sqlite" or "duckdb"."""
        return _kind(self._paths[0], signature(self._paths[0]))

    @cached_property
    def schema(self) -> str:
        """The first database as prompts show it; it stays as it was when it was first asked for.

        Raises:
            ValueError: The database cannot be read.
        """
        path = self._paths[0]
        job = {"do": "describe", "path": str(path), "samples": self.samples, "seconds": _DESCRIBE_LIMIT}
        schema: str = _told(path, "described", job, _OPEN_LIMIT + _DESCRIBE_LIMIT)["schema"]
        return schema

    def _filled(self, template: str, question: str) -> str:
        return fill(template, question, schema=self.schema, dialect=_DIALECTS[self.dialect])

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the query, as the class says, whether it may run or not; spans hold for `text` as given."""
        read = query_in(text)
        if isinstance(read, Why):
            return Reading(None, reason=read.reason, cause=read.cause)
        query, span = read
        try:
            found = _worker.ask({"do": "normal", "text": query, "dialect": self.dialect}, _READ_LIMIT)
        except NoAnswer:
            return Reading(one_line(query), span)
        return Reading(found["answer"], span)

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Checks a query by what it returns, as the class says; `accepted` may still be by chance."""
        read = query_in(response)
        if isinstance(read, Why):
            return Verdict("rejected", reason=read.reason, cause=read.cause)
        expected, doubt = None, Why("no-reference", "no reference")
        if reference is not None:
            right = query_in(reference)
            if isinstance(right, Why):
                doubt = Why("bad-reference", f"the reference cannot be read: {right.reason}")
            else:
                expected = right[0]
        query, span = read
        try:
            found = self._run({"do": "check", "text": query, "reference": expected, "doubt": doubt})
        except NoAnswer as error:
            return Verdict("unverified", one_line(query), str(error), "not-compared", span=span)
        return Verdict(answer=found.pop("answer"), span=span, **found)

    def fault(self, seed: Seed) -> str | None:
        """A row must be of this database, and its reference a query that returns a result on every one given.

        What database it is of is what a column `db_id`, `database_id` or `db_name` says, as in Spider and
        BIRD: the name of a file given here, without its ending, or of the folder that it lies in.
        """
        if (other := self._other_database(seed)) is not None:
            return (
                f"it is of another database, {shortened(other)!r}, than {self._paths[0].name}; leave such "
                "rows out, or where it is the same, name the file after it"
            )
        if seed.reference is None:
            return None
        right = query_in(seed.reference)
        if isinstance(right, Why):
            return (
                f"the reference cannot be read: {right.reason}; give one query, bare or in a block of ```sql"
            )
        try:
            found = self._run({"do": "fault", "reference": right[0]})["fault"]
        except NoAnswer as error:
            found = str(error)
        if found is None:
            return None
        return (
            f"the reference cannot be used: {found}; give one query that runs on every database within "
            f"{self.seconds:g} s, or leave it out"
        )

    def _other_database(self, seed: Seed) -> str | None:
        """The name of the database that a seed says it is of, where that is none of these."""
        names = {name.casefold() for path in self._paths for name in (path.stem, path.name, path.parent.name)}
        for column in _OF_DATABASE:
            said = seed.extra.get(column)
            if isinstance(said, str) and said.strip():
                name = PurePath(said.strip().replace("\\", "/")).name.casefold()
                return None if name in names or PurePath(name).stem in names else said.strip()
        return None

    def _run(self, job: dict[str, Any]) -> dict[str, Any]:
        places = {"dialect": self.dialect, "paths": list(map(str, self._paths)), "seconds": self.seconds}
        # The reference, the query, and the reference once more where rows may tie.
        limit = _OPEN_LIMIT + 3 * self.seconds * len(self._paths)
        found: dict[str, Any] = _worker.ask({**job, **places}, limit)
        return found

    def identity(self) -> dict[str, Any]:
        """Prompts, dialect and a digest of the schema that prompts show."""
        shown = hashlib.sha256(self.schema.encode()).hexdigest()[:32]
        return {**super().identity(), "dialect": self.dialect, "schema": shown}

    def verdict_options(self) -> dict[str, Any]:
        """Digests of the databases' content, in order, and the time limit."""
        return {
            "databases": [_digest(path, signature(path)) for path in self._paths],
            "seconds": self.seconds,
        }

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """Raises: nothing tells where its database lies.

        Raises:
            ValueError: Always.
        """
        raise ValueError("task 'sql' needs its database; pass using=[tilth.tasks.Sql(database=...)]")


@lru_cache(maxsize=64)
def _kind(path: Path, _: object) -> Dialect:
    """Which kind of database a file is; asked once while its files stay as they are."""
    path.stat()
    dialect: Dialect = _told(path, "read", {"do": "kind", "path": str(path)}, _READ_LIMIT)["dialect"]
    return dialect


@lru_cache(maxsize=64)
def _digest(path: Path, _: object) -> str:
    """A digest of a database's content; asked once while its files stay as they are."""
    found: str = _told(path, "read", {"do": "digest", "path": str(path)}, _DIGEST_LIMIT)["digest"]
    return found


def _told(path: Path, what: str, job: dict[str, Any], limit: float) -> dict[str, Any]:
    """What the process says of a file, or a ValueError."""
    try:
        found: dict[str, Any] = _worker.ask(job, limit)
    except NoAnswer as error:
        found = {"error": str(error)}
    if "error" in found:
        raise ValueError(f"{path.name} cannot be {what}: {found['error']}")
    return found
