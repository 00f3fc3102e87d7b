"""What the server of `serve` replies: a pure function of messages and seed."""

from __future__ import annotations

import hashlib
import json
from typing import Any


class Model:
    """The replies: a pure function of messages and seed."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = {question.strip(): replies for question, replies in answers.items()}
        self.index = {question: number for number, question in enumerate(self.answers)}

    def question(self, messages: list[dict[str, str]]) -> str:
        text = str(messages[-1].get("content", "")) if messages else ""
        lines = text.splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("Question:")]
        if not starts:
            return text.strip()
        return "\n".join(lines[starts[-1] :]).removeprefix("Question:").strip()

    def reply(self, messages: list[dict[str, str]], seed: Any) -> str:
        question = self.question(messages)
        draw = int(hashlib.sha256(json.dumps([messages, seed]).encode()).hexdigest()[:8], 16)
        prompt = str(messages[-1].get("content", "")) if messages else ""
        if question != prompt.strip():
            if "rephrase" in prompt.lower():
                return f"Question: Put otherwise ({draw}): {question}"
            if "new question" in prompt.lower():
                return f"Question: A new question ({draw}) after: {question}"
        if question.startswith("Put otherwise ("):
            question = question.partition("): ")[2]
        replies = self.answers.get(question)
        if replies:
            return replies[draw % len(replies)]
        return f"To answer this: {question}\nThe answer is {draw % 1000}.\n#### {draw % 1000}"
