"""A causal model and its tokenizer from this machine: a folder, a model of the Hub's cache, or a GGUF file.

Nothing is downloaded: what is missing is told, with the command that brings it.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import torch

from tilth.caching import cache_folder
from tilth.errors import StudentError
from tilth.students.language_model.chat import Chat
from tilth.students.language_model.presets import Device
from tilth.teacher.local.models import LocalModel


@dataclass(frozen=True)
class Pretrained:
    """A frozen model, ready to be adapted and asked.

    Attributes:
        network: The model itself, as transformers gives it; what adapts it for a while puts it back.
        tokenizer: Its tokenizer.
        name: What the model is called, without a path.
        device: Where it is.
    """

    network: Any
    tokenizer: Any
    name: str
    device: torch.device

    @cached_property
    def chat(self) -> Chat:
        """How it is asked.

        Raises:
            StudentError: Its chat template cannot be used.
        """
        try:
            return Chat.of(self.tokenizer)
        except Exception as error:  # a template is a program of others
            said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            raise StudentError(
                f"model {self.name}: its chat template cannot put a question and an answer to it ({said})"
            ) from error

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer."""
        found = self.tokenizer(self.chat.end, add_special_tokens=False).input_ids[:1]
        more = self.network.generation_config.eos_token_id
        found += more if isinstance(more, list) else [more]
        return frozenset(token for token in (*found, self.tokenizer.eos_token_id) if token is not None)

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Texts as the model reads them; the chat holds what a template adds, so nothing is added here."""
        return list(self.tokenizer(texts, add_special_tokens=False).input_ids)


def device_of(given: Device | None) -> torch.device:
    """Where a training runs: the one named, else a GPU where there is one.

    Raises:
        StudentError: The one named is not there.
    """
    if given is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if given not in get_args(Device):
        raise StudentError(f"device={given!r} is unknown; choose one of {', '.join(get_args(Device))}")
    if (given == "cuda" and not torch.cuda.is_available()) or (
        given == "mps" and not torch.backends.mps.is_available()
    ):
        raise StudentError(
            f"device={given!r}: torch finds none on this machine; leave device out, or use 'cpu'"
        )
    return torch.device(given)


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16, and does not only imitate it, which is unusably slow."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    features = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(features.get("amx_bf16") or features.get("avx512_bf16"))


def type_on(device: torch.device) -> torch.dtype:
    """The type to train and to ask in. On a processor bfloat16 is two to three times as fast as float32."""
    return torch.bfloat16 if computes_bfloat16(device) else torch.float32


def machine_of(device: torch.device) -> str:
    """The device and the type, in words: what makes the same training end with other answers."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    elif device.type == "cpu":
        name = str(torch.cpu.get_capabilities().get("cpu_name") or "CPU")
    else:
        name = device.type
    return f"{name}, {str(type_on(device)).removeprefix('torch.')}"


@lru_cache(maxsize=1)
def pretrained(files: LocalModel, device: torch.device) -> Pretrained:
    """Loads a model; the last one is kept, for a process trains many students on the same.

    Raises:
        StudentError: It cannot be read.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = files.path if files.path.is_dir() else _taken_apart(files)
    # On short rows the gradient of the fused attention takes a fifth of a training's time on a processor.
    attention = "eager" if device.type == "cpu" else "sdpa"
    with _quiet(), _told(files.title):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModelForCausalLM.from_pretrained(
            folder, dtype=type_on(device), attn_implementation=attention, local_files_only=True
        )
    network.requires_grad_(requires_grad=False).to(device).eval()
    return Pretrained(network, tokenizer, files.title, device)


def _taken_apart(files: LocalModel) -> Path:
    """A folder that transformers reads in seconds: a GGUF file is converted once, and kept in the cache."""
    kept = cache_folder("models") / files.digest[:32]
    if (kept / "config.json").is_file():
        return kept
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    kept.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="converting-", dir=kept.parent))
    try:
        with _quiet(), _told(files.title):
            source, file = files.path.parent, files.path.name
            model = AutoModelForCausalLM.from_pretrained(
                source,
                gguf_file=file,
                dtype=torch.bfloat16,
                quantization_config=GgufConfig(dequantize=True),
                local_files_only=True,
            )
            model.save_pretrained(making)
            tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=file, local_files_only=True)
            tokenizer.save_pretrained(making)
        try:
            making.rename(kept)
        except OSError:  # another process was faster
            if not (kept / "config.json").is_file():
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return kept


@contextmanager
def head_on(network: Any, chosen: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Has the model's head read only what is `chosen` of the hidden states (rows, length, width).

    Over a large vocabulary the head costs as much as many layers. It gets a matrix that lies in one piece:
    given a part of another, torch copies the head's weights once for each row.
    """
    head = network.get_output_embeddings()
    handle = head.register_forward_pre_hook(lambda _, given: (chosen(given[0]).contiguous(), *given[1:]))
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Says of what cannot be loaded which model it is; libraries raise all sorts of errors there."""
    try:
        yield
    except ImportError as error:
        raise StudentError(
            f'model {name}: {error}; install what it needs: pip install "tilth[train]"'
        ) from None
    except Exception as error:
        said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise StudentError(f"model {name}: transformers cannot load it ({said})") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps progress bars and notes of transformers out of notebooks and logs while a model is loaded."""
    from transformers.utils import logging as told

    bars, level = told.is_progress_bar_enabled(), told.get_verbosity()
    told.disable_progress_bar()
    told.set_verbosity(logging.ERROR)
    try:
        with redirect_stderr(StringIO()):  # the bar of a GGUF's conversion heeds no setting
            yield
    finally:
        told.set_verbosity(level)
        if bars:
            told.enable_progress_bar()
