"""Foreign text in YAML and JSON files of ours, as both take it alike."""

from __future__ import annotations

import json
import re

# All that YAML forbids in a text or breaks lines at, beside what JSON escapes already.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """A text as JSON and as YAML take it alike."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
