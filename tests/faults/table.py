"""Runs every fault against a real server that keeps its own books, and writes the table of what came of it.

Run as `python -m tests.faults.table`; the table goes into RESULTS.md, between its two marks.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal
from tests.faults.campaign import GIVE_UP, lost, process, versions
from tests.faults.cases import CASES, JUMPING_CLOCK, Case, Scene
from tests.faults.grower import Noting
from tests.support.openai_server import Plan, Server, serve
from tests.unit.engine.growing import comparable

import tilth
from tilth.engine.verify import verify

UNITS = 60
BUDGET = 2 * UNITS
"""Queries: one to rephrase and one to answer for each unit, and none to spare."""
ANSWERS = {f"How many are {i} and {i}?": f"They are {2 * i}.\n#### {2 * i}" for i in range(UNITS)}
BEGIN, END = "<!-- faults: begin -->\n", "<!-- faults: end -->\n"
RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True)
class Outcome:
    """What came of one fault.

    Attributes:
        tried: Calls that reached the server.
        survived: Rows in the end.
        lost: Replies and rows a process had been told are safe, missing once the fault was over.
        overspent: Queries the server billed beyond the limit or beyond what the file counts, and the same of
            tokens against what the file counts.
        in_doubt: Calls counted at their worst case because their reply never reached the file.
        rowless: Units that were paid for and gave no row.
        words: What happened, as measured.
    """

    case: Case
    tried: int
    survived: int
    lost: int
    overspent: int
    in_doubt: int
    rowless: int
    words: str
    seconds: float


def life(arguments: dict[str, object], notes: Path, clock: bool = False) -> str | None:
    """Runs a growing process to its end; its error's name and words, if it had one."""
    told = notes.with_suffix(".errors")
    with (
        told.open("wb") as errors,
        process(arguments, notes, first=JUMPING_CLOCK if clock else None, told=errors.fileno()) as growing,
    ):
        code = growing.wait(GIVE_UP)
    if code == 0:
        return None
    name, _, said = told.read_text().strip().splitlines()[-1].partition(": ")
    return f"{name.rpartition('.')[2]}: {said}"


def play(case: Case, server: Server, undisturbed: pl.DataFrame | None, folder: Path) -> Outcome:
    """One run under one fault, and taken up again without it where the fault ended it."""
    began = time.monotonic()
    seeds, path, notes = folder / "seeds.jsonl", folder / "run.tilth", folder / "notes"
    seeds.write_text("".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in ANSWERS.items()))
    healthy = {"seeds": str(seeds), "base_url": server.base_url, "budget": BUDGET, "path": str(path)}
    server.start_over(case.plan)
    error = None
    if case.does is None:
        error = life({**healthy, **case.given}, notes, case.clock)
    else:
        path = case.does(Scene({**healthy, **case.given}, server, notes))
        healthy["path"] = str(path)
    assert (error is None) == (case.ends is None), error
    assert case.ends is None or re.search(case.ends, error or ""), error
    missing = len(lost(path, notes))
    status, rows_before = _stand(path)
    server.plan(Plan())
    again = life(healthy, notes)
    assert again is None, f"taken up again without the fault, the run failed: {again}"
    run, books = tilth.open_run(path), server.books()
    if case.clock:
        times = run.rows["created_at"]
        assert times.max() - times.min() > dt.timedelta(hours=1), "the clock did not jump"
    report = verify(path, using=[Noting()])
    assert report.ok, report.findings
    progress = run.progress
    assert (progress.status, progress.reserved) == ("finished", 0)
    rows = run.rows
    if case.delays and undisturbed is not None:
        same_units = undisturbed.filter(pl.col("unit").is_in(rows["unit"].to_list()))
        assert_frame_equal(comparable(rows), comparable(same_units))
    overspent = max(
        0,
        books["billed"] - BUDGET,
        books["billed"] - progress.queries,
        books["prompt_tokens"] + books["completion_tokens"] - progress.tokens,
    )
    words = _words(error, status, rows_before, run)
    seconds = time.monotonic() - began
    return Outcome(
        case=case,
        tried=books["received"],
        survived=rows.height,
        lost=missing,
        overspent=overspent,
        in_doubt=progress.in_doubt,
        rowless=progress.rowless,
        words=words,
        seconds=seconds,
    )


def _stand(path: Path) -> tuple[str, int]:
    """A file's status and rows."""
    if not path.exists():
        return "absent", 0
    run = tilth.open_run(path)
    return run.status, run.rows.height


def _words(error: str | None, status: str, rows: int, run: tilth.Run) -> str:
    if error is not None:
        told = re.sub(r"http://[\w.]+(:\d+)?(/v1)?", "the endpoint", error.replace(f"{run.path.parent}/", ""))
        said = [f"ended with {rows} rows: “{told}”; run again, it finished"]
    elif status != "finished":
        said = [f"left with {rows} rows; run again, it finished"]
    else:
        said = ["finished"]
    for reason, count in sorted(run.rows["reason"].value_counts().iter_rows(), key=str):
        if reason is not None:
            said.append(f"{count} rejected: {reason}")
    if run.progress.rowless:
        said.append(f"{run.progress.rowless} without a row")
    if run.progress.in_doubt:
        said.append(f"{run.progress.in_doubt} calls in doubt")
    return "; ".join(said)


def undisturbed_rows(server: Server, folder: Path) -> pl.DataFrame:
    """The rows of a run that nothing befalls."""
    outcome = play(CASES[0], server, None, folder)
    assert (outcome.survived, outcome.tried, outcome.words) == (UNITS, BUDGET, "finished"), outcome
    return tilth.open_run(folder / "run.tilth").rows


def line(outcome: Outcome) -> str:
    """A line of the table."""
    overspent = outcome.overspent or "no"
    return (
        f"| {outcome.case.name} | {outcome.tried} | {outcome.survived} of {UNITS} | {outcome.lost} | "
        f"{overspent} | {outcome.words} |"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="faults whose name contains this; RESULTS.md is left alone"
    )
    chosen = parser.parse_args()
    began = time.monotonic()
    broken = []
    rows = [
        "| fault | tried | survived | lost | overspent | outcome |",
        "| --- | --: | --: | --: | --- | --- |",
    ]
    with tempfile.TemporaryDirectory() as scratch, serve(ANSWERS) as server:
        (Path(scratch) / "0").mkdir()
        undisturbed = undisturbed_rows(server, Path(scratch) / "0")
        for number, case in enumerate(CASES, 1):
            if chosen.only in case.name:
                folder = Path(scratch) / str(number)
                folder.mkdir()
                outcome = play(case, server, undisturbed, folder)
                rows.append(line(outcome))
                if case.promised and (outcome.lost or outcome.overspent):
                    broken.append(case.name)
                print(rows[-1], f"{outcome.seconds:.1f} s", flush=True)  # noqa: T201 - a command line prints
    made = (
        f"\nMade by `python -m tests.faults.table`: {time.monotonic() - began:.0f} s, on "
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, with {versions()}.\n"
    )
    sys.stdout.write(made)
    if not chosen.only:
        before, _, rest = RESULTS.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        RESULTS.write_text(before + BEGIN + "\n".join(rows) + "\n" + made + END + after)
    if broken:
        sys.exit(f"lost or overspent: {', '.join(broken)}")


if __name__ == "__main__":
    main()
