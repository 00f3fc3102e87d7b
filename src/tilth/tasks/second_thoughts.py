"""What a reply says of what it said: that a block shows how not to do it, that a part is taken back."""

from __future__ import annotations

import re

_LONGEST_LINE = 200
_LONGEST_BETWEEN = 4_000

_OPENS = r"[\s>*_#(\[:❌✗✘🚫⚠️0-9.-]{0,20}"
_SUCH = r"(?:it|this|that|these|those|the following|something|code|anything)"
_KIND = (
    r"(?:code|version|way|answer|solution|approach|implementation|attempt|example|query|one|practice|usage)"
)
_DOING = r"(?:write|writing|do|doing|use|using|code|coding|implement|implementing|return|submit|try)"
_WHY = r"(?:[ ]?\([^)\n]{0,80}\)|,?[ ](?:because|since|as it|as this|which)\b[^\n:：.!?]{0,80})?"
_NOT_SO = (
    rf"(?:please[ ])?(?:don['’]?t|do[ ]not|never|avoid)(?:[ ]{_DOING})?(?:[ ]{_SUCH})?"
    rf"(?:[ ](?:like|as)(?:[ ]{_SUCH})?)?(?:[ ]{_KIND})?"
)
_INSTEAD = rf"(?:and[ ])?(?:instead[ ]of|rather[ ]than|not)(?:[ ]{_DOING})?(?:[ ]like)?(?:[ ]{_SUCH})?"
_WRONG = (
    rf"(?:(?:an?|the|this[ ]is)[ ])?(?:wrong|incorrect|bad|buggy|broken|faulty|not[ ]correct)(?:[ ]{_KIND})?"
    r"(?:[ ](?:is|would[ ]be))?"
    r"|(?:a[ ])?common[ ](?:mistake|error|pitfall)"
)
_SHOWS_WRONG = re.compile(
    rf"{_OPENS}(?:{_NOT_SO}|{_INSTEAD}|{_WRONG}){_WHY}[\s*_]{{0,4}}(?P<colon>[:：])?[\s*_]{{0,6}}",
    re.IGNORECASE,
)

_SENTENCE = r"(?:\A|(?<=[.!?\n])|(?<=[.!?]\s))[\s>*_#-]{0,8}"
_REPENTS = re.compile(
    rf"{_SENTENCE}(?:(?:but|no|oh|ah),?[ ])?(?:wait|hold[ ]on|oops|whoops|hmm+|sorry|apologies"
    r"|my[ ](?:mistake|bad|apologies)|on[ ]second[ ]thoughts?|scratch[ ]that|actually"
    r"|correction(?=[:：*_])|i[ ](?:made[ ]an?[ ](?:mistake|error)|forgot|missed|overlooked)"
    r"|(?:let[ ]me|i(?:['’]ll|[ ]will|[ ]must|[ ]should|[ ]need[ ]to))[ ]"
    r"(?:correct|fix|redo|revise|try[ ]again))\b"
    r"(?!\W{1,4}(?:let[ ]me|i['’]ll|i[ ]will)[ ](?:check|verify|test|double))",
    re.IGNORECASE,
)
_WHAT_STOOD = (
    r"(?:(?:above|first|previous|earlier|original|initial|last|both)(?:[ ](?:of[ ]them|queries"
    rf"|{_KIND}))?|(?:this|that)(?:[ ]{_KIND})?|it)"
)
_FOUND_WRONG = re.compile(
    rf"\b{_WHAT_STOOD}[ ](?:(?:is|was|are|were)[ ](?:actually[ ]|still[ ]|clearly[ ])?"
    r"(?:wrong|incorrect|mistaken|flawed|faulty|not[ ](?:quite[ ]|entirely[ ])?(?:right|correct))"
    r"|(?:isn|wasn|aren)['’]t[ ](?:quite[ ]|entirely[ ])?(?:right|correct)"
    r"|has[ ]an?[ ](?:mistake|error|bug)|(?:does[ ]not|doesn['’]t)[ ]work(?![ ](?:in|on|for|with)\b))\b"
    r"(?![ ]to\b|\W{0,6}[:：]\W{0,20}\Z|[^.!\n]{0,80}\?)",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    rf"(?:(?:{_SENTENCE}|[,;]\s)(?:(?:so|here['’]s|here[ ]is|instead|use|try|this[ ]is|now),?[ ])?"
    r"(?:(?:the|an?|my)[ ])?"
    r"(?:corrected|correct|right|fixed|revised|better|improved|proper|updated|final)(?:[ ](?:sqlite|sql))?"
    rf"(?:[ ](?:{_KIND}|sql|statement))?(?:[ ](?:is|would[ ]be))?"
    rf"|{_SENTENCE}(?:so[ ])?(?:it|this|that|the[ ]{_KIND})[ ]should[ ](?:be|read|have[ ]been)"
    r")(?P<end>[\s*_]{0,6}[:：]?[\s*_]{0,20})\Z",
    re.IGNORECASE,
)
_HEADING = re.compile(r"[\s>]*[*_#❌✗✘🚫]")
_FENCES = re.compile(r"[`~]{3,}[\w+#.-]{0,20}")
_FENCE = re.compile(r"[`~]{3,}[^`~\n]{0,40}\Z")


_TAKEN_BACK = re.compile(
    r"\b(?:oops|correction|scratch that|my mistake"
    r"|(?:I|we)(?: have|['’]ve)? made an? (?:\w{1,12} )?(?:error|mistake)"
    r"|(?:that|this|it|which|the above|the answer)(?:['’]s| is| was)(?: \w{1,12})? "
    r"(?:wrong|incorrect|not (?:right|correct))(?! to\b)|(?:it|that) should (?:be|have been) \$?[0-9])\b",
    re.IGNORECASE,
)
"""Said of an answer in a sentence: "Wait" alone is not, for most who say so find that they were right."""


def shown_as_wrong(text: str, start: int) -> bool:
    """Whether the line before a block says that it shows how not to do it: "Don't write:", "Wrong:".

    Args:
        text: The reply.
        start: Where the block's content starts in it.
    """
    before = text[max(0, start - 3 * _LONGEST_LINE) : start].rstrip()
    line = _FENCE.sub("", before).rstrip().rpartition("\n")[2]
    found = _SHOWS_WRONG.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    return found is not None and (found["colon"] is not None or _HEADING.match(line) is not None)


def takes_back(between: str) -> bool:
    """Whether what a reply says between two blocks takes back the first: "Wait, ...", "Corrected query:".

    A statement that something is wrong is of the first one, unless it leads to the second by a colon.
    """
    between = _FENCES.sub("", between[-_LONGEST_BETWEEN:]).strip()
    if _REPENTS.search(between) or _FOUND_WRONG.search(between):
        return True
    found = _CORRECTED.search(between)
    return found is not None and (
        ":" in found["end"] or "：" in found["end"] or bool(_HEADING.match(found[0]))
    )


def retraction(text: str, start: int) -> int | None:
    """Where the words end that take back an answer which ends at `start`; None where nothing does.

    Example:
        >>> from tilth.tasks.second_thoughts import retraction
        >>> said = "The answer is 20. Sorry, that is wrong. It is 24."
        >>> said[retraction(said, 16) :]
        '. It is 24.'
    """
    found = _TAKEN_BACK.search(text, start)
    return found.end() if found else None
