"""Tasks whose prompts are templates a user may replace, and reading the question a writer sends back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from tilth.arguments import of_kind
from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.seeds.context import keeping_context
from tilth.tasks.base import Prompt, Task

MAX_QUESTION = 4_000
"""Characters a written question may have; longer ones are rejected."""

MAX_INSTRUCTION = 16_000
"""Characters a written instruction may have, with the text or code that it works on."""

_PLACEHOLDER = "{question}"

_MARKER = (
    r"^[ \t>*_#\"'`“-]*(?:(?:new|rephrased|reworded|rewritten|final)[ \t]+)?(?:{names})[ \t*_]*:[ \t*_]*"
)
_QUESTION = re.compile(_MARKER.format(names="question"), re.IGNORECASE | re.MULTILINE)
_INSTRUCTION = re.compile(_MARKER.format(names="instruction|question|task"), re.IGNORECASE | re.MULTILINE)
_NEXT_PART = re.compile(
    r"^[ \t>*_#]*(?:step-by-step[ \t]+)?(?:answer|solution|explanation|note)[ \t*_]*:",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
_PAIRS = (("**", "**"), ("__", "__"), ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("`", "`"))


@dataclass(frozen=True)
class TemplateTask(Task):
    """A task that asks by templates with a question in them, as all built-in ones do.

    A subclass names its `templates`, and says how a question is put into one and how a written question is
    read where that takes more than here.

    Raises:
        ValueError: `prompts` names a purpose that is not in `templates`, or a template lacks `{question}`.
    """

    templates: ClassVar[Mapping[str, str]]
    """By purpose: "answer", "rephrase", "new-question". The user's `prompts` stand in for these."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", _completed(self.templates, self.prompts, self.name))

    def answer(self, question: str) -> Prompt:
        """The filled template "answer"; its reply is handed on whole."""
        return self._prompt("answer", question, None)

    def rephrase(self, seed: Seed) -> Prompt:
        """The template "rephrase" filled with the seed's question; its reply reads to a question.

        What of the seed's other columns stands below its question stays there as it is.
        """
        read = keeping_context(seed.question, seed.extra, self._reader("rephrase", seed.question))
        return self._prompt("rephrase", seed.question, read)

    def write_new_question(self, seed: Seed) -> Prompt:
        """The template "new-question" filled with the seed's question; its reference is not shown."""
        return self._prompt("new-question", seed.question, self._reader("new-question", seed.question))

    def _prompt(self, purpose: str, question: str, read: Callable[[str], str] | None) -> Prompt:
        content = self._filled(self.prompts[purpose], question)
        return Prompt(({"role": "user", "content": content},), purpose, read)

    def _filled(self, template: str, question: str) -> str:
        """The template with the question in its place."""
        return fill(template, question)

    def _reader(self, purpose: str, question: str) -> Callable[[str], str]:
        """What reads a writer's reply to a prompt of that purpose; `question` is the one it was shown."""
        return read_question


def _completed(defaults: Mapping[str, str], given: Mapping[str, str], task: str) -> dict[str, str]:
    """The task's templates with the user's in their place.

    Raises:
        ValueError: A purpose the task does not have, or a template without `{question}`.
    """
    for purpose, template in of_kind(given, Mapping, "prompts", "templates by purpose, as a dict").items():
        if purpose not in defaults:
            known = ", ".join(repr(name) for name in defaults)
            raise ValueError(f"task {task!r} has no prompt {purpose!r}; it has {known}")
        if _PLACEHOLDER not in of_kind(template, str, f"the {purpose!r} prompt", "a template, as text"):
            raise ValueError(
                f"the {purpose!r} prompt of task {task!r} lacks the placeholder {_PLACEHOLDER}; "
                "put it where the question goes"
            )
    return {**defaults, **given}


def fill(template: str, question: str, **others: str) -> str:
    """`template` with the question in its place, and `others` in that of `{their_name}`.

    Other braces, as in LaTeX or inside what was filled in, stay as they are.
    """
    values = {"question": question, **others}
    names = "|".join(map(re.escape, values))
    return re.sub(rf"\{{({names})\}}", lambda place: values[place[1]], template)


def read_question(text: str) -> str:
    """The question in a writer's reply: what stands after the last line that opens with "Question:".

    A reply without that marker is taken where exactly one of its paragraphs asks something.

    Raises:
        Unreadable: The reply is empty, holds no question, or one of more than `MAX_QUESTION` characters.
    """
    bare = without_fences(text)
    markers = list(_QUESTION.finditer(bare))
    if markers:
        question = bare[markers[-1].end() :]
        if following := _NEXT_PART.search(question):
            question = question[: following.start()]
    else:
        asking = [part for part in re.split(r"\n[ \t]*\n", bare) if "?" in part]
        question = asking[0] if len(asking) == 1 else ""
    return _taken(question, text, "question", MAX_QUESTION)


def read_instruction(text: str) -> str:
    """The instruction in a writer's reply: all that follows the first line that opens with "Instruction:".

    It may have many lines, code and input among them, so nothing is cut off at its end.

    Raises:
        Unreadable: The reply is empty, holds none, or one of more than `MAX_INSTRUCTION` characters.
    """
    marker = _INSTRUCTION.search(text)
    return _taken(text[marker.end() :] if marker else "", text, "instruction", MAX_INSTRUCTION)


def without_fences(text: str) -> str:
    """The text without the lines that open and close blocks."""
    return _FENCE.sub("", text)


def _taken(found: str, reply: str, what: str, most: int) -> str:
    """What was found in a reply, unwrapped, where it is something and not too long."""
    if not reply.strip():
        raise Unreadable("empty reply", "empty")
    found = _unwrap(found)
    if not found:
        raise Unreadable(f"no {what} found", "no-question")
    if len(found) > most:
        raise Unreadable(f"{what} of {len(found):,} characters; at most {most:,} are taken", "too-long")
    return found


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
