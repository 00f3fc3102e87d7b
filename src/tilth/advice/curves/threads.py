"""One thread for linear algebra on small matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, or in a function that it decorates, numpy's linear algebra uses a single thread.

    Several wait for each other on a busy machine: on two cores with other work an advice took 0.06 s with
    one, and 0.2 to 5 s with two.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    import numpy as np  # noqa: F401 - only libraries that are loaded are found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
