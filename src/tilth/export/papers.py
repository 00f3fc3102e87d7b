"""What goes with an export: the card that says what its rows are, and the manifest that proves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tilth.arguments import kind_of
from tilth.export.card import card
from tilth.export.card.rows import RowFacts
from tilth.export.manifest import MANIFEST, beside, data_file, manifest_text, other_file, runs_of
from tilth.export.options import Options
from tilth.export.selecting import VERDICTS
from tilth.export.targets import opened

if TYPE_CHECKING:
    import polars as pl

README = "README.md"
"""The card's name in a folder; beside a file it is `train.jsonl.README.md`."""


@runtime_checkable
class Provenance(Protocol):
    """Something that can tell where rows come from: a run."""

    def provenance(self) -> Mapping[str, Any]:
        """What is known of it, as JSON, with nothing that is secret; see `tilth.engine.provenance`."""
        ...


def papers_beside(path: Path) -> tuple[Path, Path]:
    """Where the card and the manifest of a single file stand."""
    return path.with_name(f"{path.name}.{README}"), beside(path)


@dataclass(frozen=True)
class Papers:
    """What a card and a manifest tell of an export, but for its files.

    Attributes:
        format: The format's name.
        options: What `save` was told of each row.
        verdicts: Those that were written.
        runs: What the runs tell of themselves.
        rows: What the rows that were given tell.
        parts: By part, how many rows it holds.
        ids: The ids of the runs whose rows are written, in the order in which the manifest numbers them.
        shares: The shares of a split, or None; `random_state` is what it drew from.
    """

    format: str
    options: Options
    verdicts: tuple[str, ...]
    runs: tuple[Mapping[str, Any], ...]
    rows: RowFacts
    parts: Mapping[str, int]
    ids: tuple[str, ...]
    shares: Mapping[str, float] | None = None
    random_state: int = 0

    @classmethod
    def of(
        cls,
        given: pl.DataFrame,
        format: str,
        options: Options,
        verdicts: Collection[str],
        run: Provenance | Sequence[Provenance],
        parts: Mapping[str, pl.DataFrame],
        shares: Mapping[str, float] | None,
        random_state: int,
    ) -> Papers:
        """The papers of these rows, of which `parts` are written.

        Raises:
            TypeError: `run` is no run, nor several.
        """
        runs = tuple(one.provenance() for one in _runs(run))
        return cls(
            format,
            options,
            tuple(sorted(verdicts if "verdict" in given.columns else VERDICTS)),
            runs,
            RowFacts.of(given),
            {name: rows.height for name, rows in parts.items()},
            tuple(dict.fromkeys([*(told["run_id"] for told in runs), *runs_of(list(parts.values()))])),
            shares,
            random_state,
        )

    def fill(
        self,
        folder: Path,
        data: Mapping[str, pl.DataFrame],
        *,
        others: Sequence[str] = (),
        mark: str,
        page: str,
    ) -> None:
        """Writes both into a folder whose other files stand there.

        Args:
            folder: The folder.
            data: By its path in the folder, the rows of each file, in the order of the parts.
            others: Paths of the other files.
            mark: The line by which the folder is known.
            page: How it is used, as Markdown, whose first line may be the mark.
        """
        (folder / README).write_bytes(self._card(list(data), mark, page).encode())
        (folder / MANIFEST).write_bytes(self._manifest(folder, data, [*others, README]).encode())

    def put_beside(self, path: Path, data: Mapping[str, pl.DataFrame]) -> tuple[Path, Path]:
        """Writes both beside a file, whose folder holds all of `data`; says where."""
        readme, manifest = papers_beside(path)
        with opened(readme) as file:
            file.write(self._card(list(data)).encode())
        with opened(manifest) as file:
            file.write(self._manifest(path.parent, data, [readme.name]).encode())
        return readme, manifest

    def _card(self, files: Sequence[str], mark: str = "", page: str = "") -> str:
        named = dict(zip(self.parts, files, strict=True))
        return card(self, named, mark, page.removeprefix(mark).strip())

    def _manifest(self, folder: Path, data: Mapping[str, pl.DataFrame], others: Iterable[str]) -> str:
        numbered = {run_id: place for place, run_id in enumerate(self.ids)}
        told = {one["run_id"]: one for one in self.runs}
        facts = {
            "format": self.format,
            "options": {
                "reasoning": self.options.reasoning,
                "answers": self.options.answers,
                "system": self.options.system,
                "metadata": list(self.options.metadata),
                "verdicts": list(self.verdicts),
            },
            "runs": [
                {
                    "run_id": run_id,
                    "identity": told.get(run_id, {}).get("identity_sha256"),
                    "file": told.get(run_id, {}).get("file"),
                }
                for run_id in self.ids
            ],
            "steps": self.rows.steps,
            "split": None
            if self.shares is None
            else {"shares": self.shares, "random_state": self.random_state},
        }
        files = [
            *(
                data_file(folder / name, name, part, rows, numbered)
                for part, (name, rows) in zip(self.parts, data.items(), strict=True)
            ),
            *(other_file(folder / name, name) for name in others),
        ]
        return manifest_text(facts, files)


def _runs(given: Provenance | Sequence[Provenance]) -> tuple[Provenance, ...]:
    if isinstance(given, Provenance):
        return (given,)
    found: tuple[Any, ...] = tuple(given) if isinstance(given, list | tuple) else (given,)
    for one in found:
        if not isinstance(one, Provenance):
            raise TypeError(f"run is {kind_of(one)}; pass a run, such as tilth.open_run returns, or a list")
    return found
