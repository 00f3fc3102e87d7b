"""What `generate` and `resume` share: a run is started, shown to its end, and its rows are saved."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tilth
from tilth.cli import ABORTED, DONE, FAILED, UsageError
from tilth.cli.terminal import follow, say, table
from tilth.cli.wording import in_options
from tilth.errors import ConfirmationNeeded
from tilth.export import VERDICTS, ready

if TYPE_CHECKING:
    from tilth.engine.budget import Budget
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.teacher import Teacher


def run_to_its_end(
    seeds: Seeds,
    strategy: Strategy,
    budget: Budget,
    options: Namespace,
    *,
    teacher: Teacher,
    writer: Teacher | None,
    path: Path | None,
    random_state: int,
) -> int:
    """Grows rows as the command line asks for it, and returns its exit code."""
    begin = partial(
        tilth.start,
        seeds,
        strategy,
        budget,
        teacher=teacher,
        writer=writer,
        path=path,
        random_state=random_state,
        patience=options.patience,
        reuse=options.reuse or (),
    )
    try:
        run = begin(confirm=options.yes)
    except ConfirmationNeeded:
        plan = tilth.plan(seeds, strategy, budget, teacher=teacher, writer=writer)
        _confirm(plan.usd, teacher.name)
        run = begin(confirm=True)
    follow(run, run.strategy_name)
    table([run])
    reason = f" ({in_options(run.progress.reason)})" if run.progress.reason else ""
    say(f"{near(run.path)}: the run, {run.status}{reason}")
    if run.status in ("stopped", "aborted"):
        say(f"Go on with it by `tilth resume {shlex.quote(str(near(run.path)))}`.")
    if options.save and run.progress.rows:
        saving = {"verdicts": options.verdicts} if options.verdicts else {}
        say(f"{run.save(options.save, format=options.format, **saving)}: its rows")
    return code_of(run)


def refuse_unsavable(options: Namespace, *, seeds: str | None = None, run: str | Path | None = None) -> None:
    """Raises what saving would be refused with, before anything is paid.

    What the run reads is told by what file it is, for a link or another spelling names it, too.
    """
    read = [("the seeds file", seeds), *(("the database", one) for one in options.database or ())]
    if seeds is not None and run is not None:
        _refuse_overwriting("--out", run, read)
    if not options.save:
        if options.format or options.verdicts:
            raise UsageError("--format and --verdicts say how rows are saved; pass --save FILE as well")
        return
    _refuse_overwriting("--save", options.save, [*read, ("the run's own file", run)])
    try:
        ready(options.save, options.format)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None


def _refuse_overwriting(
    option: str, target: str | Path, read: Iterable[tuple[str, str | Path | None]]
) -> None:
    for what, file in read:
        if file is not None and _is_same(Path(target), Path(file)):
            raise UsageError(f"{option} names {what} {file}, which would be lost; name another file")


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths name one file, by whatever names, or will, where there is none yet."""
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def verdicts_of(text: str) -> tuple[str, ...]:
    """The verdicts named in "accepted,unverified"; raises `ValueError` that lists them."""
    names = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in names if name not in VERDICTS]:
        raise ValueError(f"there is no verdict {unknown[0]!r}; there are {', '.join(VERDICTS)}")
    return names


def calling(options: Namespace) -> dict[str, Any]:
    """How models are called, as far as the command line says: what is no part of a run's identity."""
    known = {"concurrency": options.concurrency, "timeout": options.timeout, "max_tokens": options.max_tokens}
    return {name: value for name, value in known.items() if value is not None}


def local_model(model: str | None, options: Namespace, **settings: Any) -> Teacher:
    """A model on this machine, called as far as the command line says how."""
    tokens = options.context_tokens
    known = {} if tokens is None else {"context_tokens": tokens}
    return tilth.local(model, **(settings | calling(options) | known))


def near(path: Path) -> Path:
    """The path as seen from here, where that is shorter."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def code_of(run: Run) -> int:
    """The exit code of a run that has ended; raises what it failed of."""
    if run.error is not None:
        raise run.error
    return {"aborted": ABORTED, "failed": FAILED}.get(run.status, DONE)


def _confirm(usd: float | None, model: str) -> None:
    about = "real money" if usd is None else f"about ${usd:,.2f}"
    question = f"This will cost {about} at {model}, and no limit in dollars is set."
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Pass --usd X for a limit, or --yes")
    if input(f"{question} Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("not started")
