"""LLaMA-Factory: conversations, their description in dataset_info.json, and the YAML of its command line."""

from __future__ import annotations

import json
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

# Its "openai" formatting adds a system prompt of its own.
_LAYOUT = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}


def _example(turns: Turns) -> Mapping[str, Any]:
    return {"messages": list(turns)}


def _files(contents: Contents) -> Mapping[str, str]:
    described = {"train": {"file_name": TRAIN, **_LAYOUT}}
    validation = ""
    if contents.validation_rows:
        described["validation"] = {"file_name": VALIDATION, **_LAYOUT}
        validation = "\neval_dataset: validation\neval_strategy: epoch"
    return {
        "dataset_info.json": json.dumps(described, indent=2) + "\n",
        "sft.yaml": f"""\
# llamafactory-cli train sft.yaml
model_name_or_path: {quoted(contents.model)}   # its own chat template is used, unless template: names another
stage: sft
do_train: true
finetuning_type: full
dataset: train                       # as dataset_info.json describes it
dataset_dir: .
overwrite_cache: true
mask_history: true                   # the loss is on the last answer only
cutoff_len: {LONGEST}                     # tokens; what is beyond is cut off

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
overwrite_output_dir: true           # set it to false to go on with a training that was broken off
save_strategy: epoch
save_total_limit: 1
logging_steps: 1
report_to: none
""",
    }


LLAMA_FACTORY = Trainer(
    title="LLaMA-Factory",
    install="pip install llamafactory",
    command="llamafactory-cli train sft.yaml",
    config="sft.yaml",
    model_setting="model_name_or_path",
    without_gpu="`llamafactory-cli train sft.yaml bf16=false`",
    lora="finetuning_type: lora\nlora_target: all",
    example=_example,
    files=_files,
)
