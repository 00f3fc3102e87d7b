"""The words by which a reply says which option it picks, doubts or rejects; for text in lower case."""

from __future__ import annotations

import re
import string

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def lowered(text: str) -> str:
    """The text with small letters for A to Z, and every position as it was: what these patterns read."""
    return text.translate(_LOWER)


# In other languages: the noun and "is". Letters beyond A to Z are not put in lower case.
_ANSWER = (
    "antwort|l[öÖ]sung|r[éÉ]ponse|respuesta|soluci[óÓ]n|risposta|soluzione|resposta|antwoord|svaret|svar|vastaus"
    "|odpowied[źŹ]|odpov[ěĚ][ďĎ]|odgovor|v[áÁ]lasz|r[ăĂ]spunsul|r[ăĂ]spuns|cevap|yan[ıIİi]t|jawabannya|jawaban"
    "|[đĐ][áÁ]p[ ][áÁ]n|tr[ảẢ][ ]l[ờỜ]i|[оО]твет|ОТВЕТ|[вВ]ідповідь|[оО]тговор|[αΑ]πάντηση|(?:ה)?תשובה"
    "|(?:ال)?[إا]جابة|الجواب|उत्तर|คำตอบ"
)
_IS = "ist|lautet|est|es|[éÉ]|[èÈ]|is|er|[äÄ]r|on|to|je|este|adalah|l[àÀ]|это|είναι|है"
_THE_OPTION = (
    r"(?:(?:[ ](?:la|el|le|die|der|de|a|o))?(?:[ ](?:l['’])?(?:opci[óÓ]n|op[çÇ][ãÃ]o|opzione|option|optie"
    r"|alternativ[ea]|variante|letra|lettera|lettre|вариант|буква))?"
    r"(?=[ ][(*\"“]{0,3}[a-z](?![a-z]|[ ][a-z][ ])))?"
)
_IN_OTHER_LANGUAGES = rf"""
    | (?:答案|正解|正答|解答|答え|回答|정답|답변|답)(?:[是为為はが은는]|\s?[：:])
    | (?<!不)[选選][择擇]?[ ：:]?(?=[(（]?[a-z](?![a-z]))
    | \b(?:{_ANSWER})\b[*_`"']{{0,4}}(?:[ ]\w{{1,15}}){{0,2}}?[*_`]{{0,4}}\s?
      (?:[:：=→]|[-–—](?=\s)|(?<=\s)(?:{_IS})\b{_THE_OPTION})
"""

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
      | (?:choose|chose|choosing|picked|pick|picking|select|selected|selecting
          |go(?:ing)?[ ](?:with|for)|went[ ]with|opt[ ]for|opting[ ]for|settle[ ]on
          |answer[ ]with|vote[ ]for|lean(?:ing)?[ ]towards?)\b:?
      | (?:leaves|leaving|left[ ]with|left[ ]is)\b(?:[ ]us|[ ]me)?(?:[ ]with)?
    )
    | ^[^\w\n]{0,6}(?:option|choice|selection|pick|label|verdict|correct)\b[*_`"' ]{0,4}:
    | (?P<weak>\b(?:
        (?:it|that|this)(?:['’]s|\s(?:is|must[ ]be|has[ ]to[ ]be|should[ ]be|would[ ]be))(?=\s)
      | (?:so|therefore|thus|hence|actually|no|wait|rather|i[ ](?:think|believe|guess|say)|i['’]d[ ]say)\b,?
    ))
    """
    + _IN_OTHER_LANGUAGES,
    re.MULTILINE | re.VERBOSE,
)
"""What an option follows. Behind a weak one it must end its sentence."""

FAINT_MARKER = re.compile(r"\b(?:is|are|est|es|ist|lautet|é|è|är)\b:?(?=\s)")
"""What an option follows at the end of a sentence, in a few languages, where nothing says more."""

PREDICATE = re.compile(
    r"""
    \b(?:is|are|was|would[ ]be|must[ ]be|should[ ]be|seems|has[ ]to[ ]be)
      (?:[ ](?:the|clearly|therefore|thus|indeed|definitely|actually|only|most|one|option|choice)){0,5}[ ]
      (?:correct|right(?![ ](?:hand|side|angle))|answer
        |best[ ](?:answer|choice|option|fit|match|description|explanation)
        |(?<=most[ ])(?:likely|accurate|appropriate|suitable|reasonable|plausible|fitting)
         (?![ ](?:to|not|wrong|incorrect|false)))\b
    | [-–—:(]\s?(?:correct|right)\b(?![ ]side)
    | [✓✔✅]
    | \b(?:remains|is[ ]left|fits[ ]best|works|fits|applies|makes[ ]sense)(?=[.!\n]|\Z)
    """,
    re.VERBOSE,
)
"""What follows an option."""

DOUBT = re.compile(
    r"""
    (?: \b(?:if|whether|unless|suppose|supposing|assuming|not|never|nor|neither|none|cannot|doubt)\b
      | n['’]t\b
      | \b(?:might|may|could|tempted|(?:some|many|people|students|you)[ ](?:would|think|say|choose|believe))\b
    )[^.,;:!?\n]{0,60}\Z
    | \b(?:wrong|incorrect|worst|least|tempting|common)\s(?:\w{1,20}\s){0,2}\Z
    """,
    re.VERBOSE,
)
"""What takes a marker or an option back that stands right behind it."""

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
