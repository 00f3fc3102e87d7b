"""What a run's file tells of where its rows come from, fit to be published: no key, no address, no path."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tilth.engine.budget import NANO
from tilth.engine.file import queries
from tilth.engine.file.format.digests import digest
from tilth.engine.quality import quality
from tilth.printable import without_folders
from tilth.strategies import registry
from tilth.strategies.base import Strategy
from tilth.strategies.check import Check, Checked
from tilth.teacher.http.redact import without_keys

_SECRET = re.compile(r"key|token|secret|password|authorization|credential", re.IGNORECASE)


def provenance(path: Path, run_id: str, *, live: bool = False) -> dict[str, Any]:
    """Where the rows of a run come from, as JSON; `tilth.save` writes cards and manifests from it.

    Args:
        path: The run's file.
        run_id: Which run of it.
        live: Whether it is at work: what it has reserved is then not in doubt yet.

    Returns:
        `run_id`, `identity_sha256` (of which run_id is the beginning), `file` (its name), `tilth` (the
        version), `status` and `reason`; `seeds` (name, count, with_reference, sha256), `strategy` (name,
        version, options, and about: its own words), `checks`, `task` with its prompts, `random_state`,
        `check`; `models`, by role, each with its settings and price; `simulated`; `budget` and `spent`
        (queries, tokens, usd or None, in_doubt, seconds), `rounds`, and `quality` as `Quality.to_json` has
        it, but for `latest`.

    Raises:
        JournalError: The file cannot be read.
    """
    record = queries.run_record(path, run_id)
    identity, settings = record["identity"], record["settings"]
    totals = queries.totals(path, run_id, live=live)
    with queries.read_only(path) as file:
        [(count, references)] = file.execute(
            "SELECT count(*), count(reference) FROM seeds WHERE run_id = ?", (run_id,)
        )
        [(rounds,)] = file.execute("SELECT max(round) FROM units WHERE run_id = ?", (run_id,))
    spent = totals["spent"] + totals["in_doubt"]
    strategy, task = identity["strategy"], identity["task"]
    installed = registry.restored(strategy, settings.get("verdict_options", {}).get("checks"))
    told = {
        "run_id": run_id,
        "identity_sha256": digest(identity),
        "file": path.name,
        "tilth": version("tilth"),
        "status": record["status"],
        # why a run failed may say where its endpoint is
        "reason": record["reason"] if record["status"] in ("finished", "stopped") else None,
        "simulated": settings["simulated"],
        "seeds": {
            "name": settings["seeds"],
            "count": count,
            "with_reference": references,
            "sha256": identity["seeds"],
        },
        "strategy": {
            **{name: strategy.get(name) for name in ("name", "version", "options")},
            "about": _about(installed.strategy if isinstance(installed, Checked) else installed),
        },
        "checks": [{**check, "about": _about(found)} for check, found in _checks(strategy, installed)],
        "task": task,
        "random_state": identity["random_state"],
        "check": settings["check"],
        "models": _models(identity, settings),
        "budget": settings["budget"],
        "spent": {
            "queries": spent.queries,
            "tokens": spent.tokens,
            "usd": spent.nano / NANO if settings["priced"] else None,
            "in_doubt": totals["in_doubt"].queries,
            "seconds": settings["seconds"],
        },
        "rounds": (rounds or 0) + 1,
        "quality": _quality(path, run_id, priced=settings["priced"], live=live),
    }
    published: dict[str, Any] = _published(told)
    return published


def _checks(
    stored: Mapping[str, Any], installed: Strategy | None
) -> Iterator[tuple[Mapping[str, Any], Check | None]]:
    found = {check.name: check for check in (installed.checks if installed else ())}
    for check in stored.get("checks", []):
        yield check, found.get(check["name"])


def _about(part: Strategy | Check | None) -> str | None:
    """What a strategy or a check does, in the first sentence of its own; None where it is not installed."""
    told = inspect.cleandoc(type(part).__doc__ or "") if part is not None else ""
    return " ".join(told.partition("\n\n")[0].replace("`", "").split()) or None


def _quality(path: Path, run_id: str, *, priced: bool, live: bool) -> dict[str, Any]:
    """All figures; the latest reasons, which may be a server's or a reply's own words, are left out."""
    found = quality(path, run_id, priced=priced, live=live).to_json()
    return {name: value for name, value in found.items() if name != "latest"}


def _models(identity: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """By role, who was asked, how, and at which price."""
    own = {"teacher": identity["teacher"], "writer": identity["writer"]}
    for check in identity["strategy"].get("checks", []):
        model = check["options"].get("model")
        if isinstance(model, dict) and "model" in model:
            own.setdefault(str(check["name"]), model)
    models = {}
    for role, model in own.items():
        models[role] = {
            "model": model.get("model"),
            "sampling": model.get("sampling"),
            "system": model.get("system"),
            "structured": model.get("structured"),
            "max_tokens": settings["max_tokens"].get(role),
            "price": settings["prices"].get(role),
        }
    return models


def _published(value: Any) -> Any:
    """A value without keys, and with the last part of a path alone."""
    if isinstance(value, Mapping):
        return {
            str(name): "[hidden]" if isinstance(one, str) and _SECRET.search(str(name)) else _published(one)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_published(one) for one in value]
    if not isinstance(value, str):
        return value
    return without_keys(without_folders(value))
