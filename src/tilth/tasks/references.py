"""References that hold several texts, such as right replies or lines of tests."""

from __future__ import annotations

import json


def texts_in(reference: str) -> list[str] | None:
    """The texts of a reference that is a JSON list of them; None for any other."""
    if not reference.lstrip().startswith("["):
        return None
    try:
        texts = json.loads(reference)
    except (ValueError, RecursionError):
        return None
    return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else None
