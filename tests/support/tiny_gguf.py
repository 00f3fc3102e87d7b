"""Writes a tiny random language model as a GGUF file: real enough for a real llama.cpp server."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

CONTEXT, WIDTH, HEADS, FEED, LAYERS = 4096, 32, 4, 64, 2
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}<assistant>"
)
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6


def write_tiny_model(path: Path, *, seed: int = 0, template: bool = True) -> Path:
    """A llama of two layers over bytes and single letters, 100 kB; it writes letters at random."""
    from gguf import GGUFWriter

    letters = [*string.ascii_lowercase, *string.digits, "▁", ".", ","]
    specials = [("<unk>", _UNKNOWN), ("<s>", _CONTROL), ("</s>", _CONTROL)]
    tokens = [*specials, *((f"<0x{i:02X}>", _BYTE) for i in range(256)), *((x, _NORMAL) for x in letters)]
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_scores([-float(i) for i in range(len(tokens))])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    if template:
        writer.add_chat_template(TEMPLATE)
    draws = np.random.default_rng(seed)

    def weights(*shape: int, scale: float = 0.2) -> np.ndarray:
        return (draws.standard_normal(shape) * scale).astype(np.float32)

    output = weights(len(tokens), WIDTH, scale=2.0)
    output[: -len(letters)] = 0.0  # so that letters are drawn, and bytes that are no text seldom are
    writer.add_tensor("token_embd.weight", weights(len(tokens), WIDTH, scale=1.0))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", weights(FEED, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", weights(FEED, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", weights(WIDTH, FEED))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
