"""The command that goes on with a run where it stopped: `resume`."""

from __future__ import annotations

import ipaddress
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import tilth
from tilth.cli import UsageError
from tilth.cli.databases import sql_task
from tilth.cli.running import calling, local_model, refuse_unsavable, run_to_its_end
from tilth.cli.studies import study_in
from tilth.demo.knobs import Knobs
from tilth.engine.file import queries
from tilth.printable import printable
from tilth.strategies.check import Checked, with_checks
from tilth.teacher import Price
from tilth.teacher.client import OPENAI_URL
from tilth.teacher.local import LOCAL

if TYPE_CHECKING:
    from tilth.engine.run import Run
    from tilth.seeds import Seeds
    from tilth.strategies.base import Strategy
    from tilth.teacher import Teacher


def resume(options: Namespace) -> int:
    """Goes on with a run where it stopped, with the models, settings and addresses its file names."""
    path = Path(options.file)
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    refuse_unsavable(options, run=path)
    if study_in(path) is not None:
        raise UsageError(
            f"{path} holds a study; go on with it in Python: call tilth.study as before, with its path"
        )
    stored = tilth.open_run(path)
    record = queries.run_record(path)
    if stored.strategy is None:
        raise UsageError(f"the strategy {stored.strategy_name} is not installed here; install what brings it")
    _refuse_undecided(stored)
    models = _Models(record["settings"], options, simulated=stored.simulated)
    models.refuse_unneeded_address()
    identity = record["identity"]
    same = identity["writer"] == identity["teacher"]
    return run_to_its_end(
        _seeds(stored, record["settings"], options),
        _asking(stored.strategy, models),
        tilth.Budget(
            queries=stored.budget.queries if options.queries is None else options.queries,
            tokens=stored.budget.tokens if options.tokens is None else options.tokens,
            usd=stored.budget.usd if options.usd is None else options.usd,
            rows=stored.budget.rows if options.rows is None else options.rows,
        ),
        options,
        teacher=models.again(identity["teacher"], "teacher"),
        writer=None if same else models.again(identity["writer"], "writer"),
        path=path,
        random_state=identity["random_state"],
    )


@dataclass(frozen=True)
class _Models:
    """Makes the models that a run's file describes."""

    settings: Mapping[str, Any]
    options: Namespace
    simulated: bool

    def refuse_unneeded_address(self) -> None:
        """Raises where an address is given, and every model of the run has a server of its own here."""
        prices = [Price.restored(one) for one in self.settings["prices"].values()]
        own = all(price is not None and price.source == LOCAL for price in prices)
        if self.options.base_url is not None and prices and own:
            raise UsageError("this run's model is on this machine; leave out --base-url")

    def again(self, identity: Mapping[str, Any], role: str) -> Teacher:
        """The model of a role, at its address."""
        knobs = Knobs.of(identity["model"]) if self.simulated else None
        if knobs:
            return tilth.demo.teacher(knobs.skill, knobs.drift)
        sampling = dict(identity["sampling"])
        known: dict[str, Any] = {
            name: sampling.pop(name, None) for name in ("temperature", "top_p", "reasoning_effort")
        }
        reply_limits = {"max_tokens": self.settings["max_tokens"][role]}
        price = Price.restored(self.settings["prices"].get(role))
        if price is not None and price.source == LOCAL:
            known.pop("reasoning_effort")
            return local_model(
                self.options.local or identity["model"],
                self.options,
                system=identity["system"],
                structured=identity.get("structured"),
                extra_body=sampling,
                **known,
                **reply_limits,
            )
        if role == "teacher" and (self.options.local, self.options.context_tokens) != (None, None):
            raise UsageError(
                "--local and --context-tokens belong to a model on this machine, and this run's teacher is "
                "at an endpoint; leave them out"
            )
        return tilth.Teacher(
            identity["model"],
            base_url=self._address(identity["model"], role),
            system=identity["system"],
            structured=identity.get("structured"),
            price=self.options.price or price,
            extra_body=sampling,
            **known,
            **(reply_limits | calling(self.options)),
        )

    def _address(self, model: str, role: str) -> str | None:
        """Where the model is asked. A file can be anyone's: a key goes to no strange host unasked."""
        if self.options.base_url is not None:
            return str(self.options.base_url)
        usual = os.environ.get("OPENAI_BASE_URL")
        address = self.settings.get("addresses", {}).get(role)
        if not isinstance(address, str):
            if usual is not None:
                return usual
            raise UsageError(
                f"the file does not say where {printable(model, 60)} is; pass --base-url URL "
                f"({OPENAI_URL} for OpenAI's)"
            )
        if _same(address, usual or OPENAI_URL) or _is_here(address):
            return address
        question = f"{printable(model, 60)} was asked at {printable(address, 200)}, by what the file says."
        if not sys.stdin.isatty():
            raise UsageError(f"{question} Pass it as --base-url to go on there")
        if input(f"{question} Send prompts and key there? [y/N] ").strip().lower() not in ("y", "yes"):
            raise UsageError("not resumed")
        return address


def _same(address: str, other: str) -> bool:
    return address.rstrip("/") == other.rstrip("/")


def _is_here(address: str) -> bool:
    """Whether an address is on this machine."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _asking(strategy: Strategy, models: _Models) -> Strategy:
    """The strategy of a file with a judge that can be asked, where it has one."""
    checks = [
        replace(check, model=models.again(check.model.identity(), "judge"))
        if isinstance(check, tilth.checks.Judge)
        else check
        for check in strategy.checks
    ]
    return with_checks(strategy.strategy, checks) if isinstance(strategy, Checked) else strategy


def _refuse_undecided(stored: Run) -> None:
    """Raises where decisions are still to be made: of their questions the file holds a digest only."""
    if stored.strategy_name == tilth.Adaptive.name:
        made = tilth.decisions(stored)
        if not made.height or made["then"][-1] != "commit":
            raise UsageError(
                "it decides by its validation questions, which the file does not hold; call tilth generate "
                f"as before, with --validation and --out {stored.path}: it goes on there"
            )


def _seeds(stored: Run, settings: Mapping[str, Any], options: Namespace) -> Seeds:
    """The run's seeds, with the database that a file cannot hold, or the code run, where they need it."""
    databases: Sequence[str] | None = options.database
    if databases and stored.seeds.task_name != "sql":
        raise UsageError(
            f"--database says what task sql asks, and the run's task is {printable(stored.seeds.task_name)}; "
            "leave it out"
        )
    if stored.seeds.task_name == "sql":
        return replace(stored.seeds, task=sql_task(databases, simulated=stored.simulated))
    if stored.task is None:
        raise UsageError(
            f"the task {stored.seeds.task_name} is not installed here as it was; go on with it in Python"
        )
    judged_by = settings.get("verdict_options", {}).get("task", {})
    if isinstance(stored.task, tilth.tasks.Code) and stored.task.not_rerun(judged_by):
        if not options.run:
            raise UsageError(
                "its rows were judged by running their code; pass --run to run it here too, confined"
            )
        return replace(stored.seeds, task=replace(stored.task, run=True))
    return stored.seeds
