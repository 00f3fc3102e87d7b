"""Where a reply ends though its model wrote on: with another turn of the chat, or with another example."""

from __future__ import annotations

import re

_LONGEST_INTRODUCTION = 200
_FENCES = ("```", "~~~")

_NAMES = (
    "im_start|im_end|endoftext|end_of_text|eot_id|eom_id|start_header_id|end_header_id|endofturn|eod|return"
    "|user|assistant|system|START_OF_TURN_TOKEN|END_OF_TURN_TOKEN|begin▁of▁sentence|end▁of▁sentence"
)
_TOKENS = (
    rf"[|｜](?i:{_NAMES})[|｜]>",
    r"\|end\|>(?!\s{0,4}<\|start\|>assistant)",  # else the analysis of the harmony format, and more follows
    "/s>",
    "eos>",
    "(?:start|end)_of_turn>",
    r"/INST\]",
    r"(?<!\w\[)INST\]",
)
_OPENING = re.compile(rf"\s*(?:[<\[](?:{'|'.join(_TOKENS)}|s>|bos>)\s*(?:(?:assistant|model)\b\s*)?)*")
_ASKS = (
    r"(?:(?:next|new|another)[ \t]+)?"
    r"(?:question|problem|q|human|user|frage|pregunta|pergunta|domanda|вопрос|问题|问|質問)"
    r"(?P<number>[ \t]{0,2}#?[0-9]{1,4})?[*_ \t]{0,4}[:：]"
)
# A reply that opens with its first question, of several that it answers.
_PART = re.compile(r"[*_#> \t]{0,8}(?:question|problem|q)[ \t]{0,2}#?1[*_ \t]{0,4}[:：]", re.IGNORECASE)
# One that opens with the user's turn, whose reply comes behind it.
_TURN = re.compile(rf"[*_#> \t]{{0,8}}{_ASKS}", re.IGNORECASE)
# A search stops at the first letters alone, and then at what the words begin with: that makes it quick.
_ON = re.compile(
    r"[\n<\[](?:(?<=\n)[ \t>]{0,8}(?=[#*_`~AaDdFfHhIiNnPpQqUuВв问質])(?i:(?P<fence>```|~~~)"
    rf"|(?P<turn>(?:#{{1,6}}[ \t]*)?[*_]{{0,3}}"
    rf"(?:{_ASKS}|(?P<reply>assistant)?(?(reply)|instruction)[*_ \t]{{0,4}}[:：])"
    r"|#{2,6}[ \t]*(?:instruction|user|human|question|problem)(?:[ \t]?#?[0-9]{1,4})?"
    r"[:：*_ \t]{0,6}(?=\n|\Z)))"
    rf"|(?<=[<\[])(?P<token>(?:{'|'.join(_TOKENS)})))"
)
_INTRODUCES = re.compile(
    r"\A(?:sure|certainly|of course|okay|ok|alright|let|here|first)\b|\b(?:question|problem|task)\b",
    re.IGNORECASE,
)
_NEXT_EXAMPLE = re.compile(r"\b(?:example|exercise|problem)[ \t]?#?[0-9]*[*_]{0,2}[:：]\Z", re.IGNORECASE)
_ANSWERS = re.compile(r"[0-9]|\banswer|\bsolution (?:is|are)\b|\\boxed", re.IGNORECASE)


def without_run_on(text: str) -> str:
    r"""The reply up to where its model goes on with another turn or example; all of it where it does not.

    It goes on at a token of a chat template (`<|im_end|>`, `</s>`, ...), or at a line that opens with
    "Question:", "Q:", "User:", "Human:", "### Instruction" or the like and has the reply before it. A reply
    that opens with its question, after a line of introduction or without one, does not end there; nor does
    one that shows such a line in a fenced block, or such a token in quotes.

    Takes linear time. What is returned is a beginning of `text`, so that positions still hold.

    Example:
        >>> from tilth.tasks.run_on import without_run_on
        >>> without_run_on("The answer is 18.\n\nQ: What is 6 * 7?\nA: 42")
        'The answer is 18.'
        >>> without_run_on("Question: What is 6 * 7?\nAnswer: 42<|im_end|>")
        'Question: What is 6 * 7?\nAnswer: 42'
    """
    opening = _OPENING.match(text)
    first = opening.end() if opening else 0
    fenced = text.startswith(_FENCES, first)
    parts, asks = _PART.match(text, first), _TURN.match(text, first)
    for mark in _ON.finditer(text, first):
        start = mark.start()
        if mark["fence"]:
            fenced = not fenced
        elif mark["token"]:
            if not _is_quoted(text, *mark.span()) and not _is_html(text, first, mark):
                return text[:start].rstrip()
        elif fenced or (parts and mark["number"]):
            continue
        elif asks and mark["reply"]:
            asks = None
        elif not _introduces(text, first, start):
            return text[:start].rstrip()
    return text


def _is_quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and text[start - 1] in "\"'`" and text[end : end + 1] == text[start - 1]


def _is_html(text: str, first: int, mark: re.Match[str]) -> bool:
    """Whether a closing tag ends what is struck out, as in HTML."""
    line = max(first, text.rfind("\n", max(first, mark.start() - 1_000), mark.start()))
    return mark["token"] == "/s>" and text.find("<s>", line, mark.start()) >= 0


def _introduces(text: str, first: int, start: int) -> bool:
    """Whether what stands before a question only leads to it."""
    last = text[max(first, start - 40) : start].rstrip()
    if last.endswith((":", "：")):
        return _NEXT_EXAMPLE.search(last) is None
    before = text[first:start].strip() if start - first <= _LONGEST_INTRODUCTION else ""
    return bool(before and _INTRODUCES.search(before)) and not _ANSWERS.search(before)
