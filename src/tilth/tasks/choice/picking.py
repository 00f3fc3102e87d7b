"""Which of a question's options a reply picks, and where it says so."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from tilth.tasks.causes import Why
from tilth.tasks.choice import cues
from tilth.tasks.choice.menu import Menu
from tilth.tasks.choice.naming import (
    BARE,
    CALLED,
    LINE_END,
    SEVERAL,
    VERB,
    Pick,
    named_at,
    with_brackets,
)

NO_ANSWER = Why("no-answer", "no final answer")
IN_PASSING = Why("no-answer", "an option is named only in passing")
EMPTY = Why("empty", "empty reply")

_WINDOW = 20_000
_MOST_MARKERS = 40
_MOST_FAINT = 8
_LONG_LINE = 600
_NEAR = 300

_SAID = re.compile(r"(?P<said>[^\n:：]*[^\W\d_][^\n:：]*)[:：](?=[^\n:：]*\Z)")
_PAUSE = re.compile(r"[,.:;!*)\n]|\s[-–—]|\s*\Z")
_LAST_LABEL = re.compile(
    rf"(?<![^\s(\[*_`\"'“，。、；：（「\u3040-\u30ff\u4e00-\u9fff])({BARE})[*_`)\]\"'”’.:,]{{0,6}}\s?\Z"
)
_JOINED = re.compile(rf"({BARE})[)\]*]{{0,4}},?\s(?:and|or|nor|&)\s[(*\"'“]{{0,3}}(?:option\s)?\Z")
_BREAK = re.compile(r"[!?](?=\s)|\n")
_SENTENCE = re.compile(r"[.!?](?=\s)|\n")
_NAMED = re.compile(
    rf"(?:\b(?:option|choice|answer|letter)\s[*_`\"'(\[]{{0,4}}|(?<!\w)[(\[]|\*\*\(?)(?P<label>{BARE})"
    rf"|(?<![\w(\[])(?P<closed>{BARE})(?=\))",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-*>#•]+\s+")
_LISTED = re.compile(rf"^[ \t>*_#-]*[(\[]?(?P<label>{BARE})[*_]{{0,2}}[).\]:]", re.MULTILINE)


def pick(text: str, menu: Menu) -> Pick:
    r"""The option that the last clear statement of the text picks.

    Statements are `#### B`; `\boxed{B}`; "the answer is B", "Antwort: B", "I choose B"; "B is correct"; a
    first or last line that is an option and nothing else. Where there is none, an option behind the last
    line's colon counts ("I am sure: B"), then the first words ("B, because ..."), then a sentence that ends
    with "is B", then a last sentence that opens with "so" or "therefore", then the one option that is named
    and put forward.
    """
    start = len(text) - len(text.lstrip())
    body = text.strip()
    if body in menu.normal:
        return Pick(menu.normal[body], (start, start + len(body)))
    begin = max(start, len(text) - _WINDOW)
    low = cues.lowered(text)
    statements = [*_after(cues.MARKER, text, low, begin, menu), *_before_predicates(text, low, begin, menu)]
    statements += _whole_lines(text, begin, menu)
    if statements:
        return max(statements, key=lambda statement: statement.span)
    if said := _said_last(text, begin, menu):
        return said
    if first := _leading(text, low, start, menu):
        return first
    faint = list(_after(cues.FAINT_MARKER, text, low, begin, menu))
    return faint[-1] if faint else _mentioned(text, low, begin, menu)


def _after(pattern: re.Pattern[str], text: str, low: str, begin: int, menu: Menu) -> Iterator[Pick]:
    """What the last markers of that kind lead to; `low` is the text in lower case."""
    faint = pattern is cues.FAINT_MARKER
    for marker in list(pattern.finditer(low, begin))[-(_MOST_FAINT if faint else _MOST_MARKERS) :]:
        strict = faint or marker["weak"] is not None or marker["rather"] is not None
        found = named_at(text, marker.end(), menu, strict=strict)
        if found is None or not _is_meant(marker, low, found, faint=faint):
            continue
        if _taken_back(text, low, found, menu):
            continue
        # "#### A. What is asked" is a heading.
        if faint or not marker["hashes"] or LINE_END.match(text, found.span[1]):
            yield found


def _is_meant(marker: re.Match[str], low: str, found: Pick, *, faint: bool) -> bool:
    """Whether the reply itself says so, and of what is the case."""
    before = low[max(0, marker.start() - 80) : marker.start()]
    if cues.DOUBT.search(before):
        return False
    if faint:
        return cues.DENIES.search(before) is None
    if marker["rather"] is not None:
        return cues.CORRECTED.search(before) is not None
    if marker["abroad"] is not None:
        return cues.CORRECTED.search(marker["abroad"]) is None
    if marker["chosen"] is not None:
        return cues.OTHERS.search(before) is None
    if low.startswith("would be", marker.end() - len("would be")):
        return not (cues.UNREAL.match(low, found.span[1]) or cues.UNREAL_BEFORE.search(before))
    return True


def _taken_back(text: str, low: str, picked: Pick, menu: Menu) -> bool:
    """Whether what stands behind an option denies it, or only asks about it."""
    start, end = picked.span
    denied = _denied(text, end, menu)
    return picked.place is not None and (denied or _asked(text, low, start, end, picked.place, menu))


def _denied(text: str, end: int, menu: Menu) -> bool:
    """Whether what stands behind an option says that it is wrong, which a question may have asked for."""
    return not menu.seeks_wrong and cues.DENIED.match(text, end) is not None


def _asked(text: str, low: str, start: int, end: int, place: int, menu: Menu) -> bool:
    """Whether a sentence asks about an option, which is no question itself."""
    if menu.options[place].text.endswith(("?", "？")) or cues.ASKED.match(text, end) is None:
        return False
    return cues.ASKED_WHY.search(low[max(0, start - 80) : start]) is None


def _before_predicates(text: str, low: str, begin: int, menu: Menu) -> Iterator[Pick]:
    for predicate in list(cues.PREDICATE.finditer(low, begin))[-_MOST_MARKERS:]:
        if predicate["merit"] and menu.seeks_wrong:
            continue
        if predicate["hedged"] and cues.TAKEN_BACK.match(low, predicate.end()):
            continue
        found = _subject(text, low, begin, predicate.start(), menu)
        if found is None:
            continue
        if predicate["hedged"] and cues.CONCEDED.search(low[max(0, found.span[0] - 40) : found.span[0]]):
            continue
        if found.place is None or not _asked(text, low, found.span[0], predicate.end(), found.place, menu):
            yield found


def _subject(text: str, low: str, begin: int, end: int, menu: Menu) -> Pick | None:
    """The option that a sentence has for its subject, up to where it goes on with "is correct"."""
    opens = max(begin, end - menu.reach)
    breaks = [match.end() for match in _BREAK.finditer(text, opens, end)]
    opens = max([opens, *breaks])
    last = _LAST_LABEL.search(text, opens, end)
    place = menu.labelled(last[1]) if last else None
    if last and last[1].islower() and text[last.end(1)] not in ")].:*":
        place = None  # a word
    found = menu.ending(menu.words(text, opens, end))
    if found and any(letter.isalnum() for letter in text[found[2] : end]):
        found = None
    called = last and CALLED.search(text, max(opens, last.start(1) - 12), last.start(1))
    if found and not (called and place is not None):
        place, first, stop = found
    elif last and place is not None:
        first, stop = last.span(1)
    else:
        return None
    if cues.DOUBT.search(low[max(opens, first - 80) : first]):
        return None
    if joined := _JOINED.search(text, max(opens, first - 80), first):
        other = menu.labelled(joined[1])
        if other is not None and other != place:
            return Pick(None, (first, stop), SEVERAL)
    return Pick(place, with_brackets(text, first, stop))


def _whole_lines(text: str, begin: int, menu: Menu) -> Iterator[Pick]:
    """The first and the last lines that are an option and nothing else, unless they list options."""
    lines = [line.span() for line in re.finditer(r"\S[^\n]*", text[begin:])]
    for some in (lines[:2], lines[-3:]):
        short = [begin + start for start, end in some if end - start <= _LONG_LINE]
        found = [picked for start in short if (picked := _whole_line(text, start, menu))]
        if len({picked.place for picked in found}) == 1:
            yield from found[-1:]


def _whole_line(text: str, start: int, menu: Menu) -> Pick | None:
    bullet = _BULLET.match(text, start)
    picked = named_at(text, bullet.end() if bullet else start, menu, strict=True, alone=True)
    return picked if picked and LINE_END.match(text, picked.span[1]) else None


def _said_last(text: str, begin: int, menu: Menu) -> Pick | None:
    """The option that ends the last line behind a colon, unless the line above says another one so."""
    said: list[Pick] = []
    end = len(text.rstrip())
    for _ in range(2):
        start = max(begin, text.rfind("\n", 0, end) + 1)
        line = _SAID.match(text, start, end) if end - start <= _LONG_LINE else None
        if line is None:
            break
        label = line["said"].strip("*_ \t>-#().")
        picked = named_at(text, line.end(), menu, strict=True)
        if picked is None or not LINE_END.match(text, picked.span[1]):
            break
        if menu.labelled(label) is not None or cues.AGAINST.search(line.group().lower()):
            return None
        said.append(picked)
        end = begin + len(text[begin:start].rstrip())
    return said[0] if said and len({picked.place for picked in said}) == 1 else None


def _leading(text: str, low: str, start: int, menu: Menu) -> Pick | None:
    """The option that a reply opens with, where it does not go on to list others."""
    others = {menu.labelled(match["label"]) for match in list(_LISTED.finditer(text))[:50]}
    picked = named_at(text, start, menu, strict=False, alone=True)
    if picked is None or picked.place is None:
        return picked
    if others - {None, picked.place} or VERB.match(text, picked.span[1]):
        return None
    if _taken_back(text, low, picked, menu):
        return None
    labelled = menu.labelled(text[slice(*picked.span)].strip("()[]")) is not None
    return picked if labelled or _PAUSE.match(text, picked.span[1]) else None


def _mentioned(text: str, low: str, begin: int, menu: Menu) -> Pick:
    """The option of a concluding last sentence, or the only one that is named and not rejected."""
    named: dict[int, Pick] = {}
    rejected: set[int | None] = set()
    last: list[Pick] = []
    conclusion = False
    picks = deque(sorted(_named(text, begin, menu), key=lambda picked: picked.span))
    for start, end in _sentences(text, begin):
        found = []
        while picks and picks[0].span[0] < end:
            found.append(picks.popleft())
        sentence = low[start:end]
        if not sentence.strip():
            continue
        last, conclusion = found, False
        if not found:
            continue
        asked = any(p.place is not None and _asked(text, low, *p.span, p.place, menu) for p in found)
        negated = asked or cues.NEGATION.search(sentence) is not None
        conclusion = not negated and cues.CONCLUSION.match(sentence) is not None
        places = {picked.place for picked in found}
        denied = {picked.place for picked in found if _denied(text, picked.span[1], menu)}
        rejected |= denied
        if len(places) == 1 and cues.REJECTION.search(sentence):
            rejected |= places
            continue
        for picked in {picked.place: picked for picked in reversed(found)}.values():
            if picked.place is not None and (not negated or picked.place not in named):
                why = SEVERAL if negated else _why_not(text, low, (start, end), picked, menu)
                if why is None or picked.place not in named or named[picked.place].why is not None:
                    named[picked.place] = Pick(picked.place, picked.span, why)
    if conclusion and len({picked.place for picked in last}) == 1:
        return last[-1]
    left = [picked for place, picked in named.items() if place not in rejected]
    if len(left) == 1 and left[0].why is None:
        return left[0]
    if len(left) == 1 and left[0].why is IN_PASSING and left[0].place is not None:
        return Pick(None, left[0].span, IN_PASSING, (left[0].place,))
    return Pick(None, why=SEVERAL if len(left) > 1 else NO_ANSWER if text.strip() else EMPTY)


def _why_not(text: str, low: str, sentence: tuple[int, int], picked: Pick, menu: Menu) -> Why | None:
    """Why a sentence may name an option only by the way, as "Plants release oxygen" does.

    It names it for an answer by its label; by its text alone; behind an "is" or a colon; where it speaks of
    what is best or right; and where it says what the question asks.
    """
    start, end = picked.span
    before, behind = (max(sentence[0], start - _NEAR), start), (end, min(sentence[1], end + _NEAR))
    if picked.place is None or menu.options[picked.place].text.endswith(("?", "？")):
        return None  # an option that asks ends the sentence before what is said of it
    if menu.labelled(text[start:end].strip("()[]")) is not None or cues.SAYS_SO.search(low, *before):
        return None
    rest = f"{text[slice(*before)]} {text[slice(*behind)]}"
    return None if cues.JUDGES.search(rest) or menu.echoes(rest) else IN_PASSING


def _sentences(text: str, begin: int) -> Iterator[tuple[int, int]]:
    start = begin
    for match in _SENTENCE.finditer(text, begin):
        yield start, match.end()
        start = match.end()
    yield start, len(text)


def _named(text: str, begin: int, menu: Menu) -> Iterator[Pick]:
    """Options the text names, by their labels where these cannot be words, or by their texts."""
    for match in _NAMED.finditer(text, begin):
        group = "label" if match["label"] else "closed"
        place = menu.labelled(match[group])
        if place is not None and (match[group] != "a" or match.group().startswith("(")):
            yield Pick(place, with_brackets(text, *match.span(group)))
    words = menu.words(text, begin)
    for at, (word, start, _) in enumerate(words):
        found = menu.starting(words, at)
        # "no", "4": short words and numbers stand in a text for other reasons.
        if found and (found[1] - start > len(word) or (len(word) > 3 and not word.isdigit())):
            yield Pick(found[0], (start, found[1]))
