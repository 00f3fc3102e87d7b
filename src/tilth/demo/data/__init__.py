"""The demo's tables: phrases, stories and hand-written questions, read from the files beside this one."""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> Any:
    """The content of a JSON file of this package."""
    return json.loads(load_text(name))


@cache
def load_csv(name: str) -> tuple[dict[str, str], ...]:
    """The records of a CSV file of this package, header first."""
    return tuple(csv.DictReader(load_text(name).splitlines()))


def load_text(name: str) -> str:
    """The text of a file of this package."""
    return files(__name__).joinpath(name).read_text("utf-8")
