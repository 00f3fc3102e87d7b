"""Keeps keys out of what is logged and shown."""

from __future__ import annotations

import os
import re

from tilth.teacher.http.redact import redacted

_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
# Redaction cuts what is longer than an endpoint's message; ours may be, so it goes sentence by sentence.
_SENTENCE = re.compile(r"(?<=[.;])\s+")


def without_secrets(text: str) -> str:
    """`text` without anything like a key, or the value of an environment variable named like one."""
    secrets = [
        value for name, value in os.environ.items() if any(part in name.upper() for part in _SECRET_NAMES)
    ]
    return "\n".join(
        " ".join(redacted(sentence, secrets) for sentence in _SENTENCE.split(line))
        for line in text.splitlines()
    )
