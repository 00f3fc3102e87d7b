"""What a folder for a trainer holds, whichever it is: turns, settings, and how a text stands in YAML."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Turns = Sequence[Mapping[str, str]]
"""A conversation that ends with the answer to learn: each turn with its role and content."""

TRAIN, VALIDATION = "data/train.jsonl", "data/validation.jsonl"
"""Where the rows stand in the folder."""

TRAINED = "trained"
"""Where the trained model goes, beside them."""

EPOCHS, BATCH, AT_ONCE = 3, 128, 8
LEARNING_RATE, WARM_UP, LONGEST = "0.00004", "0.03", 1536
"""The training of Chan et al. (arXiv 2409.19759): 3 epochs in batches of 128 rows of at most 1,536 tokens,
the learning rate warmed up over 3 % of the steps to 4e-5, then down along a cosine. As texts, since YAML 1.1
takes 4e-05 for no number. The batch is gathered from so many rows at once as fit on one small GPU."""

GATHERED = BATCH // AT_ONCE
A_STEP = f"{AT_ONCE} x {GATHERED} = {BATCH} rows a step, on one GPU"


@dataclass(frozen=True)
class Contents:
    """What a folder's texts tell of it.

    Attributes:
        model: The model to tune, by its name on the Hub or its folder.
        rows: How many rows there are to train on.
        validation_rows: How many to measure the loss on; 0: there is no such file.
        digest: Tells these rows from others, in 12 hex digits.
        system: Whether a row opens with a system prompt.
    """

    model: str
    rows: int
    validation_rows: int
    digest: str
    system: bool

    @property
    def steps(self) -> int:
        """How many steps the training takes."""
        return EPOCHS * math.ceil(self.rows / BATCH)


@dataclass(frozen=True)
class Trainer:
    """One trainer: how it reads rows, and what it is told.

    Attributes:
        title: How it calls itself.
        install: Brings it.
        command: Trains, in the folder.
        config: The file of its settings; `model_setting` names the model in it.
        without_gpu: What to do otherwise where there is no GPU, as Markdown.
        lora: What to set for LoRA, as YAML.
        example: A conversation as a line of its data.
        files: The texts of its files beside the data, by name.
    """

    title: str
    install: str
    command: str
    config: str
    model_setting: str
    without_gpu: str
    lora: str
    example: Callable[[Turns], Mapping[str, Any]]
    files: Callable[[Contents], Mapping[str, str]]
