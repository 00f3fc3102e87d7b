"""TRL, Axolotl and LLaMA-Factory train on the folders that are saved for them, by their own commands.

Each is run where its command is found, beside this Python or on PATH: they do not fit into one environment.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

import tilth

pytest.importorskip("torch", reason="no torch to make a model with; install tilth[train]")
transformers = pytest.importorskip("transformers", reason="no transformers; install tilth[train]")

from tests.support.tiny_model import tiny_model  # noqa: E402 - it needs torch

# What is told of a folder is the business of its own tests.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::tilth.TilthWarning")]

FASTER = {
    "trl": "--learning_rate 0.01 --gradient_accumulation_steps 1 --num_train_epochs 12",
    "axolotl": "--learning-rate 0.01 --gradient-accumulation-steps 1 --num-epochs 12",
    "llama-factory": "learning_rate=0.01 gradient_accumulation_steps=1 num_train_epochs=12",
}
"""What turns each command into one after which a tiny model has learnt something."""
TRAINERS = tuple(FASTER)
ANSWER = "The answer is 5."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tilth.Run:
    path = tmp_path_factory.mktemp("run") / "r.tilth"
    seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
    return tilth.generate_sync(seeds, "answer-augmentation", 40, teacher=teacher, path=path)


@pytest.fixture(scope="module")
def model(run: tilth.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = run.rows
    return tiny_model(tmp_path_factory.mktemp("model"), [*rows["question"], *rows["response"]])


def noise(draw: random.Random) -> str:
    return "".join(draw.choices(string.ascii_letters, k=40))


def rows_of_noise(count: int, draw: random.Random) -> pl.DataFrame:
    """Rows in which nothing can be learnt but the last answer; every other one has an earlier answer."""
    rows = []
    for place in range(count):
        question, told = noise(draw), [{"role": "user", "content": noise(draw)}]
        told += [{"role": "assistant", "content": noise(draw)}, {"role": "user", "content": question}]
        messages = [*told, {"role": "assistant", "content": ANSWER}] if place % 2 else None
        row = {"question": question, "response": ANSWER, "messages": messages, "verdict": "accepted"}
        rows.append(row)
    turns = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    return pl.DataFrame(rows, schema_overrides={"messages": turns})


def train(folder: Path, faster: str = "") -> Path:
    """Runs the command that the folder's page gives for a machine without a GPU; the trained model."""
    page = (folder / "README.md").read_text("utf-8")
    [command] = re.findall(r"\*\*Without a GPU:\*\* `(.*)`", page)
    beside = Path(sys.executable).parent
    path = os.pathsep.join([str(beside), os.environ["PATH"]])
    program = command.split()[0]
    if shutil.which(program, path=path) is None:
        pytest.skip(f"{program} is neither beside {sys.executable} nor on PATH")
    around = {
        **os.environ,
        # its other programs lie beside it
        "PATH": os.pathsep.join([str(Path(shutil.which(program, path=path) or "").parent), path]),
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [*command.split(), *faster.split()],
        cwd=folder,
        env=around,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
    return folder / "trained"


def losses(trained: Path) -> list[float]:
    """The loss on the validation rows after each epoch."""
    [state] = trained.glob("checkpoint-*/trainer_state.json")
    history = json.loads(state.read_text("utf-8"))["log_history"]
    return [entry["eval_loss"] for entry in history if "eval_loss" in entry]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_folder_trains_as_it_is(trainer: str, run: tilth.Run, model: Path, tmp_path: Path) -> None:
    folder = run.save(tmp_path / "out", format=trainer, model=model)
    trained = transformers.AutoModelForCausalLM.from_pretrained(train(folder)).state_dict()
    before = transformers.AutoModelForCausalLM.from_pretrained(model).state_dict()
    assert trained.keys() == before.keys()
    assert any((trained[name] != weights).any() for name, weights in before.items())


@pytest.mark.parametrize("trainer", TRAINERS)
def test_nothing_is_learnt_but_the_last_answer(trainer: str, model: Path, tmp_path: Path) -> None:
    draw = random.Random(0)
    rows, validation = rows_of_noise(64, draw), rows_of_noise(8, draw)
    folder = tilth.save(rows, tmp_path / "out", format=trainer, model=model, validation=validation)
    measured = losses(train(folder, FASTER[trainer]))
    assert measured[0] > measured[-1]
    assert measured[-1] < 0.2  # any token of noise would be surprising: letters are drawn of 52


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_page_tells_how_to_train_an_adapter(
    trainer: str, run: tilth.Run, model: Path, tmp_path: Path
) -> None:
    folder = run.save(tmp_path / "out", format=trainer, model=model)
    [lora] = re.findall(r"```yaml\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    [settings] = folder.glob("*.yaml")
    changed = yaml.safe_load(settings.read_text("utf-8")) | yaml.safe_load(lora)
    if trainer == "axolotl":  # its own kernels, which it takes unasked, know no processor
        changed |= dict.fromkeys(("lora_mlp_kernel", "lora_qkv_kernel", "lora_o_kernel"), False)
    settings.write_text(json.dumps(changed), "utf-8")
    adapter = json.loads((train(folder) / "adapter_config.json").read_text("utf-8"))
    parts = {target.rpartition(".")[2] for target in adapter["target_modules"]}
    assert {"q_proj", "down_proj"} <= parts


def test_the_result_comes_back_as_the_page_says(run: tilth.Run, model: Path, tmp_path: Path) -> None:
    """The lines of the page, on a model that stands where a trained one would."""
    folder = run.save(tmp_path / "out", format="trl", model=model)
    shutil.copytree(model, folder / "trained")
    test = tilth.demo.questions("same", "test").head(3)
    study = tilth.study_sync(
        tilth.demo.seeds(10),
        test=test,
        strategies=["answer-augmentation"],
        ratios=[1],
        replicates=1,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "s.tilth",
    )
    [lines] = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    lines = lines.replace("max_new_tokens=512", "max_new_tokens=8").replace(
        "trained", str(folder / "trained")
    )
    names: dict[str, Any] = {"test": test, "run": run, "study": study}
    exec("\n".join(line for line in lines.splitlines() if "= ..." not in line), names)
    [added] = study.frame.filter(pl.col("student") == "tuned by TRL").to_dicts()
    assert (added["strategy"], added["ratio"], added["n_test"]) == ("answer-augmentation", 2.0, 3)
