"""A question as a model's chat template puts it, and what ends the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_QUESTION, _ANSWER, _NEXT = "⟦question⟧", "⟦answer⟧", "⟦next⟧"
"""Texts that no template holds, by which the parts of a rendered conversation are found."""


@dataclass(frozen=True, slots=True)
class Chat:
    """How one model is asked, worked out from its chat template once.

    Attributes:
        before: What stands before a question.
        after: What stands between a question and its answer.
        end: What ends an answer. It is learnt with it.
    """

    before: str
    after: str
    end: str

    @classmethod
    def of(cls, tokenizer: Any) -> Chat:
        """The chat of a tokenizer, without the system message that some templates add where none is given.

        Such a message costs its tokens in each row and teaches nothing. It is left out by asking the
        template for a second turn, which has none. A tokenizer without a template gets plain labels.
        """
        end = tokenizer.eos_token or ""
        if not getattr(tokenizer, "chat_template", None):
            begins = tokenizer("a").input_ids[:1] == [tokenizer.bos_token_id]
            return cls(f"{tokenizer.bos_token if begins else ''}Question: ", "\nAnswer: ", end)
        first = _rendered(tokenizer, [("user", _QUESTION)], ask=True)
        opening, said, after = first.partition(_QUESTION)
        if not said:
            raise ValueError("it does not hold the question as it is")
        whole = _rendered(tokenizer, [("user", _QUESTION), ("assistant", _ANSWER)])
        behind = whole.partition(_ANSWER)[2].lstrip()
        marks = [mark for mark in tokenizer.get_added_vocab() if mark and behind.startswith(mark)]
        end = max(marks, key=len, default=end)  # plain text would end an answer in its midst
        later = _rendered(tokenizer, [("user", _QUESTION), ("assistant", _ANSWER), ("user", _NEXT)], ask=True)
        before = opening
        if later.startswith(whole) and later.endswith(f"{_NEXT}{after}"):
            before = later[len(whole) :].split(_NEXT, 1)[0]
            begin = tokenizer.bos_token
            if begin and opening.startswith(begin) and not before.startswith(begin):
                before = begin + before
        return cls(before, after, end)

    def prompt(self, question: str) -> str:
        """A question, up to where its answer begins."""
        return f"{self.before}{question}{self.after}"


def _rendered(tokenizer: Any, turns: list[tuple[str, str]], *, ask: bool = False) -> str:
    messages = [{"role": role, "content": content} for role, content in turns]
    return str(
        tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=ask, enable_thinking=False
        )
    )
