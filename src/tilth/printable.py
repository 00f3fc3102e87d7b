"""Foreign text as a terminal may show it: names and reasons come from models, servers and others' files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[\\/]|\\\\|file:")

LONGEST = 300
"""Characters that a name or a reason is shown with, at most, unless told otherwise."""


def printable(text: object, most: int = LONGEST) -> str:
    r"""One line without control characters, cut to so many characters.

    Example:
        >>> from tilth.printable import printable
        >>> printable("gpt\x1b]0;owned\x07-mini\n2")
        'gpt]0;owned-mini 2'
    """
    # what is cut away need not be looked at: a text may be megabytes
    line = without_controls(" ".join(str(text)[: 2 * most].split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def without_controls(text: str) -> str:
    """`text` without the characters that move a cursor, colour, or set a terminal's title."""
    return "".join(character for character in text if character.isprintable())


def without_folders(text: str) -> str:
    """A name as it may be published: of an absolute path its last part alone, anything else as it is.

    Example:
        >>> from tilth.printable import without_folders
        >>> without_folders("/home/me/models/small.gguf"), without_folders("org/small")
        ('small.gguf', 'org/small')
    """
    if "\n" in text or not _ABSOLUTE.match(text):
        return text
    return PurePosixPath(PureWindowsPath(text).as_posix()).name or text
