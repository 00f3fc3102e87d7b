"""From bytes to text: by a mark, as UTF-8, or as what Excel writes in western Europe, and then it is told."""

from __future__ import annotations

import codecs
import re

from tilth.seeds.sources.records import SourceError

# The marks of UTF-32 open with those of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LETTER = re.compile(r"[^\W\d_]")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")
# Signs that stand between letters where another code page's letters were taken for cp1252.
_SIGN_IN_WORD = re.compile(r"[^\W\d_][¡-©«-´¶-¹»-¿×÷†‡ˆ‰‹›˜™€][^\W\d_]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_BEYOND_ASCII_IN_A_ROW = re.compile(r"[^\x00-\x7f]{2,}")
_MOST_FOREIGN = 0.3
_MOST_IN_A_ROW = 0.5
"""Of letters and signs beyond ASCII: in western Europe they stand single among others."""

_SAMPLE = 40


def utf8_of(name: str, data: bytes, encoding: str | None) -> bytes:
    """The text as UTF-8, without a mark, where a mark or the user says what it is; else the bytes as given.

    Raises:
        SourceError: It is not in that encoding, or there is no such encoding.
    """
    known = encoding or next((one for mark, one in _MARKS if data.startswith(mark)), None)
    if known is None:
        return data
    try:
        text = codecs.decode(data, known)
    except LookupError as error:
        raise SourceError(
            f"there is no encoding {known!r}; Python knows such as 'utf-8', 'cp1252'"
        ) from error
    except ValueError as error:
        raise SourceError(f"{name} is not in {known}: {error}") from error
    return text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")


def text_of_table(name: str, data: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The text of a CSV file, and a word where its encoding had to be guessed.

    Raises:
        SourceError: It is neither UTF-8 nor plausible as Windows-1252.
    """
    data = utf8_of(name, data, encoding)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        found = _western(data)
        if found is None:
            raise SourceError(
                f"{name} line {line}: not UTF-8, and not plainly the cp1252 of Excel in western Europe; save "
                'the file as UTF-8 (Excel: "CSV UTF-8"), or pass its encoding, such as encoding="cp1251"'
            ) from error
        odd = _BEYOND_ASCII.search(found)
        start = max(0, (odd.start() if odd else 0) - _SAMPLE // 2)
        sample = " ".join(found[start : start + _SAMPLE].split())
        notice = (
            f'not UTF-8, so read as cp1252 (Windows, western Europe): "…{sample}…"; where that is wrong, '
            "pass encoding="
        )
        return found, (notice,)
    if "\0" in text[:1000]:
        raise SourceError(
            f'{name} holds NUL characters, as UTF-16 without a mark does; pass encoding="utf-16-le", or save '
            "it as UTF-8"
        )
    return text, ()


def _western(data: bytes) -> str | None:
    """The text as Windows-1252, where it looks like one of a language that is written in it."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    foreign, letters = len(_FOREIGN.findall(text)), len(_LETTER.findall(text))
    if foreign > _MOST_FOREIGN * letters or _SIGN_IN_WORD.search(text):
        return None
    in_a_row = sum(map(len, _BEYOND_ASCII_IN_A_ROW.findall(text)))
    if in_a_row > _MOST_IN_A_ROW * len(_BEYOND_ASCII.findall(text)):
        return None
    return text
