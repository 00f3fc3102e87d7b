"""What a card says of a run: seeds, strategy, models, prompts, budget, price, checks and their findings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tilth.export.card.markdown import block, bullets, code, counted, settings

_MOST_ROWS = 30
"""Lines of a check's table that are shown."""


def of_run(run: Mapping[str, Any]) -> str:
    """The section of one run, of what `tilth.engine.provenance` tells."""
    parts = [
        f"### Run {code(run['run_id'])}",
        bullets(_facts(run)),
        "**Models**",
        bullets(_models(run)),
        "**Verdicts**",
        bullets(_verdicts(run["quality"])),
    ]
    if run["checks"]:
        parts += ["**Checks**", bullets(map(_check, run["checks"])), *_found(run["quality"])]
    prompts = run["task"].get("prompts") or {}
    if prompts:
        parts.append("**Prompts**")
        for purpose, text in prompts.items():
            parts += [f"{code(purpose)}:", block(str(text))]
    systems: dict[str, list[str]] = {}
    for role, model in run["models"].items():
        if model["system"]:
            systems.setdefault(str(model["system"]), []).append(code(role))
    for text, roles in systems.items():
        parts += [f"The system prompt of {' and '.join(roles)}:", block(text)]
    return "\n\n".join(parts)


def _facts(run: Mapping[str, Any]) -> Iterator[str]:
    seeds, strategy, task, spent = run["seeds"], run["strategy"], run["task"], run["spent"]
    about = f": {code(strategy['about'])}" if strategy.get("about") else ""
    yield f"Strategy {code(strategy['name'])} (version {code(strategy['version'])}){about}"
    if strategy.get("options"):
        yield f"Its options: {settings(strategy['options'])}"
    if run["rounds"] > 1:
        yield f"Rounds: {run['rounds']:,}"
    yield (
        f"Seeds: {seeds['count']:,} from {code(seeds['name'])}, {seeds['with_reference']:,} of them with a "
        f"reference answer; SHA-256 {code(seeds['sha256'])}"
    )
    own = {name: value for name, value in task.items() if name not in ("name", "prompts", "version")}
    yield f"Task {code(task['name'])} (version {code(task['version'])}); settings: {settings(own)}"
    yield f"Random state: {code(run['random_state'])}"
    limits = {name: value for name, value in run["budget"].items() if value is not None}
    yield f"Budget: {settings(limits)}"
    money = "dollars unknown" if spent["usd"] is None else f"${spent['usd']:,.4f}"
    doubt = (
        f", {counted(spent['in_doubt'], 'query', 'queries')} of them in doubt" if spent["in_doubt"] else ""
    )
    yield (
        f"Spent: {counted(spent['queries'], 'query', 'queries')}{doubt}, "
        f"{counted(spent['tokens'], 'token')}, {money}, in {spent['seconds']:,.0f} s"
    )
    why = f": {code(run['reason'])}" if run.get("reason") else ""
    yield f"Ended as {code(run['status'])}{why}"
    yield f"Grown in {code(run['file'])}; identity {code(run['identity_sha256'])}"


def _models(run: Mapping[str, Any]) -> Iterator[str]:
    for role, model in run["models"].items():
        limit = f"; replies of at most {code(model['max_tokens'])} tokens" if model["max_tokens"] else ""
        yield (
            f"{code(role)}: {code(model['model'])}; sampling: {settings(model['sampling'])}{limit}; "
            f"{_price(model['price'])}"
        )
    if run["simulated"]:
        yield "**Simulated:** a rule-based stand-in answered, not a language model."


def _price(price: Mapping[str, Any] | None) -> str:
    if price is None:
        return "price unknown"
    if price["source"] == "simulation":
        return "no price: a simulation"
    day = f", {code(price['date'])}" if price.get("date") else ""
    amounts = (
        f"${price['prompt']} and ${price['completion']} a million prompt and reply tokens"
        if _is_amount(price.get("prompt")) and _is_amount(price.get("completion"))
        else "price"
    )
    return f"{amounts}, by {code(price['source'])}{day}"


def _is_amount(text: object) -> bool:
    try:
        return float(str(text)) >= 0
    except ValueError:
        return False


def _verdicts(quality: Mapping[str, Any]) -> Iterator[str]:
    for verdict in ("accepted", "rejected", "unverified"):
        causes = quality.get(f"{verdict}_by") or {}
        told = ", ".join(f"{code(cause or 'no cause')} {count:,}" for cause, count in causes.items())
        yield f"{verdict}: {counted(quality[verdict], 'row')}{f' ({told})' if told else ''}"
    rowless = quality["rowless_by"]
    if rowless:
        told = ", ".join(f"{code(cause or 'no cause')} {count:,}" for cause, count in rowless.items())
        yield f"without a row: {counted(sum(rowless.values()), 'unit')} ({told})"
    each = quality["queries_per_kept"]
    if each is not None:
        usd = quality["usd_per_kept"]
        money = "" if usd is None else f" and ${usd:,.6f}"
        yield f"for each row accepted or unverified: {each:.2f} queries{money}"


def _check(check: Mapping[str, Any]) -> str:
    options = {name: value for name, value in (check.get("options") or {}).items() if name != "model"}
    about = f": {code(check['about'])}" if check.get("about") else ""
    return f"{code(check['name'])} (version {code(check['version'])}){about}; options: {settings(options)}"


def _found(quality: Mapping[str, Any]) -> Iterator[str]:
    """What the checks found, table by table."""
    for tables in quality["checks"].values():
        for table in tables:
            about = f" ({code(table['about'])})" if table["about"] else ""
            yield f"{code(table['title'])}{about}:"
            yield bullets(_line(table["columns"], row) for row in table["rows"][:_MOST_ROWS])


def _line(columns: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> str:
    figures = ", ".join(
        f"{code(column['name'])} {_figure(value, column['kind'])}"
        for column, value in zip([one for one in columns if one["name"]], row["values"], strict=False)
    )
    return f"{code(row['name'])}: {figures}"


def _figure(value: float | None, kind: str) -> str:
    if value is None:
        return "unknown"
    if kind == "share":
        return f"{value:.1%}"
    return f"{value:,}" if kind == "count" else json.dumps(round(value, 4))
