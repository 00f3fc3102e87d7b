"""The words by which a reply says which option it picks, doubts or rejects; for text in lower case."""

from __future__ import annotations

import re
import string

from tilth.tasks.choice import languages

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def lowered(text: str) -> str:
    """The text with small letters for A to Z, and every position as it was: what these patterns read."""
    return text.translate(_LOWER)


# Branches open with plain letters wherever they can, which lets a search pass over what none opens with.
MARKER = re.compile(
    r"""
    ^[ \t]*(?P<hashes>\#\#\#\#)
    | \\f?box(?:ed)?\{
    | <answer>
    | \b(?:
        (?:
            answer\b | ans\b\.?
          | (?:correct|right|best|final|my|chosen|only|logical|appropriate|suitable|likely|selected|remaining)
            \s(?:answer\s)?(?:option|choice|selection|pick|one)\b
        )
        [*_`"']{0,4}(?:[ ](?:choice|option|letter|here)\b|[ ]to[ ][^.:=\n]{0,120}?)?[*_`]{0,4}\s?
        (?:
            \b(?:is|was|remains|becomes|seems[ ]to[ ]be|appears[ ]to[ ]be
                |(?:should|would|will|must|has[ ]to|can[ ]only)[ ]be)\b
          | ['’]s\b | [:=：→⇒] | -+> | [-–—](?=\s)
        )
      | final[ ]answer\b[*_`]{0,4}[ \t]?[-–—]?(?=\s)
      | ans\b\.?(?=[ ][(*"]{0,3}[a-z0-9]{1,2}[)*"]{0,3}(?:[.,!;\n]|\Z))
      | (?P<chosen>(?:choose|chose|choosing|picked|pick|picking|select|selected|selecting
          |go(?:ing)?[ ](?:with|for)|went[ ]with|opt[ ]for|opting[ ]for|settle[ ]on
          |answer[ ]with|vote[ ]for|lean(?:ing)?[ ]towards?)\b:?)
      | (?:leaves|leaving|left[ ]with|left[ ]is)\b(?:[ ]us|[ ]me)?(?:[ ]with)?
    )
    | ^[^\w\n]{0,6}(?:option|choice|selection|pick|label|verdict|correct)\b[*_`"' ]{0,4}:
    | (?P<weak>\b(?:
        (?:it|that|this)(?:['’]s|\s(?:is|must[ ]be|has[ ]to[ ]be|should[ ]be|would[ ]be))(?=\s)
      | (?:so|therefore|thus|hence|actually|no(?=,)|wait|rather
        |i[ ](?:think|believe|guess|say)|i(?:['’]d|[ ]would)[ ]say)\b,?
    ))
    """
    + languages.MARKER,
    re.MULTILINE | re.VERBOSE,
)
"""What an option follows. Behind a weak one it must end its sentence; "rather" corrects a denial."""

FAINT_MARKER = re.compile(
    r"\b(?:is|are)\b:?(?=\s)"
    rf"|\b(?:est|es|ist|lautet|[éÉ]|[èÈ]|är|[эЭ]то)\b:?(?=\s){languages.THE_OPTION}"
)
"""What an option follows at the end of a sentence, in a few languages, where nothing says more."""

SAYS_SO = re.compile(
    r"(?:\b(?:is|are|was|be|est|es|ist|[éÉ]|[èÈ]|är)|[:：=])[ ](?:(?:the|an?)[ ])?[*_`(\"'“]{0,4}\Z"
)
"""What stands right before an option that a sentence gives for an answer."""

JUDGES = re.compile(
    r"\b(?:best|answers?|correct|right|choice|option|choose|pick|fits?|must)\b", re.IGNORECASE
)
"""Words of a sentence that gives the option it names for an answer."""

PREDICATE = re.compile(
    r"""
    \b(?:is|are|was|must[ ]be|should[ ]be|has[ ]to[ ]be
        |(?P<hedged>would[ ]be|(?:seems|looks|sounds|appears)(?:[ ]to[ ]be)?))
      (?:[ ](?:the|clearly|therefore|thus|indeed|definitely|actually|only|most|one|option|choice)){0,5}[ ]
      (?:correct|right(?![ ](?:hand|side|angle))|answer
        |best[ ](?:answer|choice|option|fit|match|description|explanation)
        |(?<=most[ ])(?:likely|accurate|appropriate|suitable|reasonable|plausible|fitting)
         (?![ ](?:to|not|wrong|incorrect|false)))\b
    | [-–—:(]\s?(?:correct|right)\b(?![ ]side)
    | [✓✔✅]
    | \b(?:remains|is[ ]left|fits[ ]best|works|fits|applies|makes[ ]sense)(?=[.!\n]|\Z)
    """
    + languages.PREDICATE,
    re.VERBOSE,
)
"""What follows an option."""

DOUBT = re.compile(
    r"""
    (?: \b(?:if|whether|unless|suppose|supposing|assuming|not|never|nor|neither|none|cannot|doubt)\b
      | n['’]t\b
      | \b(?:might|may|could|tempted|(?:some|many|people|students|you)[ ](?:would|think|say|choose|believe))\b
    )(?:(?!\bbut\b)[^.,;:!?\n]){0,60}\Z
    | \b(?:wrong|incorrect|worst|least|tempting|common|popular|frequent)\s(?:\w{1,20}\s){0,2}\Z
    """
    + languages.DOUBT,
    re.VERBOSE,
)
"""What takes a marker or an option back that stands right behind it."""

OTHERS = re.compile(
    r"""
    \b(?:some|many|most|lots|few|people|students|pupils|learners|beginners|candidates|others|they)\s(?:of\s)?
      (?:(?!(?:i|we|us|let|me|and|so|then|or|thus|importantly|likely|should|must)\b)[\w-]{1,12}\s){0,3}\Z
    | \b(?:nobody|no[ ]one)\s(?:[\w-]{1,12}\s){0,3}\Z
    | \b(?:mistake|error|trap|tempt\w{1,5})\b[^.,;:!?\n]{0,30}\Z
    """,
    re.VERBOSE,
)
"""What stands before a choice that is not the reply's own."""

CONCEDED = re.compile(r"\b(?:although|though|while|whereas|even if)\b[^.,;:!?\n]{0,30}\Z")
"""What stands before an option that only seems right."""

TAKEN_BACK = re.compile(
    r"[^.!?\n]{0,80}\b(?:if|unless)\b|[^!?\n]{0,80}\b(?:but|yet|however)\b"
    r"|[^.!?\n]{0,40}\bis(?:n['’]t| not)\b"
)
"""What goes on from a hedged predicate where it does not hold."""

UNREAL = re.compile(r"[^.!?\n]{0,30}\b(?:if|unless)\b[^.!?\n]{0,60}\b(?:were(?!n['’]t| to)|asked|had been)\b")
"""What a sentence goes on with from "would be" where it speaks of what is not so."""

UNREAL_BEFORE = re.compile(
    r"\b(?:if|unless)\b[^.!?\n]{0,60}\b(?:were(?! to)|asked|had been)\b[^.!?\n]{0,60}\Z"
)
"""The same, before it."""

DENIED = re.compile(
    r"""
    [*_`"'”’)\]}」）】]{0,4}[ ]?(?:
      [✗✘❌]
    | [-–—:(]?[ ]?(?:wrong|incorrect|false)\b
    | (?:is|are|was|were|seems|looks|sounds)[ ](?:(?!not|right|correct)\w{1,15}[ ]){0,2}
      (?:wrong|incorrect|false)\b
    | (?:is|are|was|were|does|do|did|can|could|would|should|has|have)(?:n['’]t|[ ]not)\b
      (?![ ](?:wrong|incorrect|false))
    | cannot\b
    """
    + languages.DENIAL
    + ")",
    re.VERBOSE | re.IGNORECASE,
)
"""What stands right behind an option that is denied."""

CORRECTED = re.compile(
    rf"(?:\b(?:not|never|neither|{languages.NOT})\b|n['’]t\b|[不非])[^.!?\n]{{0,80}}\Z", re.IGNORECASE
)
"""What stands before a correction."""

DENIES = re.compile(rf"\b(?:{languages.NOT})\s\Z")
"""What stands right before an "is" that denies."""

ASKED = re.compile(r"(?![ ]?[A-Z][a-z])[^.,;:!?？\n(–—-]{0,40}[?？]")
"""What goes on from an option that is asked about."""

ASKED_WHY = re.compile(r"\b(?:why|how come|warum|pourquoi|perch[éÉ]|por qu[éÉ]|почему)\b[^.!?\n]{0,80}\Z")
"""What stands before an option that a question takes for granted."""

NEGATION = re.compile(
    r"\b(?:not|never|no|neither|nor|none|cannot|without|wrong|incorrect|false|eliminat\w*|unlikely|unlike|if"
    r"|rul(?:e|es|ed|ing) out|exclud\w*|instead of|rather than)\b|n['’]t\b|[✗✘❌]"
)
"""What makes it unclear whether a sentence speaks for the options it names."""

REJECTION = re.compile(
    r"\b(?:wrong|incorrect|false|eliminat\w*|rul(?:e|es|ed|ing) out"
    r"|(?:not|n['’]t) (?:be )?(?:correct|right|the (?:answer|correct|right|best)|it))\b|[✗✘❌]"
)
"""What makes clear that a sentence speaks against the one option it names."""

AGAINST = re.compile(
    NEGATION.pattern
    + r"|\b(?:nicht|kein\w*|falsch\w*|faux|fausse|pas|incorrect\w*|incorret\w*|err[aoó]\w*|sbagliat\w*"
    r"|fout|onjuist|не|неверн\w*|неправильн\w*|n[ãa]o|yanl[ıi]ş|salah|sai|second|other|alternative|instead|question"
    r"|difficulty|level|grade)\b|[不错錯误誤非틀]"
)
"""What a line, in lower case, says before its colon where the option behind that may not be its answer."""

CONCLUSION = re.compile(
    r"\W*(?:so|thus|therefore|hence|in conclusion|overall|in summary|this means|as a result|consequently)\b"
)
"""What a concluding sentence opens with."""
