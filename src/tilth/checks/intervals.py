"""Wilson's score interval: how far a share of a few cases may lie from that of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def wilson(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval for `correct` of `n`, as shares; both may be arrays. NaN where n is 0.

    Means of counts may be given too, which SciPy's own takes no more than arrays.
    Source: Wilson 1927; without continuity correction.

    Example:
        >>> from tilth.checks.intervals import wilson
        >>> low, high = wilson(8, 10)
        >>> f"{low:.3f} to {high:.3f}"
        '0.490 to 0.943'
    """
    import numpy as np
    from scipy.special import ndtri

    z2 = float(ndtri(0.5 + level / 2)) ** 2
    n = np.asarray(n, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.asarray(correct, dtype=np.float64) / n
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
