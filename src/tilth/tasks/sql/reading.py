"""Finds the SQL in a reply: in a fenced block, bare among prose, or in backticks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from tilth.tasks.causes import Why
from tilth.tasks.reasoning import blank_reasoning
from tilth.tasks.run_on import without_run_on
from tilth.tasks.second_thoughts import shown_as_wrong, takes_back

MAX_LENGTH = 20_000
"""Characters a query may have; of a longer one nothing is read."""

_TAIL = 64_000

Span = tuple[int, int]

_OTHERS = (
    "INSERT|UPDATE|DELETE|REPLACE|MERGE|CREATE|DROP|ALTER|TRUNCATE|ATTACH|DETACH|PRAGMA|VACUUM|REINDEX|ANALYZE"
    "|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|EXPLAIN|DESCRIBE|SHOW|SUMMARIZE|COPY|EXPORT|IMPORT|INSTALL|LOAD"
    "|SET|RESET|USE|CALL|CHECKPOINT|PREPARE|EXECUTE|GRANT"
)
_WORD = rf"(?P<query>SELECT|WITH|VALUES|FROM|TABLE|(?:UN)?PIVOT(?:_WIDER|_LONGER)?)\b|(?P<other>{_OTHERS})\b"
_COMMENT = r"--[^\n]*|/\*(?:[^*]|\*(?!/)){0,1000}+(?:\*/)?"

_RUN = re.compile(r"`{3,}|~{3,}")
_SQL_NAME = re.compile(
    r"[ \t]*(?:sql(?:ite\d?)?|duckdb|mysql|postgres(?:ql)?|psql|t-?sql|pl-?sql)\b[ \t]*", re.IGNORECASE
)
_OTHER_NAME = re.compile(r"[ \t]*([\w+#.-]*)[^\n]{0,200}\n")
_UNNAMED = frozenset({"", "text", "txt", "plain", "plaintext", "code", "query", "output", "answer"})

_OBJECT = re.compile(r"\s*(?:```(?:json)?\s*)?(?=\{)", re.IGNORECASE)
_KEYS = ("sql", "query", "sql_query", "sqlquery", "statement", "answer", "final_answer", "code")

_FIRST_WORD = re.compile(rf"(?:\s+|\(|{_COMMENT})*+(?:{_WORD})", re.IGNORECASE | re.DOTALL)
_LINE = re.compile(
    r"^[ \t>*_]*+(?P<label>(?:[A-Za-z]{1,15}[ \t]+){0,3}(?:SQL|(?:SQL[ _]?)?query|answer|statement)"
    rf"(?:[ \t]+is)?[ \t*_]{{0,8}}:[ \t*_]{{0,8}}|<(?:sql|query|answer)>\s*+)?+(?P<sql>\(*+(?:{_WORD}))",
    re.IGNORECASE | re.MULTILINE,
)
_CTE = re.compile(
    rf"(?:\s|{_COMMENT})++(?:RECURSIVE\s+)?(?:\w+|\"[^\"\n]+\"|\[[^\]\n]+\]|`[^`\n]+`)\s*(?:\([^()]{{0,500}}\)\s*)?"
    r"\bAS\b\s*(?:NOT\s+)?(?:MATERIALIZED\s*)?\(",
    re.IGNORECASE,
)
_NAME_ALONE = re.compile(r"\s*(?:[`~]{3,}+[ \t]*[\w+#.-]*\s*)?")
_INLINE = re.compile(r"(?<!`)`(?!`)([^`]+)`(?!`)")
_FROM = re.compile(r"\bFROM\b", re.IGNORECASE)

_TOKEN = re.compile(
    r"(?P<end>`{3,}|~{3,}|\"{3}|'{3}(?!')|</(?:sql|query|answer)>)|(?P<stop>;)|(?P<line>\n)"
    rf"|'(?:[^']|'')*+'|\"[^\"]*+\"|`[^`\n]*+`|{_COMMENT}",
    re.IGNORECASE | re.DOTALL,
)
_BLANK = re.compile(r"\s*\n")
_CLAUSES = (
    "SELECT|FROM|WHERE|GROUP|ORDER|HAVING|LIMIT|OFFSET|JOIN|LEFT|RIGHT|INNER|OUTER|FULL|CROSS|NATURAL|ON|USING"
    "|AND|OR|UNION|EXCEPT|INTERSECT|WINDOW|QUALIFY|CASE|WHEN|THEN|ELSE|END"
)
_GOES_ON = re.compile(rf"[ \t]*(?:[(),]|--|/\*|(?:{_CLAUSES}|{_CLAUSES.lower()})\b|\w+\s+(?:AS|as)\s*\()")
_PROSE = re.compile(
    r"[ \t]*(?:#{1,4} |\*\*|\|[^|]|\d+[.)] [A-Z]|(?:This|That|The|It|Here|These|Those|In|To|We|I|You|Note"
    r"|Explanation|Output|(?:SQL[ ]?)?Results?|Answer|Please|Let|Alternatively|If|Because|Since|First|For|And"
    r"|Or|As)\b[,:]?"
    r"(?:[ \t]+[\w'`\"]|$))",
    re.MULTILINE,
)


def find(text: str) -> Span | Why:
    """Where the SQL stands in a text, in characters, or why none was found.

    That is a fenced block that opens with a query (SELECT, WITH, VALUES, FROM, PIVOT, ...), else one that
    opens with another statement; without such a block, a query that opens a line, up to its semicolon or to
    the prose behind it; else a query in backticks. Of several, the one that the reply opens with, or the
    last that it puts in the place of that as the right one; else the last. One that it introduces as what
    not to write is left out.
    Statements that follow each other are read together, so that they can be refused. What stands in
    `<think>` tags is not read, nor what a model writes on behind its reply.
    """
    text = blank_reasoning(text)
    shorter = without_run_on(text)
    found = _found(shorter)
    if isinstance(found, Why) and len(shorter) < len(text):
        return _found(text)
    return found


def _found(text: str) -> Span | Why:
    if not text.strip():
        return Why("empty", "empty reply")
    cut = max(0, len(text) - _TAIL)
    text = text[cut:]
    span = _best(text, _blocks(text)) or _best(text, _stretches(text)) or _best(text, _inline(text))
    if span is None:
        return Why("no-answer", "no SQL found")
    start, end = span
    if end - start > MAX_LENGTH:
        return Why("too-long", f"a query of {end - start:,} characters; at most {MAX_LENGTH:,} are taken")
    return cut + start, cut + end


def query_in(text: str) -> tuple[str, Span] | Why:
    """The SQL of a text and where it stands: as `find` says, or else in a field of a JSON object."""
    span = find(text)
    if not isinstance(span, Why):
        return text[slice(*span)], span
    opening = _OBJECT.match(text)
    if opening is None or len(text) > _TAIL:
        return span
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, opening.end())
    except (ValueError, RecursionError):
        return span
    named = {str(key).lower(): said for key, said in value.items()} if isinstance(value, dict) else {}
    said = next((named[key] for key in _KEYS if isinstance(named.get(key), str)), "")
    inner = find(said)
    return span if isinstance(inner, Why) else (said[slice(*inner)], (opening.end(), end))


def one_line(query: str) -> str:
    """The normal form of a query that no parser takes: its text with single spaces."""
    return " ".join(query.split())


def _best(text: str, places: Iterable[tuple[Span, bool]]) -> Span | None:
    """The place that opens the text, or corrects it; else the last that opens with a query; else the last.

    White space around it is left out, and so are places that show how not to do it where there are others.
    """
    found = list(places)
    meant = [place for place in found if not shown_as_wrong(text, place[0][0])]
    best: Span | None = None
    is_query = opens = False
    ends = [0, *(end for (_, end), _ in meant or found)]
    for before, (span, opens_query) in zip(ends, meant or found, strict=False):
        if opens and not (opens_query and takes_back(text[before : span[0]])):
            continue
        if opens_query or not is_query:
            best, is_query = span, opens_query
            opens = opens or (opens_query and _NAME_ALONE.fullmatch(text, 0, span[0]) is not None)
    if best is None:
        return None
    start, end = best
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _blocks(text: str) -> Iterator[tuple[Span, bool]]:
    """Fenced blocks that hold SQL, and whether they open with a query."""
    runs = list(_RUN.finditer(text))
    place = 0
    while place < len(runs):
        fence = runs[place].group()
        start, is_sql = _named(text, runs[place].end())
        end, place = len(text), place + 1
        while place < len(runs):
            run = runs[place]
            opens_next = _SQL_NAME.match(text, run.end()) is not None
            if opens_next or run.group().startswith(fence):
                end = run.start()
                place += not opens_next
                break
            place += 1
        word = _FIRST_WORD.match(text, start, end) if is_sql is not False and start < end else None
        if word and (is_sql or _is_cased(word)):
            yield (start, end), word["query"] is not None


def _named(text: str, start: int) -> tuple[int, bool | None]:
    """Where a block's content starts, and whether its name says SQL; None where it has none."""
    if name := _SQL_NAME.match(text, start):
        return name.end(), True
    if name := _OTHER_NAME.match(text, start):
        word = name[1].lower()
        if word not in _UNNAMED and not _FIRST_WORD.match(text, start):
            return name.end(), False
        return (name.end() if name[1] and word in _UNNAMED else start), None
    return start, None


def _stretches(text: str) -> Iterator[tuple[Span, bool]]:
    """Bare SQL that opens a line, and whether it opens with a query."""
    place = 0
    while line := _LINE.search(text, place):
        start = line.start("sql")
        if not _is_bare(text, line):
            place = line.end()
            continue
        end = _end(text, start)
        is_sql = line["label"] is not None or _is_cased(line)
        place = end if is_sql else line.end()
        yield (start, end), is_sql and line["query"] is not None


def _is_bare(text: str, line: re.Match[str]) -> bool:
    """Whether a line's first word is SQL, and no prose that opens alike."""
    query = (line["query"] or "").upper()
    if query == "WITH":
        return _CTE.match(text, line.end()) is not None
    told = line["label"] is not None
    if query == "SELECT":
        return told or _is_cased(line) or not text[: line.start("sql")].strip()
    if query:
        return (told or not text[: line.start("sql")].strip()) and _is_cased(line)
    return told or _is_cased(line)


def _is_cased(word: re.Match[str]) -> bool:
    """Whether a keyword is all capitals or has none, where a sentence would have one."""
    found = word["query"] or word["other"]
    return found.isupper() or found.islower()


def _end(text: str, start: int) -> int:
    """Where bare SQL ends: at a semicolon that no statement follows, at a fence, or before prose."""
    while token := _TOKEN.search(text, start):
        start = token.end()
        if token["end"]:
            return token.start()
        if token["stop"]:
            following = _FIRST_WORD.match(text, start)
            if not following or not _is_cased(following):
                return start
        elif token["line"]:
            if blank := _BLANK.match(text, start):
                start = blank.end()
            if _PROSE.match(text, start) or (blank and not _GOES_ON.match(text, start)):
                return token.start()
    return len(text)


def _inline(text: str) -> Iterator[tuple[Span, bool]]:
    """Queries in single backticks."""
    for code in _INLINE.finditer(text):
        word = _FIRST_WORD.match(code[1])
        is_query = word is not None and word["query"] is not None and _is_cased(word)
        if is_query and _FROM.search(code[1]) and len(code[1].split()) > 1:
            yield code.span(1), True
