"""Reads Python code out of a reply: fenced blocks, or lines of code between prose."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tilth.tasks.base import Reading
from tilth.tasks.code.wrappers import unwrapped, without_marks, without_prompts
from tilth.tasks.second_thoughts import shown_as_wrong

MAX_CODE = 20_000
"""Characters of code that are read. Parsing this much cannot exhaust a thread's stack, however nested."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
BUILT_IN = frozenset(dir(builtins))
"""Names that Python binds itself."""

_MAX_BLOCKS = 20
_SOURCE = "<reply>"

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([A-Za-z0-9+#.-]*)")
_INLINE_FENCE = re.compile(r"(`{3})[ \t]*((?:python|py)[0-9.]*)[ \t]*$", re.IGNORECASE)
_PYTHON = re.compile(r"(?:i?python|py)[0-9.]*|", re.IGNORECASE)
_SET_IN = re.compile(r"( {4}|\t)(?:def|class|import|from|async|@)(?![A-Za-z0-9_])")
_START = re.compile(
    r"(?:async )?def \w+ ?[(\[]|class \w+ ?[:(\[]|import \w[\w.]*(?: as \w+)?(?:,|$)|from [\w.]+ import |@\w"
    r"|\w+(?: ?: ?[\w\[\], .]+)? ?= ?\S"
)
_GOES_ON = re.compile(
    r"(?:el)?if .*:|else ?:|for .*:|while .*:|try ?:|except\b.*:|finally ?:|with .*:|return\b|assert |del "
    r"|[)\]}]|#|\"\"\"|'''|[\w.]+\(.*\)$|[\w.\[\], ]+ ?(?:[-+*/%&|^@]|//|\*\*|>>|<<)?= ?\S"
)

_STRING = re.compile(r"""('{3}|"{3})|#|'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+\"""")

# What a reply's string literals hold is not this process's to warn of.
warnings.filterwarnings("ignore", module=re.escape(_SOURCE))


class NoCode(Exception):
    """The text is no code that can be read. The message says why; `cause` in a word for machines."""

    def __init__(self, reason: str, cause: str = "syntax-error") -> None:
        super().__init__(reason)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Names:
    """What code says of names.

    Attributes:
        functions: Functions it defines, in order; a lambda with a name is one.
        classes: Classes it defines.
        bound: All names that it binds outside of functions.
        free: Names it reads and binds nowhere, but for Python's own.
    """

    functions: tuple[str, ...]
    classes: tuple[str, ...]
    bound: frozenset[str]
    free: frozenset[str]

    @property
    def defined(self) -> frozenset[str]:
        """The functions and classes."""
        return frozenset((*self.functions, *self.classes))


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    stop: int
    code: str
    names: Names

    @property
    def returns(self) -> bool:
        """Whether it returns outside of its functions, as the body of another does."""
        return any(isinstance(node, ast.Return) for node in _outer(parse(self.code)))


def parse(code: str) -> ast.Module:
    """The syntax tree of `code`, whatever it is.

    Raises:
        NoCode: It does not parse, or is nested too deeply for Python's parser.
    """
    try:
        return ast.parse(code, _SOURCE)
    except SyntaxError as error:
        # Python's own words differ between its versions; a stored reason has to stay what it is.
        raise NoCode(f"the code does not parse (line {error.lineno or 1})") from None
    except (ValueError, OverflowError):  # null bytes, halves of surrogate pairs, numbers of endless digits
        raise NoCode("the code does not parse (line 1)") from None
    except (RecursionError, MemoryError):
        raise NoCode("the code does not parse: it is nested too deeply") from None


def names_of(tree: ast.Module, named: Collection[str] = ()) -> Names:
    """The names of a tree.

    Args:
        tree: The tree.
        named: Names that count as functions also where it takes them over, as `from operator import add` and
            `add = operator.add` do.
    """
    functions: dict[str, None] = {}
    classes: list[str] = []
    bound: set[str] = set()
    for node in _outer(tree):
        if isinstance(node, FUNCTIONS):
            functions[node.name] = None
        elif isinstance(node, ast.ClassDef):
            classes.append(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            functions.update((target.id, None) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) or (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute)
        ):
            functions.update(
                (name, None) for one in ast.walk(node) for name in _bound_by(one) if name in named
            )
        bound |= _bound_by(node)
    inside = set().union(*(_bound_by(node) for node in ast.walk(tree)))
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    free = frozenset(read - inside - BUILT_IN)
    return Names(tuple(functions), tuple(classes), frozenset(bound | {*functions, *classes}), free)


def _outer(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but those inside of functions and classes."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _bound_by(node: ast.AST) -> set[str]:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Load) else {node.id}
    if isinstance(node, ast.arg):
        return {node.arg}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).partition(".")[0]}
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    return set()


def read_code(text: str) -> Reading:
    """The code of a reply, which must parse and define a function or a class.

    It is the whole text where that is code; else the last fenced block (of Python, or of no named
    language) that defines something, with the earlier ones that define other things or bind a name that it
    uses, in their order; else lines of code between prose; else what the whole holds in quotes or in JSON.
    A block that is introduced as what not to write is left out where others define something. Marks such as
    `[BEGIN]`, `</s>` or `<code>` around it are left out, and so is what a model writes on behind its answer.
    The span reaches from the first to the last of them. Never raises.
    """
    if not text.strip():
        return Reading(None, reason="empty reply", cause="empty")
    whole = None
    for bare in without_marks(text):
        reading = _read(bare)
        if reading.answer is not None:
            return reading
        whole = whole or reading
        for inner, span in unwrapped(bare):
            reading = _read(inner)
            if reading.answer is not None:
                return Reading(reading.answer, span)
    return whole or Reading(None, reason="empty reply", cause="empty")


def _read(text: str) -> Reading:
    start, stop = len(text) - len(text.lstrip()), len(text.rstrip())
    reasons: list[NoCode] = []
    whole = _blocks(text, [(text.rfind("\n", 0, start) + 1, stop)], [])
    blocks = whole if _defines(whole) else _in_fences(text, reasons)
    if not _defines(blocks):
        blocks = _blocks(text, _runs(text), reasons) or blocks
    if not _defines(blocks):
        blocks = [block for block in _blocks(text, _set_in(text), []) if not block.returns] or blocks
    if not _defines(blocks):
        if blocks and not reasons:
            reasons.append(NoCode("the code defines no function", "no-answer"))
        why = reasons[0] if reasons else NoCode("no code in the reply", "no-answer")
        return Reading(None, reason=str(why), cause=why.cause)
    meant = [block for block in blocks if not shown_as_wrong(text, block.start)]
    kept = _needed(meant if _defines(meant) else blocks)
    answer = "\n\n\n".join(block.code for block in kept)
    if len(answer) > MAX_CODE:
        why = _too_long(len(answer))
        return Reading(None, reason=str(why), cause=why.cause)
    return Reading(answer, (kept[0].start, kept[-1].stop))


def _in_fences(text: str, reasons: list[NoCode]) -> list[_Block]:
    """The blocks between fences; where one does not parse, fences in its strings may belong to these."""
    blocks = _blocks(text, fenced(text), reasons)
    if reasons:
        others: list[NoCode] = []
        longer = _blocks(text, fenced(text, strings=True), others)
        if _defines(longer) and len(others) < len(reasons):
            return longer
    return blocks


def _defines(blocks: list[_Block]) -> bool:
    return any(block.names.defined for block in blocks)


def _needed(blocks: list[_Block]) -> list[_Block]:
    """The last block that defines something, and before it what defines or binds what is not there yet."""
    kept: list[_Block] = []
    bound: set[str] = set()
    free: set[str] = set()
    for block in reversed(blocks):
        if block.names.defined - bound or (kept and block.names.bound & (free - bound)):
            kept.insert(0, block)
            bound |= block.names.bound
            free |= block.names.free
    return kept


def _blocks(text: str, spans: list[tuple[int, int]], reasons: list[NoCode]) -> list[_Block]:
    """The spans that parse, without white space around them, in order; why others do not, last first."""
    blocks: list[_Block] = []
    left = MAX_CODE * 2
    for start, stop in reversed(spans[-_MAX_BLOCKS:]):
        part = text[start:stop]
        inner = part.strip()
        if not inner:
            continue
        if len(inner) > MAX_CODE or len(inner) > left:
            reasons.append(_too_long(len(inner)))
            continue
        left -= len(inner)
        first = start + len(part) - len(part.lstrip())
        code = _unindented(text[text.rfind("\n", 0, first) + 1 : first], inner.replace("\r\n", "\n"))
        code = without_prompts(code)
        try:
            names = names_of(parse(code))
        except NoCode as error:
            reasons.append(error)
        else:
            blocks.insert(0, _Block(first, first + len(inner), code, names))
    return blocks


def _too_long(length: int) -> NoCode:
    return NoCode(f"code of {length:,} characters; at most {MAX_CODE:,} are read", "too-long")


def _unindented(margin: str, code: str) -> str:
    """`code` without the white space that its first line stands behind, as in a list of a reply."""
    if not margin or margin.strip():
        return code
    return "\n".join(
        line.removeprefix(margin) if line.strip() else line[len(margin) :] for line in code.split("\n")
    )


@dataclass(frozen=True, slots=True)
class _Fence:
    """The opening of a block: its sign, its indentation, where the content starts, and in what language."""

    sign: str
    margin: int
    start: int
    language: str


def fenced(text: str, *, strings: bool = False) -> list[tuple[int, int]]:
    """Where the content of each fenced block lies that is Python's or no named language's.

    A block that is not closed reaches to the end; one that another block's opening interrupts, to there.
    With `strings`, no fence counts that stands in a string over several lines, such as a docstring.
    """
    spans: list[tuple[int, int]] = []
    opened: _Fence | None = None
    quote = ""
    place = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        found = _opening(bare, len(line) - len(line.lstrip()), place + len(line))
        within, quote = quote, _quote_after(line, quote) if strings and opened else ""
        if opened is None:
            opened = found or _inline_opening(bare, place + len(line))
        elif within:
            pass
        elif (stop := _closing(opened, found, line, bare)) is not None:
            if _PYTHON.fullmatch(opened.language):
                spans.append((opened.start, place + stop))
            opened, quote = found if found and found.language else None, ""
        place += len(line)
    if opened and _PYTHON.fullmatch(opened.language):
        spans.append((opened.start, len(text)))
    return [(start, stop) for start, stop in spans if start < stop]


def _quote_after(line: str, quote: str) -> str:
    """The quotes of the string over several lines that is open behind this line, where `quote` is before."""
    place = 0
    while True:
        if quote:
            end = line.find(quote, place)
            if end < 0:
                return quote
            quote, place = "", end + len(quote)
        found = _STRING.search(line, place)
        if found is None or found[0] == "#":
            return ""
        quote, place = found[1] or "", found.end()


def _opening(bare: str, margin: int, start: int) -> _Fence | None:
    fence = _FENCE.match(bare)
    if not fence or "`" in bare[fence.end() :]:  # the latter is code within a line
        return None
    return _Fence(fence[1], margin, start, fence[2])


def _inline_opening(bare: str, start: int) -> _Fence | None:
    fence = _INLINE_FENCE.search(bare)
    return _Fence(fence[1], 0, start, fence[2]) if fence else None


def _closing(opened: _Fence, found: _Fence | None, line: str, bare: str) -> int | None:
    """Where in this line the open block ends, or None: what stands deeper is in it, as in a docstring."""
    if found and found.language:
        return 0 if found.margin <= opened.margin else None
    if found and found.sign.startswith(opened.sign):
        return 0 if found.margin <= opened.margin + 3 else None
    if not found and bare.endswith(opened.sign) and bare.count(opened.sign[0]) == len(opened.sign):
        return line.rindex(opened.sign)
    return None


def _runs(text: str) -> list[tuple[int, int]]:
    """Where lines of code stand together, with no prose between them."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    place = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip()
        if start is None:
            if _START.match(bare):
                start = place
        elif bare and not bare[0].isspace() and not _START.match(bare) and not _GOES_ON.match(bare):
            spans.append((start, place))
            start = None
        place += len(line)
    if start is not None:
        spans.append((start, len(text)))
    return spans


def _set_in(text: str) -> list[tuple[int, int]]:
    """Where code is set in by four spaces or a tab, which is Markdown's older way to show it."""
    spans: list[tuple[int, int]] = []
    start, margin, place = -1, "", 0
    for line in text.splitlines(keepends=True):
        if start >= 0 and line.strip() and not line.startswith(margin):
            spans.append((start, place))
            start = -1
        if start < 0 and (opened := _SET_IN.match(line)):
            start, margin = place, opened[1]
        place += len(line)
    if start >= 0:
        spans.append((start, len(text)))
    return spans
