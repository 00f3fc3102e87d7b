"""TRL's trainers take the files as they are: their data step ends with the tokens that are learnt."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tilth.export import save

pytest.importorskip("torch", reason="no torch to make a model with; install tilth[train]")
trl = pytest.importorskip("trl", reason="no trl; install tilth[train]")
datasets = pytest.importorskip("datasets", reason="no datasets")

# What is told of a file is the business of its own tests.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def _settings(folder: Path) -> dict[str, object]:
    return {"output_dir": str(folder), "report_to": "none", "use_cpu": True, "bf16": False, "max_length": 128}


def _loaded(path: Path, folder: Path) -> object:
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))


@pytest.mark.parametrize("format", ["chat", "prompt-completion"])
def test_sft_trainer_takes_rows(plant_rows: pl.DataFrame, tiny: Path, tmp_path: Path, format: str) -> None:
    path = save(plant_rows, tmp_path / "rows.jsonl", format=format)
    trainer = trl.SFTTrainer(
        model=str(tiny),
        args=trl.SFTConfig(**_settings(tmp_path)),
        train_dataset=_loaded(path, tmp_path),
    )
    taken = [trainer.processing_class.decode(row["input_ids"]) for row in trainer.train_dataset]
    assert len(taken) == plant_rows.height
    for text, row in zip(taken, plant_rows.iter_rows(named=True), strict=True):
        assert row["question"] in text
        assert row["response"] in text
    if format == "prompt-completion":
        batch = trainer.data_collator([trainer.train_dataset[0]])
        learnt = [token for token in batch["labels"][0].tolist() if token != -100]
        text = trainer.processing_class.decode(learnt)
        assert plant_rows["response"][0] in text
        assert plant_rows["question"][0] not in text


def test_dpo_trainer_takes_pairs(plant_rows: pl.DataFrame, tiny: Path, tmp_path: Path) -> None:
    pairs = plant_rows.select("question", chosen="response", rejected=pl.lit("No idea."), margin=pl.lit(1.0))
    path = save(pairs, tmp_path / "pairs.jsonl", format="preference")
    trainer = trl.DPOTrainer(
        model=str(tiny), args=trl.DPOConfig(**_settings(tmp_path)), train_dataset=_loaded(path, tmp_path)
    )
    first = trainer.train_dataset[0]
    read = trainer.processing_class.decode
    assert pairs["question"][0] in read(first["prompt_ids"])
    assert pairs["chosen"][0] in read(first["chosen_ids"])
    assert "No idea." in read(first["rejected_ids"])
