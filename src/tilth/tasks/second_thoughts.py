"""What a reply says of its own blocks: that one shows how not to do it, or that one takes back another."""

from __future__ import annotations

import re

_LONGEST_LINE = 200

_OPENS = r"[\s>*_#(\[:❌✗✘🚫⚠️0-9.-]{0,20}"
_SUCH = r"(?:it|this|that|these|those|the following|something|code|anything)"
_KIND = (
    r"(?:code|version|way|answer|solution|approach|implementation|attempt|example|query|one|practice|usage)"
)
_DOING = r"(?:write|writing|do|doing|use|using|code|coding|implement|implementing|return|submit|try)"
_WHY = r"(?:[ ]?\([^)\n]{0,80}\)|,?[ ](?:because|since|as it|as this|which)\b[^\n:：]{0,80})?"
_NOT_SO = (
    rf"(?:please[ ])?(?:don['’]?t|do[ ]not|never|avoid)(?:[ ]{_DOING})?(?:[ ]{_SUCH})?"
    rf"(?:[ ](?:like|as)(?:[ ]{_SUCH})?)?(?:[ ]{_KIND})?"
)
_INSTEAD = rf"(?:and[ ])?(?:instead[ ]of|rather[ ]than|not)(?:[ ]{_DOING})?(?:[ ]like)?(?:[ ]{_SUCH})?"
_WRONG = (
    rf"(?:(?:an?|the|this[ ]is)[ ])?(?:wrong|incorrect|bad|buggy|broken|faulty|not[ ]correct)(?:[ ]{_KIND})?"
    r"|(?:a[ ])?common[ ](?:mistake|error|pitfall)"
)
_SHOWS_WRONG = re.compile(
    rf"{_OPENS}(?:{_NOT_SO}|{_INSTEAD}|{_WRONG}){_WHY}[\s*_]{{0,4}}(?P<colon>[:：])?[\s*_]{{0,6}}",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*(?:[>*_#❌✗✘🚫])")
_FENCE = re.compile(r"[`~]{3,}[^`~\n]{0,40}\Z")


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
