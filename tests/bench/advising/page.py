"""The page of the bench: what it shows, how it stands to its goals, and its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

import numpy as np
from tests.bench.advising import language_model, real_curves
from tests.bench.advising.arms import DEFAULT, NQ, SIX
from tests.bench.advising.decisions import (
    ADVICE,
    ALL_MEASURED,
    BY_MEAN,
    RULES,
    SETS,
    Record,
    of,
)
from tests.bench.advising.findings import BEST_RIVAL, LARGE, SHORT, Findings, goals
from tests.bench.advising.policies import BUDGETS, Net
from tests.bench.advising.scores import (
    Honesty,
    Regret,
    best_said_and_was,
    difference,
    reliability,
    within_said_and_was,
)

COMMAND = "python -m tests.bench.advice"
_WIDTH = 108
_SHOWN_BY = (ADVICE, f"always {DEFAULT}", f"always {NQ}", BEST_RIVAL, ALL_MEASURED)


def prose(text: str) -> list[str]:
    """A paragraph in lines, with an empty one behind it."""
    return [*wrap(text, _WIDTH, break_on_hyphens=False), ""]


def point(text: str) -> list[str]:
    """An item of a list in lines."""
    return wrap(f"- {text}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, with an empty line behind it."""
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return [*lines, ""]


def goals_table(found: Findings) -> list[str]:
    """Every goal with what was got."""
    rows = [
        [one.name, one.goal, one.got, "met" if one.missed_by is None else f"missed by {one.missed_by}"]
        for one in goals(found)
    ]
    told = "They were set before the bench was made. Figures are compared as they are printed."
    return ["## Goals", "", told, "", *table(["", "goal", "got", ""], rows)]


def decisions_part(found: Findings) -> list[str]:
    """Regret and honesty of every method, for both sets of arms."""
    lines = ["## Decisions from a pilot that is free", ""]
    head = ["method", "mean", "p90", "worst", "within 1 point", "error", "bias", "50 / 80 / 90 % held"]
    head += ["P(best) off by", "within 2 off by", "ms"]
    for arms in SETS:
        own = of(found.records, arms=arms)
        methods = dict.fromkeys(one.method for one in own)
        lines += [f"### {arms.capitalize()}", ""]
        lines += table(head, [_method(method, of(own, method=method)) for method in methods])
        lines += _differences(own)
    return lines


def _method(method: str, records: Sequence[Record]) -> list[str]:
    regret = Regret.of([one.regret for one in records])
    row = [method, f"{regret.mean:.2f}", f"{regret.p90:.1f}", f"{regret.worst:.1f}"]
    row.append(f"{regret.within_one:.0%}")
    if records[0].said is None:
        return [*row, *[""] * 6]
    told = Honesty.of(records)
    held = " / ".join(f"{100 * share:.0f}" for share in told.held.values())
    errors = [f"{told.error:.2f}", f"{told.bias:+.1f}", held, f"{told.p_best:.3f}", f"{told.within:.3f}"]
    return [*row, *errors, f"{told.milliseconds:.1f}"]


def _differences(records: Sequence[Record]) -> list[str]:
    """The advice's mean regret minus that of others, with intervals."""
    there = {one.method for one in records}
    others = [f"always {DEFAULT}", f"always {NQ}", BEST_RIVAL, "M4 with plateau", "last point", BY_MEAN]
    rows = []
    for other in [*others, *RULES]:
        if other in there:
            mean, low, high = difference(records, ADVICE, other)
            rows.append([other, f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}"])
    told = "The advice's mean regret minus that of (95 % interval; pools drawn anew):"
    return [told, "", *table(["method", "difference", "interval"], rows)]


def parts_part(found: Findings) -> list[str]:
    """Mean regret by what decisions were about."""
    lines = ["### By pilot, task, seeds and student", ""]
    groups: dict[str, dict[str, list[Record]]] = {
        "six arms": {},
        "three arms": {},
    }
    for arms, parts in groups.items():
        for one in of(found.records, arms=arms):
            pool = one.case.pool
            told = [f"pilot {one.pilot}", pool.task, f"{pool.seeds} seeds", f"student {one.case.student}"]
            told += [f"profile {pool.skill:g}, {pool.drift:g}"]
            told += ["the seeds' own rows learnt, too"] if one.case.seed_rows else []
            told += ["held-out questions"] if one.case.questions == "held-out" else []
            for name in told:
                parts.setdefault(name, []).append(one)
        there = [method for method in _SHOWN_BY if of(found.records, method=method, arms=arms)]
        rows = []
        for name in sorted(parts, key=lambda name: (*_order(name), name)):
            each = [[one.regret for one in of(parts[name], method=method)] for method in there]
            rows.append([name, str(len(each[0])), *(f"{np.mean(some):.2f}" for some in each)])
        lines += [f"Mean regret, {arms}:", "", *table(["", "decisions", *there], rows)]
    return lines


def _order(name: str) -> tuple[int, int]:
    kinds = ("pilot", "numeric", "sql", "seeds", "student", "profile", "held-out", "the seeds'")
    place = next(place for place, kind in enumerate(kinds) if kind in name)
    number = int(name.split(maxsplit=1)[0]) if name[0].isdigit() else 0
    return place, number


def honesty_part(found: Findings) -> list[str]:
    """What was said and what was: bands by arm, odds, words."""
    lines = ["### What was said, and what was", "", "90 % bands of the advice, by arm (six arms):", ""]
    own = of(found.records, method=ADVICE, arms="six arms")
    truth, mean = np.array([one.truth for one in own]), np.array([one.said.mean for one in own])
    held, gaps = found.honesty["six arms"].held_each, 100 * (mean - truth)
    rows = [
        [arm, f"{held[place]:.1%}", f"{np.abs(gaps[:, place]).mean():.1f}", f"{gaps[:, place].mean():+.1f}"]
        for place, arm in enumerate(SIX)
    ]
    lines += table(["arm", "held", "error", "bias"], rows)
    for what, pairs in (
        ("P(best)", best_said_and_was),
        ("Within two points of the best", within_said_and_was),
    ):
        for arms in SETS:
            said, was = pairs(of(found.records, method=ADVICE, arms=arms))
            parts = reliability(said, was)
            lines += [f"{what}, {arms}, in bins of equal counts ({parts[0][2]} each):", ""]
            cells = [["said", *(f"{one:.2f}" for one, _, _ in parts)]]
            cells += [["was", *(f"{one:.2f}" for _, one, _ in parts)]]
            lines += table(["", *(str(place + 1) for place in range(len(parts)))], cells)
    lines += ["Words, six arms and three:", ""]
    rows = []
    for arms in SETS:
        told = of(found.records, method=ADVICE, arms=arms)
        for words in ("clear", "leaning", "too close to call"):
            some = [one.regret for one in told if one.said.words == words]
            if some:
                near = np.mean([one <= 2 for one in some])
                rows.append([arms, words, str(len(some)), f"{near:.0%}", f"{np.mean(some):.2f}"])
    lines += table(["arms", "words", "decisions", "within 2 points", "mean regret"], rows)
    return [*lines, *_left(own)]


def _left(records: Sequence[Record]) -> list[str]:
    """How it went where the advice left its default."""
    gains: dict[str, list[float]] = {}
    place = SIX.index(DEFAULT)
    for one in records:
        if one.chosen != place:
            gain = 100 * float(one.truth[one.chosen] - one.truth[place])
            gains.setdefault(SIX[one.chosen], []).append(gain)
    rows = [
        [arm, str(len(some)), f"{np.mean(some):+.2f}", f"{np.mean([one < -1 for one in some]):.0%}"]
        for arm, some in sorted(gains.items(), key=lambda item: -len(item[1]))
    ]
    left = sum(map(len, gains.values()))
    told = f"It left its default in {left} of {len(records)} decisions on six arms, for:"
    return [told, "", *table(["arm", "decisions", "points gained", "worse by more than 1"], rows)]


def paid_part(found: Findings) -> list[str]:
    """What a pilot is worth once it is paid for."""
    methods = dict.fromkeys(one.method for one in found.nets)
    rows = []
    for method in methods:
        own = [one for one in found.nets if one.method == method]
        means = [_mean([one for one in own if one.ratio == ratio]) for ratio in BUDGETS]
        all_of = Regret.of([one.regret for one in own])
        spent, trained = np.mean([one.share for one in own]), np.mean([one.trainings for one in own])
        row = [method, *means, f"{all_of.mean:.2f}", f"{all_of.p90:.1f}", f"{all_of.worst:.1f}"]
        rows.append([*row, f"{spent:.0%}" if spent else "", f"{trained:.0f}" if trained else ""])
    head = ["policy; what the last student learns", *(f"R = {ratio}" for ratio in BUDGETS), "all", "p90"]
    lines = [
        "## Pilots that are paid for",
        "",
        *prose(
            "Net regret: the best arm at the full budget of R queries for each seed, minus what the last "
            "student reaches, in points; below 0 it is better than any single arm. A pilot's pools up to r "
            "cost 1 + 2 r queries for each seed and serve all six arms. R = 64 is measured with 25 seeds "
            "alone. “adaptive” is the rule of `tilth.Adaptive` on its four arms."
        ),
        *table([*head, "worst", "pilot's share", "trainings"], rows),
    ]
    fixed, at = found.best_fixed(*LARGE), found.at(*LARGE)
    rows = []
    for method in methods:
        if any(one.share for one in at if one.method == method):
            mean, low, high = difference(at, method, fixed)
            rows.append([method, f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}"])
    ratios = " and ".join(map(str, LARGE))
    told = (
        f"Against “{fixed}”, the best arm without a pilot at R = {ratios} (95 % interval; pools drawn anew):"
    )
    return [*lines, told, "", *table(["policy", "difference", "interval"], rows)]


def _mean(nets: Sequence[Net]) -> str:
    return f"{np.mean([one.regret for one in nets]):.2f}" if nets else ""


def losses_part(found: Findings) -> list[str]:
    """Real fine-tuning curves."""
    if not found.losses:
        return []
    methods = next(iter(next(iter(found.losses.values())).values())).by_method
    rows = [
        [
            name,
            f"{first} ({errors.rows:,})",
            *(f"{errors.by_method[one]:.3f}" for one in methods),
            " / ".join(f"{100 * share:.0f}" for share in errors.held.values()),
        ]
        for name, by_first in found.losses.items()
        for first, errors in by_first.items()
    ]
    return [
        "## Real fine-tuning curves",
        "",
        *prose(
            "Test losses of 30 language models (arXiv 2402.02314). Mean absolute error of the log of the "
            "loss at 16 times the rows. The prior for losses was chosen on "
            f"{' and '.join(real_curves.CHOSEN_ON)}, and wmt19 was looked at once when it was made."
        ),
        *table(["data", "first points (rows)", *methods, "50 / 80 / 90 % held"], rows),
    ]


def language_model_part(found: Findings) -> list[str]:
    """The demo's student and a language model on the same rows."""
    rows, gains = [], []
    for student in language_model.STUDENTS:
        own = [one for one in found.language_model if one.student == student]
        truth, mean = np.array([one.truth for one in own]), np.array([one.mean for one in own])
        low, high = np.array([one.low for one in own]), np.array([one.high for one in own])
        always = [np.mean([one.regret(place) for one in own]) for place in range(len(language_model.ARMS))]
        row = [student, str(len(own)), f"{np.mean([one.regret() for one in own]):.2f}"]
        row += [f"{one:.2f}" for one in always]
        row += [f"{100 * np.abs(mean - truth).mean():.1f}", f"{100 * (mean - truth).mean():+.1f}"]
        rows.append([*row, f"{((low <= truth) & (truth <= high)).mean():.0%}"])
        for place, (start, end) in enumerate(language_model.STEPS):
            each = [f"{found.slopes[student][arm][place]:+.2f}" for arm in language_model.ARMS]
            gains.append([student, f"{start} to {end}", *each])
    arms = [SHORT[arm] for arm in language_model.ARMS]
    head = ["student", "decisions", "advise", *(f"always {arm}" for arm in arms)]
    return [
        "## A real language model as student",
        "",
        *prose(
            "SmolLM2 (135 million parameters, `lora`) and the sketch parser on the same rows of the SQL "
            "demo, from [the study's cells](lm_study_sql.csv): a pilot of one replicate at ratio 1, and at 1 "
            "and 4, decides at 4 and 16, on 70 to 100 questions. The questions that decide are those that "
            "are looked at in the end, for that study had no others: figures flatter every method alike. "
            "Mean regret in points:"
        ),
        *table([*head, "error", "bias", "90 % held"], rows),
        "Logits for each doubling of the budget, over all test sets and both numbers of seeds:",
        "",
        *table(["student", "ratio", *arms], gains),
    ]
