"""Answers of a language model: the likeliest token each time, many questions at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tilth.students.language_model.pretrained import Pretrained, head_on

BATCH = 64
"""Questions that are answered side by side: more gain little on a processor."""


def written(model: Pretrained, prompts: Sequence[str], max_new_tokens: int) -> list[tuple[str, bool]]:
    """What the model writes behind each prompt, and whether it met the limit before its end.

    A question that is answered leaves its batch, so that nothing is computed for it any more.
    """
    encoded = model.tokens(list(prompts)) if prompts else []
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    answers: list[tuple[str, bool]] = [("", False)] * len(encoded)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        with torch.inference_mode():
            said = _batch(model, [encoded[i] for i in chosen], max_new_tokens)
        for place, (tokens, ended) in zip(chosen, said, strict=True):
            text = model.tokenizer.decode(tokens, skip_special_tokens=True)
            answers[place] = (text, not ended)
    return answers


def _batch(
    model: Pretrained, prompts: Sequence[Sequence[int]], max_new_tokens: int
) -> list[tuple[list[int], bool]]:
    """Each prompt's new tokens, and whether one of them was an end. Prompts are padded in front."""
    network, device = model.network, model.device
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.long)
    for place, prompt in enumerate(prompts):
        ids[place, longest - len(prompt) :] = torch.tensor(prompt)
        mask[place, longest - len(prompt) :] = 1
    ids, mask = ids.to(device), mask.to(device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    said: list[list[int]] = [[] for _ in prompts]
    ended = [False] * len(prompts)
    alive = list(range(len(prompts)))
    cache = None
    for _ in range(max_new_tokens):
        with head_on(network, lambda hidden: hidden[:, -1]):
            out = network(
                input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True
            )
        cache = out.cache
        tokens = out.logits.argmax(-1)
        going = []
        for place, token in enumerate(tokens.tolist()):
            if token in model.ends:
                ended[alive[place]] = True
            else:
                said[alive[place]].append(token)
                going.append(place)
        if not going:
            break
        if len(going) < len(alive):
            kept = torch.tensor(going, device=device)
            cache.batch_select_indices(kept)
            alive = [alive[place] for place in going]
            mask, positions, tokens = mask[kept], positions[kept], tokens[kept]
        ids = tokens[:, None]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], 1)
        positions = positions[:, -1:] + 1
    return list(zip(said, ended, strict=True))
