"""Having a question written, and telling one that is none of its own."""

from __future__ import annotations

from tilth.errors import Unreadable
from tilth.seeds import Seed
from tilth.strategies.base import Ask
from tilth.tasks.base import Prompt, Task


async def written(prompt: Prompt, seed: Seed, ask: Ask, task: Task) -> str:
    """The question that the writer makes of a seed.

    Raises:
        Unreadable: It is the seed's own, or the reply holds none.
    """
    question = await ask(prompt, role="writer")
    if task.key(question) == task.key(seed.question):
        raise Unreadable("the seed's own question", "copy")
    return question
