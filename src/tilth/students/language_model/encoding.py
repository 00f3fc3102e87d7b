"""Rows as a language model reads them: tokens, how many of them are the question, and batches of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from tilth.students.language_model.pretrained import Pretrained

_POOL = 8
"""Batches that are drawn together and sorted by length, so that little of each is padding."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row: `tokens` of question and answer, the first `asked` of which are not learnt."""

    tokens: tuple[int, ...]
    asked: int


def encoded(model: Pretrained, pairs: Sequence[tuple[str, str]], max_length: int) -> list[Encoded]:
    """Questions and what is to be written to each, as tokens; those that are too long are left out."""
    if not pairs:
        return []
    chat = model.chat
    asked = model.tokens([chat.prompt(question) for question, _ in pairs])
    said = model.tokens([text + chat.end for _, text in pairs])
    rows = [
        Encoded((*question, *answer), len(question)) for question, answer in zip(asked, said, strict=True)
    ]
    return [row for row in rows if len(row.tokens) <= max_length]


def batches(lengths: Sequence[int], size: int, random_state: int) -> Iterator[list[int]]:
    """Places of rows, batch after batch, without an end: each row once an epoch, like lengths together."""
    rng = random.Random(random_state)
    while True:
        order = list(range(len(lengths)))
        rng.shuffle(order)
        made = []
        for start in range(0, len(order), size * _POOL):
            pool = sorted(order[start : start + size * _POOL], key=lengths.__getitem__)
            made += [pool[i : i + size] for i in range(0, len(pool), size)]
        rng.shuffle(made)
        yield from made


def padded(rows: Sequence[Encoded], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (rows, longest), padded behind, and which places (the same shape) write a learnt token.

    A causal model never looks ahead, so that padding behind needs no mask.
    """
    longest = max(len(row.tokens) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    writes = torch.zeros(len(rows), longest, dtype=torch.bool)
    for place, row in enumerate(rows):
        ids[place, : len(row.tokens)] = torch.tensor(row.tokens)
        writes[place, row.asked - 1 : len(row.tokens) - 1] = True
    return ids.to(device), writes.to(device)
