"""How a llama.cpp server ended, for people: what went wrong, in its own last words, and what to do."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from tilth.printable import printable

_LESS_MEMORY = "take a smaller model, or lower context_tokens= or concurrency="
_LINES_TOLD = 3
_CHARACTERS_TOLD = 300
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][^\\/\s'\":]+)*[\\/](?=[^\\/\s'\":])")
_LOG_HEAD = re.compile(r"^[\d.]{4,30} [A-Z] +(?:(?:srv|cmn|slot|que) +)?")
_NOT_TELLING = re.compile(
    r"^(?:Traceback|\s|[\w.]*(?:Error|Exception): Failed to init)|exiting due to"
    r"|failed to load model(?:,? '|$)"
)
_MEMORY_WORDS = re.compile(
    r"failed to allocate|out of memory|cannot allocate|bad_alloc"
    r"|failed to (?:create|initialize).{0,20}context",
    re.IGNORECASE,
)
_TAKEN_WORDS = re.compile(r"couldn't bind|address already in use|failed to bind", re.IGNORECASE)
_CORRUPT_WORDS = re.compile(r"corrupt|incomplete|invalid magic|failed to load model|error loading model")
_UNKNOWN_WORDS = re.compile(r"unknown model architecture|unsupported|unknown (?:pre-tokenizer|tokenizer)")
_ADVICE = (
    (_TAKEN_WORDS, "another program took its port; try again"),
    (_MEMORY_WORDS, f"memory is too short; {_LESS_MEMORY}"),
    (_UNKNOWN_WORDS, "{program} does not know this kind of model; a newer one may"),
    (_CORRUPT_WORDS, "the file cannot be loaded; is it whole? Download it again"),
)


def how_it_ended(code: int, lines: Sequence[str], *, program: str, model: str) -> str:
    """The end of a sentence.

    Args:
        code: The process's exit code; below zero for a signal.
        lines: What it wrote last.
        program: What it is called.
        model: Path of the model's file, of which only the name is told.
    """
    told = _last_words(lines, model)
    said = f': it said "{told}"' if told else ""
    if code == -getattr(signal, "SIGILL", 4):
        return (
            f"this processor lacks instructions that {program} was built for (illegal instruction); pass "
            "server= with a llama-server built on this machine"
        )
    if code == -getattr(signal, "SIGKILL", 9):
        return f"it was killed, most likely because memory ran out; {_LESS_MEMORY}{said}"
    everything = "\n".join(lines)
    for words, advice in _ADVICE:
        if words.search(everything):
            return advice.format(program=program) + said
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return f"it ended with {how}{said}"


def _last_words(lines: Sequence[str], model: str) -> str:
    """Its last telling lines, printable, bounded, and without this machine's folders."""
    without = [_LOG_HEAD.sub("", line.replace(model, Path(model).name)) for line in lines]
    telling = [line for line in without if line.strip() and not _NOT_TELLING.search(line)]
    text = "; ".join(_PATH.sub("", line.strip()) for line in telling[-_LINES_TOLD:])
    return printable(text, _CHARACTERS_TOLD)
