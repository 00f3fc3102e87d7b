"""Each format is loaded by what reads it, at the first try: `datasets`, `polars`, the rules of OpenAI."""

from __future__ import annotations

import json
from collections import defaultdict

import polars as pl
import pytest
from datasets import load_dataset

import tilth
from tilth.export import save

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

COLUMNS = {
    "chat": {"messages"},
    "prompt-completion": {"prompt", "completion", "weight", "reasoning"},
    "sharegpt": {"conversations", "weight", "reasoning"},
    "alpaca": {"instruction", "input", "output", "weight", "reasoning"},
    "preference": {"prompt", "chosen", "rejected", "margin"},
}
SUFFIXES = {"alpaca": "json"}


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """Rows of a run, some of which think, with a weight that comes late."""
    path = tmp_path_factory.mktemp("run") / "r.tilth"
    rows = tilth.generate_sync(
        tilth.demo.seeds(20), "answer-augmentation", 20, teacher=tilth.demo.teacher(), path=path
    ).rows.filter(pl.col("verdict") != "rejected")
    late = pl.int_range(pl.len()) == pl.len() - 1
    return rows.with_columns(
        response=pl.when(late).then(pl.lit("<think>Hm.</think>") + pl.col("response")).otherwise("response"),
        weight=pl.when(late).then(0.5),
    )


@pytest.mark.parametrize("format", COLUMNS)
def test_datasets_loads_every_file_with_all_its_fields(grown, tmp_path, format):
    rows, options = grown, {"reasoning": "field"}
    if format == "preference":
        rows = grown.select(
            "question", chosen="response", rejected=pl.lit("I do not know"), margin=pl.lit(0.5)
        )
        options = {}
    path = save(rows, tmp_path / f"out.{SUFFIXES.get(format, 'jsonl')}", format=format, **options)
    loaded = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == rows.height
    assert set(loaded.column_names) == COLUMNS[format]
    assert pl.read_json(path).height == rows.height if format == "alpaca" else pl.read_ndjson(path).height


@pytest.mark.parametrize("validation", [False, True])
def test_datasets_loads_its_folder_by_name(grown, tmp_path, validation):
    held_out = grown.head(3).with_columns(reason=pl.lit(None)) if validation else None
    folder = save(grown, tmp_path / "mine", format="datasets", validation=held_out)
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: split.num_rows for name, split in loaded.items()} == {
        "train": grown.height,
        **({"validation": 3} if validation else {}),
    }
    assert loaded["train"].column_names == grown.columns
    assert loaded["train"]["question"][:] == grown["question"].to_list()
    save(grown, folder, format="datasets")  # one of ours is written anew
    assert not (folder / "data/validation.parquet").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/README.md").write_text("---\nmine: 1\n---\n")
    with pytest.raises(FileExistsError, match="holds other files"):
        save(grown, tmp_path / "other", format="datasets")


def _openai_errors(path):
    """What the checks find that OpenAI publishes for fine-tuning (its cookbook, on preparing chat data)."""
    found = defaultdict(int)
    for line in path.read_text("utf-8").splitlines():
        messages = json.loads(line).get("messages")
        if not messages:
            found["missing_messages_list"] += 1
            continue
        for message in messages:
            found["message_missing_key"] += "role" not in message or "content" not in message
            known = ("role", "content", "name", "function_call", "weight")
            found["message_unrecognized_key"] += any(key not in known for key in message)
            found["unrecognized_role"] += message.get("role") not in (
                "system",
                "user",
                "assistant",
                "function",
            )
            content = message.get("content")
            found["missing_content"] += not content or not isinstance(content, str)
        found["example_missing_assistant_message"] += not any(one["role"] == "assistant" for one in messages)
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("reasoning", ["inline", "drop"])
@pytest.mark.parametrize("system", [True, "Be brief."])
def test_openai_takes_a_chat_file(grown, tmp_path, reasoning, system):
    path = save(grown, tmp_path / "out.jsonl", format="chat", reasoning=reasoning, system=system)
    assert len(path.read_text("utf-8").splitlines()) >= 10
    assert _openai_errors(path) == {}
