"""Where Tilth keeps what it can make again: on disk, in the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "TILTH_CACHE"
"""The environment variable that names another folder for it."""


def cache_folder(room: str) -> Path:
    """The folder for one kind of things, such as "models". It may not be there yet.

    Example:
        >>> from tilth.caching import cache_folder
        >>> cache_folder("models").name
        'models'
    """
    named = os.environ.get(CACHE_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute() / room
    from platformdirs import user_cache_path

    return user_cache_path("tilth", appauthor=False) / room
