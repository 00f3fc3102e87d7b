"""Folders for trainers: what they hold, whatever the rows say, and what of others they never touch."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
import yaml
from datasets import load_dataset

import tilth
from tilth.export import FOLDERS, save

# What is told of a folder is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

HOSTILE = (
    "'\"\x00 - a: #b\r\n\u2028\x85\x1b[0m --- ... !!python/object {{content}} <|im_end|> Äpfel 🍎 \ufeff"
)
SYSTEM = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": HOSTILE},
    {"role": "assistant", "content": "Earlier."},
    {"role": "user", "content": "And?"},
    {"role": "assistant", "content": HOSTILE},
]
CONFIGS = {"trl": "sft.yaml", "axolotl": "config.yaml", "llama-factory": "sft.yaml"}
COMMANDS = {"trl": "trl sft", "axolotl": "axolotl train", "llama-factory": "llamafactory-cli train"}
MODELS = {"trl": "model_name_or_path", "axolotl": "base_model", "llama-factory": "model_name_or_path"}


@pytest.fixture
def whole(kept):
    """Four rows to train on, one of several turns, with texts that nobody would write."""
    return kept.with_columns(
        question=pl.Series([HOSTILE, "Hm?", "How much?", "Why?"]),
        response=pl.Series([HOSTILE[::-1], "18", "5", "So."]),
        messages=pl.Series([None, SYSTEM, None, None], dtype=kept.schema["messages"]),
    )


def lines(folder, name="train"):
    return [json.loads(line) for line in (folder / f"data/{name}.jsonl").read_text("utf-8").splitlines()]


def settings(folder, format):
    return yaml.safe_load((folder / CONFIGS[format]).read_text("utf-8"))


def conversation(format, line):
    """The turns of a line of data, and what of them is learnt."""
    if format == "trl":
        return [*line["prompt"], *line["completion"]], line["completion"]
    turns = [{name: turn[name] for name in ("role", "content")} for turn in line["messages"]]
    if format == "axolotl":
        return turns, [turn for turn, told in zip(turns, line["messages"], strict=True) if told["train"]]
    return turns, turns[-1:]


def test_the_formats_are_these():
    assert {*FOLDERS} == {*CONFIGS, "datasets"}


@pytest.mark.parametrize("format", CONFIGS)
def test_a_folder_holds_every_row_as_a_conversation_of_which_the_last_answer_is_learnt(
    whole, tmp_path, format
):
    folder = save(whole, tmp_path / "out", format=format)
    read = [conversation(format, line) for line in lines(folder)]
    for (turns, learnt), row in zip(read, whole.iter_rows(named=True), strict=True):
        asked_once = [("user", row["question"]), ("assistant", row["response"])]
        own = row["messages"] or [{"role": role, "content": content} for role, content in asked_once]
        assert turns == own
        assert learnt == turns[-1:]
    assert read[1][0] == SYSTEM
    # as the trainers load it, types taken from the file
    loaded = load_dataset(str(folder / "data"), split="train", cache_dir=str(tmp_path / "cache"))
    assert [conversation(format, line) for line in loaded] == read


@pytest.mark.parametrize("format", CONFIGS)
def test_the_settings_are_the_papers_and_name_nothing_that_is_not_there(whole, tmp_path, format):
    told = settings(save(whole, tmp_path / "out", format=format), format)
    at_once = told.get("per_device_train_batch_size") or told["micro_batch_size"]
    assert at_once * told["gradient_accumulation_steps"] == 128
    assert (told["learning_rate"], told.get("warmup_steps") or told["warmup_ratio"]) == (4e-5, 0.03)
    assert (told.get("num_train_epochs") or told["num_epochs"]) == 3
    assert (told.get("lr_scheduler_type") or told["lr_scheduler"]) == "cosine"
    assert (told.get("max_length") or told.get("cutoff_len") or told["sequence_len"]) == 1536
    assert told[MODELS[format]] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert "eval_strategy" not in told
    assert not (tmp_path / "out/data/validation.jsonl").exists()


def test_each_trainer_finds_its_data(whole, tmp_path):
    folder = {name: save(whole, tmp_path / name, format=name, validation=whole) for name in CONFIGS}
    assert (folder["trl"] / settings(folder["trl"], "trl")["dataset_name"] / "validation.jsonl").is_file()
    axolotl = settings(folder["axolotl"], "axolotl")
    for [data] in (axolotl["datasets"], axolotl["test_datasets"]):
        assert (folder["axolotl"] / data["path"]).is_file()
    factory = settings(folder["llama-factory"], "llama-factory")
    described = json.loads((folder["llama-factory"] / "dataset_info.json").read_text("utf-8"))
    for name in (factory["dataset"], factory["eval_dataset"]):
        assert (folder["llama-factory"] / described[name]["file_name"]).is_file()


def test_axolotl_prepares_changed_rows_anew(whole, tmp_path):
    def prepared(rows, **given):
        return settings(save(rows, tmp_path / "out", format="axolotl", **given), "axolotl")[
            "dataset_prepared_path"
        ]

    paths = [prepared(whole), prepared(whole.head(3)), prepared(whole, validation=whole), prepared(whole)]
    assert len(set(paths)) == 3
    assert paths[0] == paths[3]


@pytest.mark.parametrize("format", CONFIGS)
@pytest.mark.parametrize("model", ["Qwen/Qwen3-0.6B", "C: #\"'{}🍎", "no", "0x1f", "- a: &b *c"])
def test_a_model_stands_in_the_settings_as_it_is_called(whole, tmp_path, format, model):
    folder = save(whole, tmp_path / "out", format=format, model=model)
    assert settings(folder, format)[MODELS[format]] == model


def test_a_models_folder_stands_there_by_its_full_path(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    told = settings(save(whole, "out", format="trl", model="mine"), "trl")
    assert told["model_name_or_path"] == str((tmp_path / "mine").resolve())


@pytest.mark.parametrize("model", ["", " ", "a\nlearning_rate: 1", "a\x00", "x" * 2_000])
def test_a_model_that_cannot_be_one_is_refused(whole, tmp_path, model):
    with pytest.raises(ValueError, match="model must be a name"):
        save(whole, tmp_path / "out", format="trl", model=model)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", CONFIGS)
def test_validation_rows_are_chosen_as_the_others(whole, rows, tmp_path, format):
    folder = save(whole, tmp_path / "out", format=format, validation=rows)
    told = settings(folder, format)
    assert told["eval_strategy"] == "epoch"
    # neither the rejected nor the empty one
    assert [conversation(format, line)[0][-1]["content"] for line in lines(folder, "validation")] == [
        row["messages"][-1]["content"] if row["messages"] else row["response"]
        for row in rows.head(3).iter_rows(named=True)
    ]
    bare = pl.DataFrame({"question": ["2 + 2?"], "response": ["4"]})
    assert len(lines(save(whole, folder, format=format, validation=bare), "validation")) == 1


def test_rows_that_no_trainer_takes_are_left_out_and_told(whole, tmp_path):
    backwards = [{"role": "assistant", "content": "Hm."}, {"role": "user", "content": "Hm?"}]
    odd = whole.with_columns(messages=pl.Series([None, backwards, None, SYSTEM[:2]]))
    with pytest.warns(tilth.TilthWarning, match="out: left out: 2 rows in which user and assistant do not"):
        save(odd, tmp_path / "out", format="trl")
    assert len(lines(tmp_path / "out")) == 2
    with pytest.raises(ValueError, match="no row can be saved as 'trl': 2 rows in which"):
        save(odd[[1, 3]], tmp_path / "other", format="trl")
    with pytest.raises(ValueError, match="validation: no row can be saved as 'trl'"):
        save(whole, tmp_path / "other", format="trl", validation=odd[[1, 3]])
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_few_steps_are_told(whole, tmp_path):
    with pytest.warns(tilth.TilthWarning, match="its training takes 3 steps of up to 128 rows, after which"):
        save(whole, tmp_path / "out", format="llama-factory")


@pytest.mark.parametrize("format", CONFIGS)
def test_the_page_says_how_to_train_and_holds_nothing_of_a_row(whole, tmp_path, format):
    page = (save(whole, tmp_path / "out", format=format) / "README.md").read_text("utf-8")
    assert {"trl": "trl sft", "axolotl": "axolotl train", "llama-factory": "llamafactory-cli train"}[
        format
    ] in page
    assert "4 rows to train on" in page
    assert "Äpfel" not in page


# -- what is there already -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", CONFIGS)
def test_saving_again_replaces_the_rows_and_keeps_what_was_trained(whole, tmp_path, format):
    folder = save(whole, tmp_path / "out", format=format, validation=whole)
    (folder / "trained").mkdir()
    (folder / "trained/model.safetensors").write_bytes(b"weights")
    assert save(whole.head(2), folder, format=format) == folder
    assert len(lines(folder)) == 2
    assert not (folder / "data/validation.jsonl").exists()
    assert (folder / "trained/model.safetensors").read_bytes() == b"weights"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(whole, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    save(whole, project, format="trl")  # an empty one is filled
    shutil.rmtree(project)
    project.mkdir()
    (project / "README.md").write_text("# My project")
    with pytest.raises(FileExistsError, match="holds other files, which could be lost"):
        save(whole, project, format="trl")
    assert (project / "README.md").read_text() == "# My project"
    other = save(whole, tmp_path / "other", format="axolotl")
    with pytest.raises(FileExistsError, match="saved in this format before"):
        save(whole, other, format="trl")


def test_files_runs_and_missing_folders_are_told(whole, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is a file, and this format is a folder"):
        save(whole, tmp_path / "file", format="trl")
    with pytest.raises(ValueError, match="the name of a run's file"):
        save(whole, tmp_path / "run.tilth", format="trl")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save(whole, tmp_path / "none" / "out", format="trl")
    with pytest.raises(IsADirectoryError, match="add a file name"):
        save(whole, tmp_path, format="chat")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_the_folder_as_it_was(whole, tmp_path):
    folder = save(whole, tmp_path / "out", format="trl")
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with pytest.raises(TypeError):
        save(whole.with_columns(question=pl.lit(b"\xff")), folder, format="trl")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("given", [{"model": "a"}, {"validation": pl.DataFrame()}])
def test_what_only_a_folder_takes_is_refused_for_files(whole, tmp_path, given):
    [name] = given
    with pytest.raises(ValueError, match=f"{name}= is for 'trl', 'axolotl', 'llama-factory'"):
        save(whole, tmp_path / "out.jsonl", format="chat", **given)


def test_a_run_saves_itself_for_a_trainer(tmp_path):
    run = tilth.generate_sync(
        tilth.demo.seeds(5),
        "answer-augmentation",
        10,
        teacher=tilth.demo.teacher(),
        path=tmp_path / "r.tilth",
    )
    folder = run.save(tmp_path / "out", format="llama-factory", model="a/b", validation=run.rows)
    assert settings(folder, "llama-factory")["model_name_or_path"] == "a/b"
    assert len(lines(folder)) == run.progress.accepted + run.progress.unverified
