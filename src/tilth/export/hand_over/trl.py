"""TRL: a prompt and its completion a line, and the YAML of its command line."""

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
    TRAINED,
    WARM_UP,
    Contents,
    Trainer,
    Turns,
)
from tilth.export.quoting import quoted


def _example(turns: Turns) -> Mapping[str, Any]:
    """The loss is on the completion, so all turns before the last are the prompt."""
    return {"prompt": list(turns[:-1]), "completion": list(turns[-1:])}


def _files(contents: Contents) -> Mapping[str, str]:
    validation = "\ndataset_test_split: validation\neval_strategy: epoch" if contents.validation_rows else ""
    return {
        "sft.yaml": f"""\
# trl sft --config sft.yaml
model_name_or_path: {quoted(contents.model)}
dataset_name: ./data                 # prompt and completion
completion_only_loss: true
max_length: {LONGEST}                     # tokens; what is beyond is cut off

num_train_epochs: {EPOCHS}
per_device_train_batch_size: {AT_ONCE}
gradient_accumulation_steps: {GATHERED}      # {A_STEP}
learning_rate: {LEARNING_RATE}
lr_scheduler_type: cosine
warmup_steps: {WARM_UP}                   # a share of all steps
bf16: true
seed: 0
{validation}
output_dir: {TRAINED}
save_strategy: epoch
save_total_limit: 1
logging_steps: 1
report_to: none
"""
    }


TRL = Trainer(
    title="TRL",
    install='pip install "trl[peft]"',
    command="trl sft --config sft.yaml",
    config="sft.yaml",
    model_setting="model_name_or_path",
    without_gpu="`trl sft --config sft.yaml --bf16 false`",
    lora="use_peft: true\nlora_target_modules: all-linear",
    example=_example,
    files=_files,
)
