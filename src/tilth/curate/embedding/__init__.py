"""Texts as vectors, for steps that compare what is said and not how it is spelt."""

from __future__ import annotations

from tilth.curate.embedding.embedder import Embedder, embedder_of
from tilth.curate.embedding.tf_idf import TfIdf

__all__ = ["Embedder", "TfIdf", "embedder_of"]
