"""An endpoint's refusal of a parameter is learnt from, however it is worded."""

from __future__ import annotations

import pytest

from tilth.teacher.http.dialect import Dialect

BODY = {"max_tokens": 5, "temperature": 0.7, "top_p": 0.9, "seed": 1, "stream_options": {}}


REFUSALS = [
    {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
        "code": "unsupported_parameter",
        "param": "max_tokens",
        "gone": {"max_tokens"},
    },
    {
        "message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
        "default (1) value is supported.",
        "code": "unsupported_value",
        "param": "temperature",
        "gone": {"temperature"},
    },
    {"message": "Unrecognized request argument supplied: stream_options", "gone": {"stream_options"}},
    {"message": '[{"type": "extra_forbidden", "loc": ["body", "seed"]}]', "gone": {"seed"}},
    {"message": "max_tokens is too large: 4096. This model supports at most 2048", "param": "max_tokens"},
    {"message": "The model `seed-oss` does not support this"},
    {"message": "Invalid 'messages[0].content': string too long", "param": "messages"},
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal["message"][:40])
def test_refusals_as_endpoints_word_them(refusal):
    dialect, gone = Dialect(max_completion_tokens=False), refusal.get("gone", set())
    learnt = dialect.learn(BODY, refusal["message"], refusal.get("code", ""), refusal.get("param", ""))
    assert learnt is bool(gone)
    sent = dialect.body({"temperature": 0.7, "top_p": 0.9}, max_tokens=5, sampling_seed=1, stream=True)
    assert set(BODY) - set(sent) == gone
