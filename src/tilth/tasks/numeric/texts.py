"""Answers that are texts: names, letters of options, "no solution". Compared but for their layout."""

from __future__ import annotations

import re

from tilth.tasks.numeric.comparison.comparing import Outcome

MAX_LENGTH = 200
"""Characters a text that is compared may have."""

_BOX = re.compile(r"\\(?:boxed|fbox)\s?\{")
_STATED = re.compile(
    r"\banswer\b[*_` ]{0,4}(?:(?:is|are|was|be)\b|[:=])[*_`:\s]{0,6}"
    r"(?P<said>[^\n]{1,200}?)(?=[.!]?\s{0,20}\Z|[.!]?\n|[.!]\s)",
    re.IGNORECASE,
)
_HASHES = re.compile(r"####[ \t]*(?P<said>[^\n]{1,200})")
_WRAPPED = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mbox|operatorname|emph)\s?\{([^{}]*)\}"
)
_LAYOUT = re.compile(r"\\[()\[\],;:! ]|\\(?:left|right|displaystyle|quad)(?![A-Za-z])|[$*`~\"“”]")
_ARTICLE = re.compile(r"(?:the|a|an)\s(?=\S)")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_OPTION = re.compile(r"\(?([a-z])\)?(?=[\s.:)]|\Z)")
_LETTER = re.compile(r"[a-z]")
_NAME = re.compile(r"[^\W\d_]+")
_POINTS = re.compile(r"(?<![A-Za-z])(?!YES|NO|TRUE)[A-Z]{2,4}(?![A-Za-z])")
_NUMBER_WORD = re.compile(
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh"
    r"|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|dozen|half|none|infinite)\w*"
)


def stated(text: str) -> str | None:
    """The text that a reply states as its answer; None where it states none.

    It stands in its last box, behind its last ####, after its last "the answer is", or is all of it.
    """
    boxes = list(_BOX.finditer(text, max(0, len(text) - 64_000)))
    if boxes:
        said = _closed(text, boxes[-1].end())
        return said if said and said.strip() else None
    for pattern in (_HASHES, _STATED):
        if found := list(pattern.finditer(text, max(0, len(text) - 64_000))):
            return found[-1]["said"]
    line = text.strip()
    return line if line and "\n" not in line and len(line) <= MAX_LENGTH else None


def same(stated_: str, reference: str) -> Outcome:
    """Whether a stated text is the reference's. Of two words one is wrong; longer texts may say the same."""
    one, other = normal(stated_), normal(reference)
    if not one or not other:
        return None, "there is no text to compare"
    if one == other:
        return True, None
    if _LETTER.fullmatch(other):
        option = _OPTION.match(one)
        return (option[1] == other, None) if option else (None, "an option and a text are not compared")
    if _POINTS.search(stated_) or _POINTS.search(reference):
        return None, "names of points may be in another order"
    names = all(_NAME.fullmatch(text) and not _NUMBER_WORD.fullmatch(text) for text in (one, other))
    return (False, None) if names else (None, "two texts that are not the same may say the same")


def normal(text: str) -> str:
    """The text without layout, in lower case: what two texts that are the same have in common."""
    text = text[: MAX_LENGTH * 2]
    for _ in range(3):
        text = _WRAPPED.sub(r" \1 ", text)
    text = " ".join(_LAYOUT.sub(" ", text).split()).casefold().strip(" .,:;!")
    text = _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text
    whole = _BRACKETED.fullmatch(text)
    return re.sub(r"\s*([-+*/=^<>(){}\[\],])\s*", r"\1", whole[1].strip() if whole else text)


def _closed(text: str, start: int) -> str | None:
    depth = 1
    for place in range(start, min(len(text), start + MAX_LENGTH)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return None
