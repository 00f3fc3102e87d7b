"""The option that a text names at a place: by its label, by its text, by its order or by its value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilth.tasks.causes import Why
from tilth.tasks.choice.menu import ARTICLES, Menu
from tilth.tasks.choice.quantities import CALCULATION, REASON, STRETCH, balanced, members

SEVERAL = Why("ambiguous", "more than one option")
CONTRADICTION = Why("ambiguous", "label and text name different options")
LABEL_OR_TEXT = Why("ambiguous", "one option's label, and another's text")

BARE = r"(?:[A-Za-z]{1,2}|[0-9]{1,4}|[ivxlIVXL]{1,7})(?![A-Za-z0-9_])"
_LABEL = re.compile(BARE)
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
_OTHER_LABEL = re.compile(r"(?P<label>[A-Z]|[0-9]{1,2})(?=[*_`\"'”’]{0,4}[.):\],])")
_AFTER_LABEL = re.compile(r"[.):\]*_`\"'”’]{0,6}[ \t]*(?:[-–—:,(][ \t]*)?[\"'“‘*_]{0,3}")
_CLOSING = r"[。）】」 \t*_`\"'”’)\]}$\\.!;,]"
LINE_END = re.compile(rf"{_CLOSING}{{0,16}}(?=\n|\Z)")
_END = re.compile(rf"{LINE_END.pattern}|[*_`\"'”’)\]}}]{{0,4}}[.!;,][*_`\"'”’)\]}}]{{0,4}}(?=\s)")
_OR = re.compile(
    r"[*_`\"'”’)\].}$]{0,6}\s{0,9}(,|/|&|\bor\b|\band\b|\bnor\b|\bvs\b\.?|\bversus\b)[\s(*\"'“]{0,9}"
    r"(?:(?:or|and|also|either|both|maybe|possibly|perhaps|even|the|option|choice)\b[\s(*\"'“]{0,9}){0,4}",
    re.IGNORECASE,
)
VERB = re.compile(
    r"[ \t)*\"'”]{1,4}(?:(?:is|was)(?:n['’]t)?|are|were|would|can|cannot|could|does|do|has|have"
    r"|used|(?:seem|look|sound|appear)(?:s|ed))\b"
)
CALLED = re.compile(r"(?:\b(?:option|choice|letter|number)\W{1,4}|[(\[])\Z", re.IGNORECASE)
_IN_BRACKETS = re.compile(
    rf"[*_]{{0,3}}\s?[(\[]\s?(?:(?:option|choice)\s)?(?P<label>{BARE})[)\].]", re.IGNORECASE
)
_IN_ANGLES = re.compile(rf"[*_`\s:=]{{0,24}}<(?P<label>{BARE})>(?![^\n]{{0,200}}</(?P=label)>)")
_ORDINAL = re.compile(
    r"(?P<which>first|second|third|fourth|fifth|sixth|last|1st|2nd|3rd|4th|5th|6th)"
    r" (?:option|choice|answer|one|statement)\b",
    re.IGNORECASE,
)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}


@dataclass(frozen=True, slots=True)
class Pick:
    """What a reply picks.

    Attributes:
        place: The option's place in the question, or None.
        span: The part of the text that says so.
        why: Why none was picked.
        among: The places of which one may be meant, where none was picked and it cannot be told.
    """

    place: int | None
    span: tuple[int, int] = (0, 0)
    why: Why | None = None
    among: tuple[int, ...] = ()


def named_at(text: str, at: int, menu: Menu, *, strict: bool, alone: bool = False) -> Pick | None:
    """The option named at `at`, behind a few filler words; `strict` wants nothing behind it.

    On a later line it must stand alone. Where nothing leads to it and it stands `alone`, an equation is a
    step of the reasoning and names none. None where none is named there; a pick without a place where more
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
        if unknown := _by_unknown_label(text, start, menu):
            return unknown
        picked = _by_words(text, start, menu) if menu.may_start(text[start : start + 1]) else None
        picked = picked or _by_value(text, start, menu, alone=alone)
        if picked is None:
            continue
        if picked.place is not None and _or_another(text, picked, menu):
            return Pick(None, picked.span, SEVERAL)
        bracketed = text[picked.span[0]] in "(["
        if strict and not bracketed and not _END.match(text, picked.span[1]):
            continue
        return picked
    return None


def _by_words(text: str, start: int, menu: Menu) -> Pick | None:
    picked = _by_label(text, start, menu) or _by_text(text, start, menu) or _by_order(text, start, menu)
    if picked is None or picked.place is None or not text[start : picked.span[1]].strip("([")[:1].isdigit():
        return picked
    return None if CALCULATION.match(text, picked.span[1]) else picked


def _by_value(text: str, start: int, menu: Menu, *, alone: bool) -> Pick | None:
    """The option that says the same as the number or formula there: "10 newtons" for "10 N"."""
    stretch = STRETCH.match(text, start, start + menu.reach) if menu.quantities else None
    if stretch is None:
        return None
    goes_on = REASON.search(stretch[0])
    written = balanced(stretch[0][: goes_on.start()] if goes_on else stretch[0]).rstrip()
    for member in [written] if alone else members(written):
        place = menu.quantities.place(member)
        if place is not None:
            return Pick(place, (start, start + len(written)))
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
        return Pick(place, with_brackets(text, start, named[1]))
    if named and _is_beside(text, label[0], end, further) and _ends(text, named[1]):
        opens = menu.options[named[0]].text.casefold().startswith(f"{label[0].casefold()} ")
        if not opens:
            return Pick(None, (start, named[1]), CONTRADICTION)
    from_here = menu.words(text, start, start + menu.reach)
    whole = menu.starting(from_here)
    if whole and whole[1] > end and (from_here[0][1] == start or text[end : end + 1] == " "):
        return None  # the label is the first word of an option's text, or its article
    if (
        whole
        and whole[1] == end
        and whole[0] != place
        and not CALLED.search(text[max(0, start - 12) : start])
    ):
        return Pick(None, (start, end), LABEL_OR_TEXT, (place, whole[0]))
    if named and further > end + 1 and _END.match(text, named[1]):
        return Pick(None, (start, named[1]), CONTRADICTION)
    if named and not alone:
        return None
    return Pick(place, with_brackets(text, start, end)) if alone else None


def _by_unknown_label(text: str, start: int, menu: Menu) -> Pick | None:
    """An option's text behind a label of the question's kind that none of its options has: "E. oxygen"."""
    label = _OTHER_LABEL.match(text, start)
    if label is None or menu.labelled(label[0]) is not None or not menu.counts_like(label[0]):
        return None
    behind = _AFTER_LABEL.match(text, label.end())
    further = behind.end() if behind else label.end()
    words = menu.words(text, further, further + menu.reach)
    named = menu.starting(words) if words and words[0][1] - further <= len("the ") else None
    return Pick(None, (start, named[1]), CONTRADICTION) if named and _ends(text, named[1]) else None


def _is_beside(text: str, label: str, end: int, further: int) -> bool:
    """Whether a label stands before a text with nothing but a space between, no article: "A Oxygen"."""
    apart = text[end:further] == " " and (label.isupper() or label.isdigit())
    return apart and (text[further : further + 1].isupper() or text[further : further + 1].isdigit())


def _ends(text: str, end: int) -> bool:
    return _END.match(text, end) is not None or _GOES_ON.match(text, end) is not None


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
    if end - words[0][1] <= 3 and not _ends(text, end):
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
        return not VERB.match(text, label.end())
    for start in dict.fromkeys((link.end(1), link.end())):
        found = menu.starting(menu.words(text, start, start + menu.reach))
        if found and found[0] != picked.place:
            return not VERB.match(text, found[1])
    return False


def with_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of the text, and the brackets around it."""
    if start and (text[start - 1], text[end : end + 1]) in (("(", ")"), ("[", "]")):
        return start - 1, end + 1
    return start, end
