"""Axolotl: conversations that mark the turn to learn, and its YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.export.hand_over.trainer import (
    A_STEP,
    AT_ONCE,
    EPOCHS,
    GATHERED,
    LEARNING_RATE,
    LONGEST,
    TRAIN,
    TRAINED,
    VALIDATION,
    WARM_UP,
    Contents,
    Trainer,
    Turns,
)
from tilth.export.quoting import quoted


def _example(turns: Turns) -> Mapping[str, Any]:
    """Every turn says whether it is learnt: only the last is."""
    last = len(turns) - 1
    return {"messages": [{**turn, "train": place == last} for place, turn in enumerate(turns)]}


def _data(path: str) -> str:
    return f"""\
  - path: {path}
    ds_type: json
    split: train
    type: chat_template
    chat_template: tokenizer_default
    field_messages: messages
    message_property_mappings:
      role: role
      content: content
    message_field_training: train    # the loss is on the last answer only
    train_on_eos: turn
"""


def _files(contents: Contents) -> Mapping[str, str]:
    validation = ""
    if contents.validation_rows:
        validation = f"test_datasets:\n{_data(VALIDATION)}eval_strategy: epoch\n"
    return {
        "config.yaml": f"""\
# axolotl train config.yaml
base_model: {quoted(contents.model)}
datasets:
{_data(TRAIN)}{validation}val_set_size: 0
dataset_prepared_path: prepared/{contents.digest}   # of these rows: Axolotl does not see that a file changed
sequence_len: {LONGEST}                   # tokens
excess_length_strategy: truncate     # what is beyond is cut off

num_epochs: {EPOCHS}
micro_batch_size: {AT_ONCE}
gradient_accumulation_steps: {GATHERED}      # {A_STEP}
optimizer: adamw_torch
learning_rate: {LEARNING_RATE}
lr_scheduler: cosine
warmup_ratio: {WARM_UP}
bf16: auto                           # the weights too, which rounds small steps; false keeps them in fp32
attn_implementation: sdpa
seed: 0

output_dir: {TRAINED}
save_strategy: epoch
save_total_limit: 1
logging_steps: 1
"""
    }


AXOLOTL = Trainer(
    title="Axolotl",
    install="pip install axolotl",
    command="axolotl train config.yaml",
    config="config.yaml",
    model_setting="base_model",
    without_gpu="`axolotl train config.yaml --no-fp16`",
    lora="adapter: lora\nlora_r: 16\nlora_alpha: 32\nlora_target_linear: true",
    example=_example,
    files=_files,
)
