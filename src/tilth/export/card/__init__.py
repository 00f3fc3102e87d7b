"""The dataset card: what an export is and how it was grown, written from its rows and their runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tilth.export.card.limits import limits
from tilth.export.card.markdown import block, bullets, code, counted
from tilth.export.card.methods import methods
from tilth.export.card.runs import of_run
from tilth.export.card.sorting import curation, selection
from tilth.export.quoting import quoted
from tilth.export.table import BY_NAME

if TYPE_CHECKING:
    from tilth.export.papers import Papers

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_CATEGORIES = {"choice": ["question-answering", "text-generation"], "sql": ["text-generation"]}
_LICENSE = (
    "# Fill in: the license that you give these rows. It depends on the seeds' and on the terms of the\n"
    "# models that wrote them; the names are at https://huggingface.co/docs/hub/repositories-licenses\n"
    "license: other\n"
    "license_name: not-chosen-yet\n"
)
_MACHINE_WRITTEN = "Machine-written: models answered, rephrased or invented what stands here."
_LOADED = {
    "parquet": "parquet",
    "csv": "csv",
    "jsonl": "json",
    "chat": "json",
    "prompt-completion": "json",
    "sharegpt": "json",
    "alpaca": "json",
    "preference": "json",
}


def card(papers: Papers, files: Mapping[str, str], mark: str = "", page: str = "") -> str:
    """The card as Markdown, with the header that the Hugging Face Hub reads.

    What comes from seeds, models, prompts and files of others stands in it as code, which nothing in it can
    end, or as numbers.

    Args:
        papers: What is told.
        files: By part, the path of its file, beside the card or below it.
        mark: A comment for the header, by which a folder is known.
        page: How the files are used, as Markdown of ours.
    """
    rows = sum(papers.parts.values())
    held = ", ".join(f"{counted(count, 'row')} in {code(name)}" for name, count in papers.parts.items())
    sections = [
        "# Synthetic fine-tuning data, grown by Tilth",
        f"{held}, as {BY_NAME[papers.format].title} ({code(papers.format)}). {_MACHINE_WRITTEN}",
        _to_fill_in(),
        "## Use",
        page or _loading(papers, files),
        *(["## How it was grown", *map(of_run, papers.runs)] if papers.runs else [_no_run()]),
        "## What stands in it",
        selection(papers),
        *(["## Curation", curation(papers)] if papers.rows.steps else []),
        "## Known limits",
        bullets(limits(papers)),
        "## Proof",
        _proof(papers),
        "## Methods",
        bullets(methods(papers)),
    ]
    return _header(papers, files, rows, mark) + "\n\n".join(sections) + "\n"


def _header(papers: Papers, files: Mapping[str, str], rows: int, mark: str) -> str:
    tasks = papers.rows.counts.get("task", {})
    categories = dict.fromkeys(
        category for task in (*tasks, "") for category in _CATEGORIES.get(task, ["text-generation"])
    )
    size = next((name for most, name in _SIZES if rows < most), "n>1M")
    data = "".join(  # a split's name has no hyphen
        f"  - split: {quoted(part.replace('-', '_'))}\n    path: {quoted(path)}\n"
        for part, path in files.items()
    )
    return (
        f"---\n{mark + chr(10) if mark else ''}{_LICENSE}"
        f"task_categories:\n{_listed(categories)}tags:\n{_listed(['synthetic', 'tilth'])}"
        f"size_categories:\n- {json.dumps(size)}\n"
        f"configs:\n- config_name: default\n  data_files:\n{data}---\n\n"
    )


def _listed(names: Iterable[str]) -> str:
    return "".join(f"- {name}\n" for name in names)


def _to_fill_in() -> str:
    return (
        "> **To be filled in before this is shared:** the license, in the header of this page. Whether "
        "these rows may be given on, and for what, is a matter of the seeds' license and of the terms of the "
        "models below."
    )


def _loading(papers: Papers, files: Mapping[str, str]) -> str:
    named = json.dumps(dict(files), ensure_ascii=False)
    reader = _LOADED[papers.format]
    return block(
        "from datasets import load_dataset\n\n"
        f'rows = load_dataset("{reader}", data_files={named})["{next(iter(files))}"]',
        "python",
    )


def _no_run() -> str:
    return (
        "How these rows were grown is not recorded here: they were saved without their run "
        "(`tilth.save(..., run=run)`)."
    )


def _proof(papers: Papers) -> str:
    files = [one["file"] for one in papers.runs if one.get("file")]
    where = (
        f" It needs {' and '.join(map(code, files))}, the journal of what the models said." if files else ""
    )
    return (
        "The manifest beside this page holds a digest of each file, and which row of which run each line "
        "is. `tilth verify` compares the lines with the run, whose rows it rebuilds from the models' "
        f"replies.{where}"
    )
