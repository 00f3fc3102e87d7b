"""The page beside the rows: how to train on them, what may be changed, and how a result comes back."""

from __future__ import annotations

from tilth.export.hand_over.trainer import AT_ONCE, BATCH, GATHERED, LONGEST, TRAINED, Contents, Trainer


def mark(trainer: Trainer) -> str:
    """The page's first line, by which a folder of ours is told from others."""
    return f"# Rows for {trainer.title}, written by Tilth"


def readme(trainer: Trainer, contents: Contents) -> str:
    """The page, as Markdown. Nothing of a row stands in it."""
    held = f"{contents.rows:,} {'row' if contents.rows == 1 else 'rows'} to train on"
    if contents.validation_rows:
        held += f", and {contents.validation_rows:,} on which the loss is measured after each epoch"
    system = '{"role": "system", "content": "..."}, ' if contents.system else ""  # the rows have it, too
    return f"""\
{mark(trainer)}

{held}. In this folder:

```bash
{trainer.install}
{trainer.command}
```

The trained model goes to `{TRAINED}`. All settings stand in `{trainer.config}`:

- **Model:** `{trainer.model_setting}` names it: any causal model with a chat template, on the Hugging Face
  Hub or in a folder of yours.
- **Training:** as in Chan et al. (arXiv 2409.19759): three epochs, batches of {BATCH} rows of at most
  {LONGEST:,} tokens, a learning rate of at most 4e-5, the loss on the last answer only. In steps that
  is {contents.steps:,}. Where these are few, say below 50, a model hardly changes: lower
  `gradient_accumulation_steps`.
- **Memory:** {AT_ONCE} rows are on the GPU at once, and {GATHERED} times as many make a batch. If you change
  the one, change the other; on several GPUs, divide `gradient_accumulation_steps` by their number.
- **Without a GPU:** {trainer.without_gpu}.
- **A model too large to be trained whole:** train a LoRA adapter, with a learning rate ten times as high:

```yaml
{trainer.lora}
learning_rate: 0.0004
```

## The result, beside those of a study

Ask the trained model the questions of a test set, and hand Tilth its replies: it reads and grades them as it
grades its own students.

```python
import tilth
from transformers import pipeline

test = ...  # a frame with question and reference
run = ...  # the run whose rows these are: tilth.open_run("....tilth")
study = ...  # the study to set it beside: tilth.open_study("....tilth")

asked = [[{system}{{"role": "user", "content": question}}] for question in test["question"]]
model = pipeline("text-generation", "{TRAINED}")
replies = model(asked, max_new_tokens=512, do_sample=False)
answers = [reply[0]["generated_text"][-1]["content"] for reply in replies]

frame, outcomes = tilth.results(answers, test=test, run=run, student="tuned by {trainer.title}")
study.add(frame, outcomes)  # tilth.chart(study) draws it with the study's own
```
"""
