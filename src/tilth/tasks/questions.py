"""Reads the question that a writer sends back: where it begins, where it ends, and what is none."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tilth.errors import Unreadable
from tilth.tasks.likeness import question_key
from tilth.tasks.question_ends import LONGEST, MARK, SMALL_TALK, asked, end_of, paragraphs
from tilth.tasks.refusals import refuses

MAX_QUESTION = 4_000
"""Characters a written question may have; longer ones are rejected."""

_GOING_ON = (" and 7 more?", "\nand 7 more?", "7", "\nB: 7")
"""How a reply that was cut off may have gone on; by the last, an "A:" was no answer but an option."""

_FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
_PAIRS = (("**", "**"), ("__", "__"), ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("`", "`"))
_TOKEN = r"(?:<[|｜][^|｜<>\n]{1,40}[|｜]>|</?s>|<[be]os>|\[/?INST\]|<(?:start|end)_of_turn>)"
_OPENING = re.compile(rf"\s*(?:{_TOKEN}\s*(?:(?:assistant|model)\b[:\s]*)?)+")
_CHAT_TOKEN = re.compile(_TOKEN)

_MADE = r"(?:new|rephrased|reworded|rewritten|restated|paraphrased|revised|final|similar|another|next)"
_SHOWN = r"(?:original|given|old|seed|previous|example|sample|source)"
_NAME = (
    rf"(?:(?:{_MADE}|{_SHOWN})[ \t]{{1,4}})?(?:(?:word|math)[ \t]{{1,4}})?"
    r"(?:question|problem|frage|pregunta|pergunta|domanda|вопрос|问题|問題|質問|질문)"
    r"(?:[ \t]{0,3}(?:#|no\.?)?[ \t]{0,3}[0-9]{1,3})?"
)
_RESTATED = (
    r"(?:rephras(?:ed?|ing)|reword(?:ed|ing)|rewritten|restated|paraphras(?:ed?|ing))"
    r"(?:[ \t]{1,4}(?:version|text))?"
)
"""What a label may say that names no question: "Rephrased:"."""
_PASSAGE = r"(?:passage|context|scenario|story|background|situation|facts)"
_MARKER = re.compile(
    # "Question:", "**New question 2:**", "Q1.", "<question>" at a line's start
    r"^[ \t>*_#\"'`“({<-]{0,12}"
    rf"(?:(?:{_NAME}|{_PASSAGE}|{_RESTATED})[\"*_ \t]{{0,6}}(?:[:：]|(?<=[0-9])[.)])"
    r"|q[0-9]{0,3}[*_]{0,2}[:：.)]|question>)[ \t*_]{0,6}"
    # a heading
    rf"|^[ \t>]{{0,4}}(?:[*_]{{2}}|#{{1,6}})[ \t]{{0,4}}{_NAME}[ \t*_]{{0,6}}$"
    # behind a sentence
    r"|(?<=[.!?:;)\]*])[ \t]{1,4}[*_]{0,3}(?-i:(?=[A-Z]|[^\x00-\x7f]))"
    rf"(?:{_NAME}|{_RESTATED})[*_ \t]{{0,4}}[:：][ \t*_]{{0,6}}",
    re.IGNORECASE | re.MULTILINE,
)
_MADE_MARKER = re.compile(rf"\W{{0,16}}{_MADE}\b", re.IGNORECASE)
_SHOWN_MARKER = re.compile(rf"\W{{0,16}}{_SHOWN}\b", re.IGNORECASE)
_RESTATED_MARKER = re.compile(rf"\W{{0,16}}{_RESTATED}\W{{0,16}}", re.IGNORECASE)
_PASSAGE_MARKER = re.compile(rf"\W{{0,16}}{_PASSAGE}\b", re.IGNORECASE)
_BLOCK = re.compile(r"^[ \t>*_#]{0,8}([^\W\d_][\w ]{0,30})[ \t*_]{0,4}[:：]", re.MULTILINE)
_LEADING = re.compile(r"\A(?:[ \t]{0,8}(?:-{3,80}|\*{3,80}|_{3,80}|={3,80})?[ \t]{0,8}\n)+")
_PREAMBLE = re.compile(
    r"\A\W{0,8}(?:sure|certainly|of course|ok|okay|alright|absolutely|great|here|another|new|rephrased"
    r"|reworded|below|i|(?:an?|the|my) (?:new|similar|different|rephrased|reworded|another))\b"
    r"[^\n?:：0-9]{0,160}?\b(?:question|problem|version|one|rephras\w{1,8}|reword\w{1,8}|example)\b[^\n?:：0-9]{0,80}[:：]\s*",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\W*(?:sure|certainly|of course|ok|okay|alright|absolutely|great|here|let me|let['’]s|i"
    r"|i['’](?:m|ll|ve|d)|we (?:need|have|are|can|should)|the user|to (?:rephrase|reword|write|create|make)"
    r"|as (?:requested|asked)|below|hi|hello|thinking|first,|step)\b"
    r"|.{0,400}\b(?:question|problem|rephras\w{1,8}|reword\w{1,8})\b"
    r"|.{0,400}[:：]\Z",
    re.IGNORECASE | re.DOTALL,
)
_OPTIONS = re.compile(
    r"\s*(?:[*_#]{0,3}(?:(?:answer|possible)[ ])?(?:options|choices|answers)\b|[-*•+][ \t]"
    r"|[*_(\[]{0,3}[A-Za-z0-9]{1,4}[)\].:])",
    re.IGNORECASE,
)

_ITEM = re.compile(
    r"[ \t]{0,8}(?:(?P<bold>\*\*)?\(?(?P<number>[0-9]{1,2})[.)]?(?(bold)\*\*[.):]?|(?<=[.)]))|[-*•])"
    r"[ \t]{1,4}"
    r"(?=[\"'“‘$*_(]{0,3}(?![a-z])[^\W\d_])"
)
"""What makes a line that begins a sentence an item of a list."""
_NOUN = r"(?:question|problem|task|instruction)"
_TELLS_WHERE = r"(?:insert|write|put|type|enter|add|your)"
_ABOUT_IT = (
    rf"(?:{_TELLS_WHERE}|the|an?|my|new|rephrased|reworded|rewritten|similar|math|word|text|of|goes|here"
    rf"|{_NOUN})"
)
_TOLD = r"[^\[\]<>{}0-9]{0,80}"
_PLACEHOLDER = re.compile(
    r"[\s.…?？!_*-]*|n/?a|todo|tbd|none"
    # in brackets, and with none
    rf"|(?:[\[<({{]{{1,2}}(?=[^\n]{{0,80}}{_NOUN})(?:{_ABOUT_IT}[ _-]?){{1,8}}[?!.…]{{0,3}}[\]>)}}]{{1,2}}"
    rf"|[\[<{{]{{1,2}}{_TELLS_WHERE}\b{_TOLD}\b(?:{_NOUN}|here)\b{_TOLD}[\]>}}]{{1,2}}"
    rf"|(?:{_ABOUT_IT}[ ]){{0,6}}{_NOUN}[ ](?:{_ABOUT_IT}[ ]){{0,2}}here)[.?!…]{{0,3}}",
    re.IGNORECASE,
)
"""What stands where a question would, as a form shows it: "...", "[Your question here]"."""


def read_question(text: str, shown: str | None = None, *, options: bool = False) -> str:
    """The question in a writer's reply, without what stands before it and what the writer says behind it.

    It stands behind "Question:", "Q:", "**New question 1:**" or the like, also inside a line; a reply without
    such a marker is taken where exactly one of its paragraphs asks something. It is one paragraph; further
    ones belong to it while it has asked nothing. It ends before an answer, a solution, its steps, a token of
    a chat template, a rule across the page, and small talk. A number before it is left out where it is the
    only item of its list.

    Args:
        text: The reply.
        shown: The question that the writer was shown; where its reply repeats it first, that is passed over.
        options: Whether options may follow in paragraphs of their own.

    Raises:
        Unreadable: The reply is empty, holds no question, or one of more than `MAX_QUESTION` characters.

    Example:
        >>> from tilth.tasks.questions import read_question
        >>> read_question("Sure! Question: Tom has 3 bags of 4 nuts. How many nuts? Answer: 12")
        'Tom has 3 bags of 4 nuts. How many nuts?'
    """
    bare = _of_one_turn(without_fences(text[:LONGEST]))
    found = _marked(bare, shown, options=options)
    if found is None:
        found = "" if refuses(bare) else _unmarked(bare)
    found = _LEADING.sub("", found)
    found = found[: end_of(found, options=options)]
    question = _one_paragraph(found, _labels_below(shown), options=options)
    return taken(_unnumbered(_unwrap(question)), text, "question", MAX_QUESTION)


@dataclass(frozen=True, slots=True)
class QuestionReader:
    """Reads replies of a writer that was shown the question `shown`; see `read_question`.

    Example:
        >>> from tilth.tasks.questions import QuestionReader
        >>> QuestionReader("How many?")("Question: How many? New question: How much?")
        'How much?'
    """

    shown: str

    def __call__(self, text: str) -> str:
        """The question in a reply."""
        return read_question(text, self.shown)

    def surely_whole(self, text: str) -> str:
        """The question in a reply that was cut off, where it is the same however the reply went on.

        Raises:
            Unreadable: It is not, or there is none.
        """
        found = self(text)
        if any(self(text + more) != found for more in _GOING_ON):
            raise Unreadable("cut off at the reply limit", "cut-off")
        return found


def without_fences(text: str) -> str:
    """The text without the lines that open and close blocks."""
    return _FENCE.sub("", text)


def taken(found: str, reply: str, what: str, most: int) -> str:
    """What was found in a reply, unwrapped, where it is something and not too long."""
    if not reply.strip():
        raise Unreadable("empty reply", "empty")
    found = _unwrap(found)
    if _PLACEHOLDER.fullmatch(found):
        raise Unreadable(f"no {what} found", "no-question")
    if len(found) > most:
        raise Unreadable(f"{what} of {len(found):,} characters; at most {most:,} are taken", "too-long")
    return found


def _of_one_turn(text: str) -> str:
    """The text of the reply's own turn; or that in the JSON object which the reply is."""
    opening = _OPENING.match(text)
    text = text[opening.end() :] if opening else text
    token = _CHAT_TOKEN.search(text)
    text = text[: token.start()] if token else text
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        for name in ("question", "problem", "new_question", "rephrased_question"):
            if isinstance(value, dict) and isinstance(value.get(name), str):
                return f"Question: {value[name]}"
    return text


def _marked(bare: str, shown: str | None, *, options: bool) -> str | None:
    """What stands behind the marker of a question; None where there is no marker."""
    markers = list(_MARKER.finditer(bare))
    first = next((place for place, marker in enumerate(markers) if not _PASSAGE_MARKER.match(marker[0])), 0)
    below = _labels_below(shown)  # these may stand below this question as well
    markers = [
        marker for place, marker in enumerate(markers) if place <= first or _label(marker[0]) not in below
    ]
    known = None if shown is None else question_key(shown)
    parts = _parts(bare, _that_count(bare, markers, known))
    if not parts:
        return None
    made = next((place for place, (name, _) in enumerate(parts) if _MADE_MARKER.match(name)), 0)
    passed: list[str] = []
    repeated = ""
    for name, part in parts[made:]:
        if not part.strip() or _SHOWN_MARKER.match(name):
            continue
        question = part[: end_of(part, options=options)].strip()
        if question and _PLACEHOLDER.fullmatch(_unwrap(question)):
            continue
        if known is not None and question_key(question) == known:
            repeated, passed = part, []
            continue
        passed.append(part.strip())
        if asked(question) is not None:
            return "\n".join(passed)
        if len(question) < len(part.strip()):  # it ended, and had asked nothing
            break
    return "\n".join(passed) or repeated


def _that_count(bare: str, markers: list[re.Match[str]], known: str | None) -> list[re.Match[str]]:
    """The markers, but for labels that a question itself may hold, as one does that is about wording.

    "Rephrased:" and the like mark what asks, where the question that was shown may stand before it, and no
    other.
    """
    kept: list[re.Match[str]] = []
    other = False
    for marker, (name, part) in zip(markers, _parts(bare, markers), strict=True):
        if not _RESTATED_MARKER.fullmatch(name):
            other = other or not (_SHOWN_MARKER.match(name) or question_key(part) == known)
            kept.append(marker)
        elif not other and asked(part) is not None:
            kept.append(marker)
    return kept


def _parts(bare: str, markers: list[re.Match[str]]) -> list[tuple[str, str]]:
    """Each marker, and what stands behind it up to the next one."""
    ends = [*(marker.start() for marker in markers), len(bare)][1:]
    return [(marker[0], bare[marker.end() : end]) for marker, end in zip(markers, ends, strict=True)]


def _unmarked(bare: str) -> str:
    """The paragraph of a reply that asks, where it is one alone, with what it tells before that."""
    parts = [part for start, stop in paragraphs(bare) if (part := bare[start:stop].strip())]
    asking = [place for place, part in enumerate(parts) if MARK.search(part) and not SMALL_TALK.match(part)]
    if len(asking) != 1:
        return ""
    last = asking[0]
    question = _PREAMBLE.sub("", parts[last])
    if question != parts[last]:
        return question
    first = next((place + 1 for place in range(last - 1, -1, -1) if _TALK.match(parts[place])), 0)
    return "\n\n".join(parts[first : last + 1])


def _labels_below(shown: str | None) -> frozenset[str]:
    """The labels of what stands below the question that was shown: of a context, an input, a hint."""
    blocks = _BLOCK.finditer(shown or "", (shown or "").find("\n\n") + 1 or len(shown or ""))
    return frozenset(_label(block[1]) for block in blocks)


def _label(marker: str) -> str:
    return marker.strip(" \t\r\n>*_#:：\"'(").casefold()


def _one_paragraph(text: str, below: frozenset[str], *, options: bool) -> str:
    """The first paragraph that asks, with those before it, and with what may stand behind it.

    That is its options, and all from a label on of those in `below`.
    """
    end, done = 0, False
    for start, stop in paragraphs(text):
        part = text[start:stop].strip()
        if done and below and (block := _BLOCK.match(part)) and _label(block[1]) in below:
            return text
        if done and part and not (options and _OPTIONS.match(part)):
            break
        end = stop
        done = done or (asked(part) is not None and not part.endswith((":", "：")))
    return text[:end]


def _unwrap(question: str) -> str:
    question = question.strip()
    while True:
        for opening, closing in _PAIRS:
            inner = question[len(opening) : -len(closing)]
            whole = len(question) >= len(opening) + len(closing)
            if whole and question.startswith(opening) and question.endswith(closing) and closing not in inner:
                question = inner.strip()
                break
        else:
            return question.removesuffix("**").rstrip() if question.count("**") == 1 else question


def _unnumbered(question: str) -> str:
    """The question without the number of a list that has no other item."""
    item = _ITEM.match(question)
    if item is None:
        return question
    another = r"\n[ \t*(]{0,8}(?:[0-9]{1,2}\*{0,2}[.)]|[-•*])[ \t]"
    if item["number"]:
        another += rf"|\s[*(]{{0,3}}{int(item['number']) + 1}\*{{0,2}}[.)]"
    return question if re.search(another, question) else question[item.end() :]
