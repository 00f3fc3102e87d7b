"""How much processor time each tutorial takes: `python -m tests.bench.tutorials`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.notebooks.executing import execute

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def main() -> None:
    print("| tutorial | CPU s |\n| --- | --: |")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            print(f"| `{path.name}` | {execute(path, Path(folder)).seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
