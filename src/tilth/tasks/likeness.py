"""What two wordings of one question have in common: all but case, spacing, markup and sentence marks."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 20_000
_TOKEN = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])"  # 1,234.5 is one number, and 1234.5
    r"|[0-9]+(?:[.:/][0-9]+)*"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*"
    r"|(?<=[\w)])[ ]?-[ ]?(?=[\w(])|[^\w\s]"
)
_IGNORED = frozenset(".,;:!?…¿¡。，；：！？、'\"“”‘’`´«»*_#>|~-–—")
_SIGNS = re.compile(r"(?<=[0-9)])\s*[-–—−]\s*(?=[0-9(])|(?<![\w)])[-–−](?=[0-9])")
_TIMES = re.compile(r"(?<=[0-9)])\s*(?:\*|×|·)\s*(?=[0-9(])")


def question_key(question: str) -> str:
    """The words, numbers and signs of a question; two questions with the same key say the same.

    Numbers, and signs between or before numbers, count: "3 - 4" and "3 + 4" are two questions.

    Example:
        >>> from tilth.tasks.likeness import question_key
        >>> question_key("How many  are 1,200 and 3?") == question_key("**How many are 1200, and 3**")
        True
    """
    text = unicodedata.normalize("NFKC", question[:_LONGEST]).casefold()
    text = _TIMES.sub(" × ", _SIGNS.sub(" minus ", text))
    found = (token.replace(",", "") if token[0].isdigit() else token for token in _TOKEN.findall(text))
    return " ".join(token.replace("’", "'") for token in found if token.strip() not in _IGNORED)
