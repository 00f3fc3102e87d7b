"""Which of a question's options a reply picks, and where it says so."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tilth.tasks.causes import Why
from tilth.tasks.choice import cues
from tilth.tasks.choice.menu import ARTICLES, Menu

SEVERAL = Why("ambiguous", "more than one option")
CONTRADICTION = Why("ambiguous", "label and text name different options")
NO_ANSWER = Why("no-answer", "no final answer")
EMPTY = Why("empty", "empty reply")

_WINDOW = 20_000
_MOST_MARKERS = 40
_MOST_FAINT = 8
_LONG_LINE = 600

_BARE = r"(?:[A-Za-z]{1,2}|[0-9]{1,4}|[ivxlIVXL]{1,7})(?![A-Za-z0-9_])"
_LABEL = re.compile(_BARE)
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
_MARKS = (
    r"""[*_`\s:=~"'“”‘’({\[（【「：✓✔✅☑👉]|</?[A-Za-z]{1,8}>|\\[(\[]|\$"""
    r"""|\\(?:text|textbf|mathrm|mathbf|boxed|fbox)\s?\{"""
)
_OPENING = re.compile(rf"(?:{_MARKS}){{0,24}}")
_FILLER = re.compile(
    rf"(?:{_MARKS}|\b(?:therefore|thus|then|clearly|simply|definitely|certainly|probably|most likely|likely"
    r"|just|only|indeed|actually|either|both|between|the|option|choice|answer|letter|number|statement"
    r"|not [^.\n]{1,80}?\bbut)\b,?|\b(?:neither [^.;\n]{1,60}? nor|not) [^.;\n]{1,60};"
    r"|\bneither [^.;\n]{1,60}? nor [^.;\n]{1,40}?,? (?:but|so)\b){0,24}",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"[ \t]*(?:[-–—](?![A-Za-z0-9])|\()"
    r"|[ \t]+(?:because|since|as|for|due|given|which|with|and|or|is|based|from|though|while|rather|over"
    r"|instead|not|here)\b",
    re.IGNORECASE,
)
_AFTER_LABEL = re.compile(r"[.):\]*_`\"'”’]{0,6}[ \t]*(?:[-–—:,(][ \t]*)?[\"'“‘*_]{0,3}")
_CLOSING = r"[。）】」 \t*_`\"'”’)\]}$\\.!;,]"
_LINE_END = re.compile(rf"{_CLOSING}{{0,16}}(?=\n|\Z)")
_END = re.compile(rf"{_LINE_END.pattern}|[*_`\"'”’)\]}}]{{0,4}}[.!;,][*_`\"'”’)\]}}]{{0,4}}(?=\s)")
_OR = re.compile(
    r"[*_`\"'”’)\].}$]{0,6}\s{0,9}(,|/|&|\bor\b|\band\b|\bnor\b|\bvs\b\.?|\bversus\b)[\s(*\"'“]{0,9}"
    r"(?:(?:or|and|also|either|both|maybe|possibly|perhaps|even|the|option|choice)\b[\s(*\"'“]{0,9}){0,4}",
    re.IGNORECASE,
)
_VERB = re.compile(r"[ \t)*\"'”]{1,4}(?:is|are|was|were|would|can|cannot|could|does|do|has|have)\b")
_CALLED = re.compile(r"(?:\b(?:option|choice|letter|number)\W{1,4}|[(\[])\Z", re.IGNORECASE)
_IN_BRACKETS = re.compile(
    rf"[*_]{{0,3}}\s?[(\[]\s?(?:(?:option|choice)\s)?(?P<label>{_BARE})[)\].]", re.IGNORECASE
)
_IN_ANGLES = re.compile(rf"[*_`\s:=]{{0,24}}<(?P<label>{_BARE})>(?![^\n]{{0,200}}</(?P=label)>)")
_SAID = re.compile(r"(?P<said>[^\n:：]*[^\W\d_][^\n:：]*)[:：](?=[^\n:：]*\Z)")
_ORDINAL = re.compile(
    r"(?P<which>first|second|third|fourth|fifth|sixth|last|1st|2nd|3rd|4th|5th|6th)"
    r" (?:option|choice|answer|one|statement)\b",
    re.IGNORECASE,
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}

_PAUSE = re.compile(r"[,.:;!*)\n]|\s[-–—]|\s*\Z")
_LAST_LABEL = re.compile(rf"(?<![^\s(\[*_`\"'“])({_BARE})[*_`)\]\"'”’.:,]{{0,6}}\s?\Z")
_JOINED = re.compile(rf"({_BARE})[)\]*]{{0,4}},?\s(?:and|or|nor|&)\s[(*\"'“]{{0,3}}(?:option\s)?\Z")
_BREAK = re.compile(r"[!?](?=\s)|\n")
_SENTENCE = re.compile(r"[.!?](?=\s)|\n")
_NAMED = re.compile(
    rf"(?:\b(?:option|choice|answer|letter)\s[*_`\"'(\[]{{0,4}}|(?<!\w)[(\[]|\*\*\(?)(?P<label>{_BARE})"
    rf"|(?<![\w(\[])(?P<closed>{_BARE})(?=\))",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-*>#•]+\s+")
_LISTED = re.compile(rf"^[ \t>*_#-]*[(\[]?(?P<label>{_BARE})[*_]{{0,2}}[).\]:]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pick:
    """What a reply picks.

    Attributes:
        place: The option's place in the question, or None.
        span: The part of the text that says so.
        why: Why none was picked.
    """

    place: int | None
    span: tuple[int, int] = (0, 0)
    why: Why | None = None


def pick(text: str, menu: Menu) -> Pick:
    r"""The option that the last clear statement of the text picks.

    Statements are `#### B`; `\boxed{B}`; "the answer is B", "Antwort: B", "I choose B"; "B is correct"; a
    first or last line that is an option and nothing else. Where there is none, an option behind the last
    line's colon counts ("I am sure: B"), then the first words ("B, because ..."), then a sentence that ends
    with "is B", then a last sentence that opens with "so" or "therefore", then the one option that is named.
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
    if first := _leading(text, start, menu):
        return first
    faint = list(_after(cues.FAINT_MARKER, text, low, begin, menu))
    return faint[-1] if faint else _mentioned(text, low, begin, menu)


def _after(pattern: re.Pattern[str], text: str, low: str, begin: int, menu: Menu) -> Iterator[Pick]:
    """What the last markers of that kind lead to; `low` is the text in lower case."""
    faint = pattern is cues.FAINT_MARKER
    for marker in list(pattern.finditer(low, begin))[-(_MOST_FAINT if faint else _MOST_MARKERS) :]:
        strict = faint or marker["weak"] is not None
        found = _value(text, marker.end(), menu, strict=strict)
        if found is None or cues.DOUBT.search(low[max(0, marker.start() - 80) : marker.start()]):
            continue
        # "#### A. What is asked" is a heading.
        if faint or not marker["hashes"] or _LINE_END.match(text, found.span[1]):
            yield found


def _before_predicates(text: str, low: str, begin: int, menu: Menu) -> Iterator[Pick]:
    for predicate in list(cues.PREDICATE.finditer(low, begin))[-_MOST_MARKERS:]:
        if found := _subject(text, low, begin, predicate.start(), menu):
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
    called = last and _CALLED.search(text, max(opens, last.start(1) - 12), last.start(1))
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
    return Pick(place, _with_brackets(text, first, stop))


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
    picked = _value(text, bullet.end() if bullet else start, menu, strict=True)
    return picked if picked and _LINE_END.match(text, picked.span[1]) else None


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
        picked = _value(text, line.end(), menu, strict=True)
        if picked is None or not _LINE_END.match(text, picked.span[1]):
            break
        if menu.labelled(label) is not None or cues.AGAINST.search(line.group().lower()):
            return None
        said.append(picked)
        end = begin + len(text[begin:start].rstrip())
    return said[0] if said and len({picked.place for picked in said}) == 1 else None


def _leading(text: str, start: int, menu: Menu) -> Pick | None:
    """The option that a reply opens with, where it does not go on to list others."""
    others = {menu.labelled(match["label"]) for match in list(_LISTED.finditer(text))[:50]}
    picked = _value(text, start, menu, strict=False)
    if picked is None or picked.place is None:
        return picked
    if others - {None, picked.place} or _VERB.match(text, picked.span[1]):
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
        negated = cues.NEGATION.search(sentence) is not None
        conclusion = not negated and cues.CONCLUSION.match(sentence) is not None
        places = {picked.place for picked in found}
        if len(places) == 1 and cues.REJECTION.search(sentence):
            rejected |= places
            continue
        for picked in found:
            if picked.place is not None and (not negated or picked.place not in named):
                named[picked.place] = Pick(picked.place, picked.span, SEVERAL if negated else None)
    if conclusion and len({picked.place for picked in last}) == 1:
        return last[-1]
    left = [picked for place, picked in named.items() if place not in rejected]
    if len(left) == 1 and left[0].why is None:
        return left[0]
    return Pick(None, why=SEVERAL if len(left) > 1 else NO_ANSWER if text.strip() else EMPTY)


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
            yield Pick(place, _with_brackets(text, *match.span(group)))
    words = menu.words(text, begin)
    for at, (word, start, _) in enumerate(words):
        found = menu.starting(words, at)
        # "no", "4": short words and numbers stand in a text for other reasons.
        if found and (found[1] - start > len(word) or (len(word) > 3 and not word.isdigit())):
            yield Pick(found[0], (start, found[1]))


def _value(text: str, at: int, menu: Menu, *, strict: bool) -> Pick | None:
    """The option named at `at`, behind a few filler words; `strict` wants nothing behind it.

    On a later line it must stand alone. None where none is named there; a pick without a place where more
    than one is.
    """
    angled = _IN_ANGLES.match(text, at)
    place = menu.labelled(angled["label"]) if angled else None
    if angled and place is not None and menu.options[place].label == angled["label"]:
        end = angled.end()
        return Pick(place, (angled.start("label") - 1, end)) if _END.match(text, end) or not strict else None
    opening = _OPENING.match(text, at)
    filler = _FILLER.match(text, at)
    near = opening.end() if opening else at
    far = filler.end() if filler else at
    strict = strict or "\n" in text[at:far]
    for start in dict.fromkeys((near, far)):
        if not menu.may_start(text[start : start + 1]):
            continue
        picked = _by_label(text, start, menu) or _by_text(text, start, menu) or _by_order(text, start, menu)
        if picked is None:
            continue
        if picked.place is not None and _or_another(text, picked, menu):
            return Pick(None, picked.span, SEVERAL)
        bracketed = text[picked.span[0]] in "(["
        if strict and not bracketed and not _END.match(text, picked.span[1]):
            continue
        return picked
    return None


def _by_label(text: str, start: int, menu: Menu) -> Pick | None:
    label = _LABEL.match(text, start)
    place = menu.labelled(label[0]) if label else None
    if label is None or place is None:
        return None
    end = label.end()
    alone = _stands_alone(text, label[0], end)
    behind = _AFTER_LABEL.match(text, end)
    further = behind.end() if behind else end
    words = menu.words(text, further, further + menu.reach)
    named = menu.starting(words) if words and words[0][1] - further <= len("the ") else None
    if named and named[0] == place:
        return Pick(place, _with_brackets(text, start, named[1]))
    from_here = menu.words(text, start, start + menu.reach)
    whole = menu.starting(from_here)
    if whole and whole[1] > end and (from_here[0][1] == start or text[end : end + 1] == " "):
        return None  # the label is the first word of an option's text, or its article
    if (
        whole
        and whole[1] == end
        and whole[0] != place
        and not _CALLED.search(text[max(0, start - 12) : start])
    ):
        return Pick(None, (start, end), CONTRADICTION)  # a number that is one's label and another's text
    if named and further > end + 1 and _END.match(text, named[1]):
        return Pick(None, (start, named[1]), CONTRADICTION)
    if named and not alone:
        return None
    return Pick(place, _with_brackets(text, start, end)) if alone else None


def _stands_alone(text: str, label: str, end: int) -> bool:
    """Whether a label is one, and no word or number of a sentence."""
    after, further = text[end : end + 1], text[end + 1 : end + 2]
    if after in ("", "\n"):
        return True
    if after in " \t":
        return (label.isupper() and label not in "AI") or _GOES_ON.match(text, end) is not None
    if after in ".,:-–—'’/" and further.isalnum():
        return after == "/" and not label.isdigit()
    return after in ")]}<.,;:!?。、，．；！？）】」*_`\"'”’$\\/-–—" or _OTHER_SCRIPT.match(after) is not None


def _by_text(text: str, start: int, menu: Menu) -> Pick | None:
    words = menu.words(text, start, start + menu.reach)
    found = menu.starting(words)
    if found is None:
        return None
    before = text[start : words[0][1]].strip(" \t*_\"'“‘(").casefold()
    if before and before not in ARTICLES:
        return None
    place, end = found
    if end - words[0][1] <= 3 and not (_END.match(text, end) or _GOES_ON.match(text, end)):
        return None  # "no" of "no longer"
    named = _IN_BRACKETS.match(text, end)
    if named and (other := menu.labelled(named["label"])) is not None:
        if other != place:
            return Pick(None, (words[0][1], named.end()), CONTRADICTION)
        end = named.end()
    return Pick(place, (words[0][1], end))


def _by_order(text: str, start: int, menu: Menu) -> Pick | None:
    ordinal = _ORDINAL.match(text, start)
    if ordinal is None:
        return None
    which = ordinal["which"].casefold()
    place = _ORDINALS[which] if which in _ORDINALS else int(which[0]) - 1
    place = len(menu.options) - 1 if place < 0 else place
    return Pick(place, ordinal.span()) if place < len(menu.options) else None


def _or_another(text: str, picked: Pick, menu: Menu) -> bool:
    """Whether another option is named right behind: "A or B", "A and B", "A, B"."""
    link = _OR.match(text, picked.span[1])
    if link is None:
        return False
    label = _LABEL.match(text, link.end())
    place = menu.labelled(label[0]) if label else None
    if label and place not in (None, picked.place) and _stands_alone(text, label[0], label.end()):
        return not _VERB.match(text, label.end())
    for start in dict.fromkeys((link.end(1), link.end())):
        found = menu.starting(menu.words(text, start, start + menu.reach))
        if found and found[0] != picked.place:
            return not _VERB.match(text, found[1])
    return False


def _with_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    if start and (text[start - 1], text[end : end + 1]) in (("(", ")"), ("[", "]")):
        return start - 1, end + 1
    return start, end
