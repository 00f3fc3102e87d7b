"""Tasks whose prompts are templates a user may replace, and reading the instruction a writer sends back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from tilth.arguments import of_kind
from tilth.seeds import Seed
from tilth.seeds.context import keeping_context
from tilth.tasks.base import Prompt, Task
from tilth.tasks.questions import QuestionReader, read_question, taken

__all__ = ["MAX_INSTRUCTION", "TemplateTask", "fill", "read_instruction", "read_question"]

MAX_INSTRUCTION = 16_000
"""Characters a written instruction may have, with the text or code that it works on."""

_Read = Callable[[str], str]

_PLACEHOLDER = "{question}"

_MARKER = (
    r"^[ \t>*_#\"'`“-]*(?:(?:new|rephrased|reworded|rewritten|final)[ \t]+)?(?:{names})[ \t*_]*:[ \t*_]*"
)
_INSTRUCTION = re.compile(_MARKER.format(names="instruction|question|task"), re.IGNORECASE | re.MULTILINE)


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
        return self._prompt("answer", question)

    def rephrase(self, seed: Seed) -> Prompt:
        """The template "rephrase" filled with the seed's question; its reply reads to a question.

        What of the seed's other columns stands below its question stays there as it is.
        """
        return self._writing("rephrase", seed, lambda read: keeping_context(seed.question, seed.extra, read))

    def write_new_question(self, seed: Seed) -> Prompt:
        """The template "new-question" filled with the seed's question; its reference is not shown."""
        return self._writing("new-question", seed, lambda read: read)

    def _prompt(self, purpose: str, question: str) -> Prompt:
        content = self._filled(self.prompts[purpose], question)
        return Prompt(({"role": "user", "content": content},), purpose)

    def _writing(self, purpose: str, seed: Seed, kept: Callable[[_Read], _Read]) -> Prompt:
        """The prompt whose reply reads to a question, by a reader of which `kept` makes another."""
        read = self._reader(purpose, seed.question)
        return replace(
            self._prompt(purpose, seed.question),
            read=kept(read),
            read_cut_off=kept(read.surely_whole) if isinstance(read, QuestionReader) else None,
        )

    def _filled(self, template: str, question: str) -> str:
        """The template with the question in its place."""
        return fill(template, question)

    def _reader(self, purpose: str, question: str) -> Callable[[str], str]:
        """What reads a writer's reply to a prompt of that purpose; `question` is the one it was shown."""
        return QuestionReader(question)


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
    if not others:
        return template.replace(_PLACEHOLDER, question)
    values = {"question": question, **others}
    names = "|".join(map(re.escape, values))
    return re.sub(rf"\{{({names})\}}", lambda place: values[place[1]], template)


def read_instruction(text: str) -> str:
    """The instruction in a writer's reply: all that follows the first line that opens with "Instruction:".

    It may have many lines, code and input among them, so nothing is cut off at its end.

    Raises:
        Unreadable: The reply is empty, holds none, or one of more than `MAX_INSTRUCTION` characters.
    """
    marker = _INSTRUCTION.search(text)
    return taken(text[marker.end() :] if marker else "", text, "instruction", MAX_INSTRUCTION)
