"""Embedders: the same text has the same vector, and texts that share rare words are alike."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth

TEXTS = st.lists(st.text("ab é3?", max_size=12), max_size=6)


@given(TEXTS, TEXTS)
def test_a_text_has_the_same_vector_whatever_stands_beside_it(some: list[str], others: list[str]) -> None:
    embedder = tilth.curate.TfIdf(dimensions=32)
    together, alone = embedder.embed([*some, *others]), embedder.embed(some)
    assert together.shape == (len(some) + len(others), 32)
    np.testing.assert_allclose(together[: len(some)], alone, atol=1e-6)


def test_vectors_have_norm_1_but_for_texts_that_say_nothing() -> None:
    vectors = tilth.curate.TfIdf().embed(["", "  ?! ", "two hens", "2"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [0, 0, 1, 1], atol=1e-6)


def test_rare_words_weigh_more_once_it_is_fitted() -> None:
    common = [f"how many {thing} are there" for thing in ("hens", "cars", "pens", "maps", "keys", "bags")]
    texts = ["how many otters are there", "otters swim"]
    fitted = tilth.curate.TfIdf().fitted([common, texts])
    first, hens, otters = fitted.embed([texts[0], common[0], texts[1]])
    plain = tilth.curate.TfIdf().embed([texts[0], common[0], texts[1]])
    assert first @ otters - first @ hens > plain[0] @ plain[2] - plain[0] @ plain[1]
    again = tilth.curate.TfIdf().fitted(iter([common[:3], [], [*common[3:], *texts]]))
    np.testing.assert_array_equal(again.embed(texts), fitted.embed(texts))


def test_another_process_makes_the_same_vectors() -> None:
    code = "import tilth; print(tilth.curate.TfIdf(dimensions=8).embed(['three grey hens']).tobytes().hex())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == tilth.curate.TfIdf(dimensions=8).embed(["three grey hens"]).tobytes().hex()


def test_what_it_is_is_told_and_what_it_cannot_be_refused() -> None:
    identity = tilth.curate.TfIdf(dimensions=8, random_state=3).identity
    assert (identity["kind"], identity["dimensions"], identity["random_state"]) == ("tf-idf", 8, 3)
    with pytest.raises(ValueError, match="dimensions is 0; pass 1 to 4,096"):
        tilth.curate.TfIdf(dimensions=0)
    with pytest.raises(TypeError, match="embedder is a str; pass an embedder"):
        tilth.curate.select(tilth.demo.seeds(5).frame, 2, "facility-location", embedder="tf-idf")
