"""What may run: one query that reads tables of the database, by a list of what its syntax tree may hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import Dialect, Token, TokenType, exp
from sqlglot.errors import ParseError

from tilth.tasks.sql.reading import MAX_LENGTH, one_line

Name = tuple[str, ...]
"""A table's name as a query gives it, in lower case: with what qualifies it, or without."""

_CLAUSES = (
    exp.Alias,
    exp.Aliases,
    exp.CTE,
    exp.ColumnDef,
    exp.Comprehension,
    exp.Cube,
    exp.DataType,
    exp.DataTypeParam,
    exp.Distinct,
    exp.Fetch,
    exp.Filter,
    exp.From,
    exp.Group,
    exp.GroupingSets,
    exp.Having,
    exp.HavingMax,
    exp.Identifier,
    exp.IgnoreNulls,
    exp.Interval,
    exp.Join,
    exp.Lambda,
    exp.Lateral,
    exp.Limit,
    exp.LimitOptions,
    exp.Offset,
    exp.Order,
    exp.Ordered,
    exp.Pivot,
    exp.PositionalColumn,
    exp.Qualify,
    exp.RespectNulls,
    exp.Rollup,
    exp.Select,
    exp.SetOperation,
    exp.Slice,
    exp.Star,
    exp.Subquery,
    exp.Table,
    exp.TableAlias,
    exp.Tuple,
    exp.UnpivotColumns,
    exp.Values,
    exp.Var,
    exp.Where,
    exp.WindowSpec,
    exp.With,
    exp.WithinGroup,
    exp.JSONPath,
    exp.JSONPathPart,
)
_ALLOWED = (exp.Condition, exp.TimeUnit, *_CLAUSES)
_QUERIES = (exp.Query, exp.Values, exp.Pivot)
_PARAMETERS = (exp.Parameter, exp.Placeholder, exp.SessionParameter)

_FORBIDDEN = (exp.DDL, exp.DML, exp.Command, exp.Describe, exp.Into, exp.Lock, exp.Pragma, exp.Summarize)
_TABLE_FUNCTIONS = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
_EACH_TIME = "gives another result each time"
_CHANGING = re.compile(
    r"gen_random_uuid|rand|random|randomblob|randomize|reservoir_quantile|setseed|uuid(?:v\d)?"
)
_CLOCK = re.compile(r"now|today|get_current_time(?:stamp)?|transaction_timestamp|current_localtime(?:stamp)?")
_CLOCK_WORDS = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp)
_CLOCK_WORDS_OF_DUCKDB = (exp.Localtime, exp.Localtimestamp)
_TEXTS = (TokenType.STRING, TokenType.IDENTIFIER)  # SQLite may take a name in double quotes for text
_OF_TIME = frozenset({"date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff"})
"""SQLite's functions that take `'now'`, and mean it where they are given no time."""
# A function that reads or writes anything but its arguments, in either dialect or in a shell's.
_REACHING = re.compile(
    r"read_\w+|readfile|write_\w+|writefile|edit|eval|load_extension|fts3_tokenizer|fsdir|lsdir|shell|system"
    r"|getenv|getvariable|current_setting|set_config|setval|nextval|currval|lastval|\w*sleep\w*|stats|vector_type"
    r"|(?:en|dis)able_\w+|pg_postmaster_start_time|pg_conf_load_time|pg_my_temp_schema|get_block_size"
    r"|current_(?:query|query_id|connection_id|transaction_id)|txid_current|which_secret|query|query_table"
    r"|json_execute_serialized_sql|last_insert_rowid|(?:total_)?changes|sqlite_\w+"
)
_PLAIN = re.compile(r"\w+")


class Refused(Exception):
    """A query that must not run.

    The message says why, in a few words; `cause` in one for machines. Where it is only `unknown`, what it
    holds is not known here, and may be right all the same.
    """

    def __init__(self, reason: str, cause: str = "not-allowed", *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.cause = cause
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Query:
    """One query that may run, on a database that has its tables.

    Attributes:
        text: As it was written, without a semicolon behind it, which is what runs.
        normal: In normal form: one line, without comments, as sqlglot writes it.
        tree: Its syntax tree.
        tables: The tables it reads, but for those it makes itself by WITH.
        called: What it reads as `name(...)`: a full-text table may be searched so, and no function be read.
        changing: Why what it returns says little, or None: it asks what time it is.
    """

    text: str
    normal: str
    tree: exp.Expr
    tables: frozenset[Name]
    called: frozenset[str] = frozenset()
    changing: str | None = None


def normal(text: str, dialect: str) -> str:
    """The normal form of a query, whether it may run or not."""
    try:
        (tree,) = _statements(_words(text, dialect), text, dialect)
        return _written(tree, text, dialect)
    except Exception:  # noqa: BLE001 - whatever foreign text makes a parser raise
        return one_line(text)


def admit(text: str, dialect: str) -> Query:
    """The query in `text`.

    Args:
        text: SQL.
        dialect: "sqlite" or "duckdb".

    Raises:
        Refused: It is no single query, or holds what is not on the list.
    """
    try:
        return _admitted(text, dialect)
    except Refused:
        raise
    except ParseError as error:
        found = error.errors[0]["description"] if error.errors else ""
        reason = f"could not be parsed: {found}" if found else "could not be parsed"
        _refuse_functions(_words(text, dialect))
        raise Refused(reason, "syntax-error", unknown=True) from error
    except RecursionError as error:
        raise Refused("could not be parsed: nested too deeply", "syntax-error") from error
    except Exception as error:
        raise Refused("could not be parsed", "syntax-error") from error


def _admitted(text: str, dialect: str) -> Query:
    words = _words(text, dialect)
    statements = _statements(words, text, dialect)
    if not statements:
        raise Refused("no SQL", "no-answer")
    if len(statements) > 1:
        raise Refused(f"{len(statements)} statements, where one is asked for")
    tree = statements[0]
    if not isinstance(tree, _QUERIES):
        raise Refused(f"not a query: {text.split(None, 1)[0].upper()[:20]}")
    _refuse_functions(words)
    called = frozenset(name for node in tree.walk() if (name := _examined(node, dialect)))
    return Query(
        text.rstrip(" \t\r\n;"),
        _written(tree, text, dialect),
        tree,
        frozenset(_tables(tree, dialect)),
        called,
        None if (clock := _clock_in(words, tree, dialect)) is None else f"{_EACH_TIME}: {clock}",
    )


def _written(tree: exp.Expr, text: str, dialect: str) -> str:
    return one_line(tree.sql(dialect=dialect, comments=False)) or one_line(text)


def refuse_unknown_tables(query: Query, known: Collection[Name]) -> None:
    """Raises `Refused` where the query reads what is not among the database's tables and views."""
    for called in sorted(query.called):
        if (called,) not in known:
            raise Refused(f"table function not allowed: {called[:60]}")
    for name in sorted(query.tables):
        if name not in known:
            raise Refused(f"not a table of the database: {'.'.join(name)[:60]}", "unknown-table")


def _words(text: str, dialect: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise Refused(f"a query of {len(text):,} characters; at most {MAX_LENGTH:,} are taken", "too-long")
    if "\x00" in text:
        raise Refused("holds a null character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused("holds half a character") from error
    return Dialect.get_or_raise(dialect).tokenize(text)


def _statements(words: list[Token], text: str, dialect: str) -> list[exp.Expr]:
    found = Dialect.get_or_raise(dialect).parser().parse(words, text)
    return [one for one in found if one is not None and not isinstance(one, exp.Semicolon)]


def _refuse_functions(words: list[Token]) -> None:
    """Refuses functions by the names that the query gives them, quoted or not."""
    for word, following in pairwise(words):
        if following.token_type is not TokenType.L_PAREN or word.token_type is TokenType.STRING:
            continue
        name = word.text.lower()
        if _CHANGING.fullmatch(name):
            raise Refused(f"{_EACH_TIME}: {name}()")
        if _REACHING.fullmatch(name):
            raise Refused(f"function not allowed: {name}")


def _clock_in(words: list[Token], tree: exp.Expr, dialect: str) -> str | None:
    """What of a query asks for the time, as it would be written; None where nothing does."""
    kinds = _CLOCK_WORDS if dialect == "sqlite" else (*_CLOCK_WORDS, *_CLOCK_WORDS_OF_DUCKDB)
    opened: list[tuple[str, int, int]] = []
    commas = 0
    for place, word in enumerate(words):
        if word.token_type is TokenType.L_PAREN:
            name = words[place - 1].text.lower() if place else ""
            opened.append((name, place, commas))
            commas = 0
        elif word.token_type is TokenType.COMMA:
            commas += 1
        elif word.token_type is TokenType.R_PAREN and opened:
            name, start, before = opened.pop()
            if _asks_the_clock(name, 0 if place == start + 1 else commas + 1, dialect):
                return f"{name}()"
            commas = before
        elif dialect == "sqlite" and word.token_type in _TEXTS and word.text.lower() == "now":
            name = next((name for name, *_ in reversed(opened) if name in _OF_TIME), "")
            if name:
                return f"{name}('now')"
    found = tree.find(*kinds)
    return None if found is None else found.sql_name().lower()


def _asks_the_clock(name: str, given: int, dialect: str) -> bool:
    """Whether a function tells the time, or measures by it, where it is given so many arguments."""
    if dialect == "duckdb":
        return _CLOCK.fullmatch(name) is not None or (name == "age" and given == 1)
    return name in _OF_TIME and given == (1 if name == "strftime" else 0)


def _examined(node: exp.Expr, dialect: str) -> str | None:
    """The name of what a node reads as `name(...)`, where only the database can tell whether it may.

    Raises:
        Refused: It may not stand in a query.
    """
    if isinstance(node, _PARAMETERS):
        raise Refused("holds a parameter")
    if isinstance(node, exp.TableSample):
        raise Refused(f"{_EACH_TIME}: a sample")
    if not isinstance(node, _ALLOWED):
        raise Refused(f"not allowed: {node.key.upper()}", unknown=not isinstance(node, _FORBIDDEN))
    if isinstance(node, exp.Table | exp.Lateral) and isinstance(node.this, exp.Func):
        called = node.this
        name = (called.name if isinstance(called, exp.Anonymous) else called.sql_name()).lower()
        if name in _TABLE_FUNCTIONS and not node.args.get("db"):
            return None
        if dialect == "sqlite" and isinstance(called, exp.Anonymous) and not node.args.get("db"):
            return name
        raise Refused(f"table function not allowed: {name[:60]}")
    return None


def _tables(tree: exp.Expr, dialect: str) -> Iterator[Name]:
    made = {cte.alias.lower() for cte in tree.find_all(exp.CTE) if _PLAIN.fullmatch(cte.alias)}
    named: list[exp.Table | exp.Column] = [
        table
        for table in tree.find_all(exp.Table)
        if not isinstance(table.this, exp.Func) and table.arg_key != "indexed"  # INDEXED BY names an index
    ]
    if dialect == "sqlite":  # it takes a table's name behind IN, where DuckDB takes a list
        fields = (test.args.get("field") for test in tree.find_all(exp.In))
        named += (field for field in fields if isinstance(field, exp.Column))
    for table in named:
        name = tuple(part.name.lower() for part in table.parts)
        if len(name) > 1 or name[0] not in made:
            yield name
