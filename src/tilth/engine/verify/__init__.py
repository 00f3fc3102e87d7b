"""Whether a run's file is whole, and whether an export is what its run grew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tilth.arguments import listed, path_of, paths_of
from tilth.engine.verify.exports import export_at, verified_export
from tilth.engine.verify.rebuilding import verified_file
from tilth.engine.verify.report import Report as Report
from tilth.strategies.base import Strategy
from tilth.tasks.base import Task


def verify(
    path: str | Path,
    using: Sequence[Strategy | Task] = (),
    *,
    run_file: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
) -> Report:
    """Verifies a run's or a study's file, or an export that has a manifest. Asks no model, changes nothing.

    Of a file, of a live run too, it looks at integrity and version; at the ledger: every paid call has its
    reply, every reply its call, and units, rows and calls add up; and it grows all rows again from the
    journalled replies and compares them with those that are stored, but for `created_at`.

    Of an export (a folder that `tilth.save` wrote, or a file saved with `card=True`), it compares the files
    with the digests of the manifest; verifies the file of each run, as above; writes the rows that the
    manifest names anew, with its options, and compares them with what stands in the export, line by line.
    Columns that are none of a run's, such as those of curation, are told and not proven; nor is that other
    rows were left out for a good reason.

    A stranger's file may be verified: no code that it holds is run and no database opened, unless `using`
    says so, and then under the limits given there. A note tells what stood unlooked at.

    It cannot find what nothing else in the file speaks of: a call in doubt that was set free or reserves
    other tokens, or the last entries of the ledger removed with all that belongs to them; that a model of
    your own kind is a simulation; a time; or a change that was made everywhere at once, checksums included.

    Args:
        path: The file, the folder, or a manifest.
        using: Strategies and tasks of your own that the file's runs were grown with, if they are not
            installed, need a database, or run code: `using=[tilth.tasks.Code(run=True)]`.
        run_file: Of an export: the files of its runs, where they do not lie beside it.

    Raises:
        JournalError: There is no such file, it is of something else, or of a newer Tilth.

    Example:
        >>> seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
        >>> run = tilth.generate_sync(seeds, "new-question", 10, teacher=teacher, path="whole.tilth")
        >>> report = tilth.verify("whole.tilth")
        >>> report.ok, report.rows, report.rebuilt
        (True, 5, 5)
        >>> folder = run.save("rows-of-it", format="datasets")
        >>> tilth.verify(folder).proven
        5
    """
    where = path_of(path)
    using = listed(using, "using", "strategies and tasks")
    one = isinstance(run_file, str | os.PathLike)
    run_files = (path_of(run_file, "run_file"),) if one else paths_of(run_file, "run_file")  # type: ignore[arg-type]
    manifest = export_at(where)
    if manifest is None:
        return verified_file(where, using)
    return verified_export(where, manifest, run_files, using)
