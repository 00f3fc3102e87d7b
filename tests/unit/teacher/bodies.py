"""Bodies that the tests of replies and of streams share."""

from __future__ import annotations

PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>...</body></html>"


def chat(usage=(40, 12), *, finish_reason="stop", choice=None, **message):
    told = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}} if usage else {}
    one = {"index": 0, "message": message, "finish_reason": finish_reason, **(choice or {})}
    return {"model": "m", "choices": [one], **told}
