"""LoRA (Hu et al., 2106.09685): small matrices beside a frozen model's linear layers, as peft keeps them.

The matrices are float32 whatever the model is, for small updates would be lost in bfloat16; their product
runs in the model's type. peft itself computes in float32 there, which costs most of what bfloat16 saves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from tilth.errors import StudentError

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


class Pair(nn.Module):
    """The two matrices of one layer: `down` (rank, in) drawn, `up` (out, rank) zero."""

    def __init__(self, layer: nn.Linear, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        bound = 1 / math.sqrt(layer.in_features)
        drawn = torch.empty(rank, layer.in_features).uniform_(-bound, bound, generator=generator)
        device = layer.weight.device
        self.down = nn.Parameter(drawn.to(device))
        self.up = nn.Parameter(torch.zeros(layer.out_features, rank, device=device))


class _Adapted(nn.Module):
    """A frozen linear layer with its pair. It stands where the layer stood."""

    def __init__(self, layer: nn.Linear, pair: Pair, scale: float) -> None:
        super().__init__()
        self.layer, self.pair, self.scale = layer, pair, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        down, up = self.pair.down.to(x.dtype), self.pair.up.to(x.dtype)
        added: torch.Tensor = functional.linear(functional.linear(x, down), up * self.scale)
        return added.add_(self.layer(x)) if not added.requires_grad else added + self.layer(x)


class Adapter:
    """The pairs of a model's linear layers, by the layers' names.

    Attributes:
        rank: Of the pairs.
        alpha: Their product is scaled by alpha / rank.
        pairs: By name of the layer.
    """

    def __init__(self, rank: int, alpha: int, pairs: dict[str, Pair]) -> None:
        self.rank, self.alpha, self.pairs = rank, alpha, pairs

    @classmethod
    def drawn(cls, model: Any, rank: int, alpha: int, random_state: int) -> Adapter:
        """A new one, that changes nothing yet: every linear layer of the model but its head.

        Raises:
            StudentError: The model has no linear layers.
        """
        generator = torch.Generator().manual_seed(random_state)
        pairs = {name: Pair(layer, rank, generator) for name, layer in _layers(model)}
        if not pairs:
            raise StudentError(f"{type(model).__name__} has no linear layers that LoRA could be added to")
        return cls(rank, alpha, pairs)

    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [parameter for pair in self.pairs.values() for parameter in (pair.down, pair.up)]

    @contextmanager
    def on(self, model: Any) -> Iterator[None]:
        """Has the model use it inside the block; the same pairs may serve two copies of a model."""
        layers = dict(_layers(model))
        try:
            for name, layer in layers.items():
                _put(model, name, _Adapted(layer, self.pairs[name], self.alpha / self.rank))
            yield
        finally:
            for name, layer in layers.items():
                _put(model, name, layer)

    def state(self) -> dict[str, torch.Tensor]:
        """Copies of its matrices, named as peft names them."""
        found = {}
        for name, pair in self.pairs.items():
            for letter, matrix in (("A", pair.down), ("B", pair.up)):
                kept = matrix.detach().to("cpu", copy=True).contiguous()
                found[f"base_model.model.{name}.lora_{letter}.weight"] = kept
        return found

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Takes over matrices as `state` gives them.

        Raises:
            StudentError: They belong to another model or another rank.
        """
        own = {
            f"base_model.model.{name}.lora_{letter}.weight": matrix
            for name, pair in self.pairs.items()
            for letter, matrix in (("A", pair.down), ("B", pair.up))
        }
        if {name: tuple(matrix.shape) for name, matrix in own.items()} != {
            name: tuple(matrix.shape) for name, matrix in state.items()
        }:
            raise StudentError("the adapter belongs to another model, or has another rank")
        with torch.no_grad():
            for name, matrix in own.items():
                matrix.copy_(state[name])

    def save(self, folder: Path, base: str) -> None:
        """Writes it so that `peft.PeftModel.from_pretrained(model, folder)` loads it.

        Args:
            folder: Made where it is not there.
            base: What the adapted model is called.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": self.rank,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": False,
            "inference_mode": True,
            "target_modules": sorted({name.rpartition(".")[2] for name in self.pairs}),
        }
        save_file(self.state(), folder / WEIGHTS, metadata={"format": "pt"})
        (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def read_matrices(folder: Path) -> dict[str, torch.Tensor]:
    """The matrices that `Adapter.save`, or peft, wrote to a folder.

    Raises:
        StudentError: There are none, or the file is broken.
    """
    from safetensors import SafetensorError

    try:
        return dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError) as error:
        raise StudentError(f"{folder}: no adapter can be read there ({error})") from None


def _layers(model: Any) -> Iterator[tuple[str, nn.Linear]]:
    """The layers that are adapted. The head is tied to the embeddings in many models: it is left out."""
    head = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and module is not head:
            yield name, module


def _put(model: Any, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)
