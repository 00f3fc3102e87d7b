"""How quick a model is taken to be that this machine runs for one teacher alone."""

from __future__ import annotations

from dataclasses import dataclass

LowTypicalHigh = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Speed:
    """What calls to such a model take, for a plan made before any was asked.

    Attributes:
        start: Seconds until it answers at all: few, typically, many.
        prompt: Tokens of prompts it reads in a second, all calls together: at its best, typically, at worst.
        reply: Tokens of replies it writes in a second, in the same way.
        running_on: Tokens that replies typically have at least: small models run on.
        source: Where these numbers come from, in words.
    """

    start: LowTypicalHigh
    prompt: LowTypicalHigh
    reply: LowTypicalHigh
    running_on: int
    source: str


_BYTES_PER_SECOND = (10e9, 4e9, 1.5e9)
"""What a thread reads of a model's file; 2e9 to 9e9 were seen, on a busy and on a free core."""
_MOST_BYTES = (60e9, 25e9, 8e9)
"""What all threads read together: a machine's memory gives no more."""
_SIDE_BY_SIDE = 1.3
"""How many times as much comes of several replies at once: 1.2 to 1.5 were seen with four."""
_PROMPT = 2.0
"""How many times as quickly a prompt is read: 2 was seen, at either speed."""
_RUNNING_ON = 100
"""Tokens of a reply: 90 to 160 were seen of a small model, where a line would have done."""
_START = (1.0, 2.0, 10.0)
_LOADED_PER_SECOND = (4e9, 1e9, 1e8)


def of_file(size: int, threads: int, slots: int) -> Speed:
    """The speed of a model in a file of `size` bytes on a processor, which reads it once for each token."""
    gain = _SIDE_BY_SIDE if slots > 1 else 1.0
    reply = [
        gain * min(threads * each, most) / size
        for each, most in zip(_BYTES_PER_SECOND, _MOST_BYTES, strict=True)
    ]
    start = [first + size / rate for first, rate in zip(_START, _LOADED_PER_SECOND, strict=True)]
    best, typical, worst = reply
    on = "1 thread" if threads == 1 else f"{threads} threads"
    few, usual, many = start
    return Speed(
        start=(few, usual, many),
        prompt=(_PROMPT * best, _PROMPT * typical, _PROMPT * worst),
        reply=(best, typical, worst),
        running_on=_RUNNING_ON,
        source=(
            f"a model of {size / 1e6:,.0f} MB on {on} is taken to write {typical:,.0f} tokens a second, "
            f"{worst:,.1f} to {best:,.0f}, in replies of {_RUNNING_ON} or more"
        ),
    )
