"""What the bench shows, in words, and why goals are missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from tests.bench.advising import language_model, real_curves
from tests.bench.advising.arms import DEFAULT, NQ, QR
from tests.bench.advising.decisions import ADVICE, ALL_MEASURED, RULES
from tests.bench.advising.findings import BEST_RIVAL, Findings, goals
from tests.bench.advising.page import point

WHY: Mapping[str, str] = {
    "90 % bands hold, all arms": (
        "They are wider than they need be: what is believed of curves before any is measured was fitted on "
        "profiles whose curves turn more."
    ),
    "calibration error of P(best), three arms": (
        "The odds are a little too cautious, as a table below shows. They are tempered, by exponents that "
        "were chosen on the development curves."
    ),
    "mean regret, three arms": (
        "New questions are best in most of these decisions, so that never to look at a pilot is hard to "
        "beat. What is lost is lost where rephrases lead at the pilot's end, and stop rising behind it."
    ),
    "a paid pilot": (
        "The best fixed arm, which is known only afterwards, lies so near the best of all that a better "
        "choice has little to win, and rows of other arms teach no more than the chosen arm's own would "
        "have, learnt as they are. A pilot buys known odds, and safety: a wrong fixed arm loses ten points "
        "and more."
    ),
    "real curves": (
        "The method is the one that reached .143, .118 and .066 when it was made; the goals were set beyond "
        "that."
    ),
}
"""Why goals are missed, by the beginnings of their names."""


def shown(found: Findings) -> list[str]:
    """The findings in a few sentences."""
    told = [
        _six(found),
        _three(found),
        _honest(found),
        *_paid(found),
        *_losses(found),
        _language_model(found),
    ]
    return [line for text in told for line in point(text)]


def _six(found: Findings) -> str:
    default = f"always {DEFAULT}"
    ours, fixed, rival = (found.mean(method, "six arms") for method in (ADVICE, default, BEST_RIVAL))
    rules = [found.mean(rule, "six arms") for rule in RULES]
    return (
        f"Of six arms, the advised one lies {ours:.2f} points below the best on average, after a pilot that "
        f"is free. “{default.capitalize()}” lies {fixed:.2f} below it, the choice of a {BEST_RIVAL} "
        f"{rival:.2f}, and fixed rules by the ratio {min(rules):.2f} to {max(rules):.2f}. With every arm "
        "trained at the full budget and judged on the validation questions it is "
        f"{found.mean(ALL_MEASURED, 'six arms'):.2f}."
    )


def _three(found: Findings) -> str:
    methods = (ADVICE, f"always {NQ}", BEST_RIVAL)
    ours, fixed, rival = (found.mean(method, "three arms", pilot="up to 4") for method in methods)
    return (
        f"Of the paper's three arms, after a pilot up to ratio 4, it is {ours:.2f}; {fixed:.2f} for “always "
        f"{NQ}”, and {rival:.2f} for the {BEST_RIVAL}."
    )


def _honest(found: Findings) -> str:
    told = found.honesty["six arms"]
    return (
        f"Its 90 % bands hold {told.held[90]:.0%} of what comes, and its forecasts err by {told.error:.1f} "
        f"points. Its odds of being best are off by {told.p_best:.3f} on average with six arms, and by "
        f"{found.honesty['three arms'].p_best:.3f} with three; its probability that the choice lies within "
        f"two points of the best by {told.within:.3f} and {found.honesty['three arms'].within:.3f}. Where "
        "they are off, they are mostly too cautious."
    )


def _paid(found: Findings) -> Iterator[str]:
    told = []
    for ratio in sorted({one.ratio for one in found.nets}):
        fixed, paid = found.best_fixed(ratio), found.best_paid(ratio)
        told.append(
            f"at ratio {ratio:g} {found.net(paid, ratio):.2f} ({paid.split(';')[0]}) against "
            f"{found.net(fixed, ratio):.2f} ({fixed})"
        )
    yield (
        "Once a pilot is paid for out of the budget, and the last student learns all that was bought, the "
        f"best policy with one ends so far below the best arm, and the best one without: {'; '.join(told)}."
    )


def _losses(found: Findings) -> Iterator[str]:
    for name, by_first in found.losses.items():
        if name not in real_curves.CHOSEN_ON:
            each = [errors.by_method for errors in by_first.values()]
            ours = [errors[real_curves.OURS] for errors in each]
            rivals = [
                min(value for method, value in errors.items() if method != real_curves.OURS)
                for errors in each
            ]
            yield (
                f"On real fine-tuning curves ({name}), the log of the loss at 16 times the rows is missed by "
                f"{', '.join(f'{one:.3f}' for one in ours)} from {', '.join(map(str, by_first))} points; the "
                f"best rival of each by {', '.join(f'{one:.3f}' for one in rivals)}."
            )


def _language_model(found: Findings) -> str:
    place = language_model.ARMS.index(DEFAULT)
    each = [
        [one for one in found.language_model if one.student == student] for student in language_model.STUDENTS
    ]
    (ours, default), (demo, demo_default) = (
        (np.mean([one.regret() for one in own]), np.mean([one.regret(place) for one in own])) for own in each
    )
    late = [f"{found.slopes[name][QR][-1]:+.2f}" for name in language_model.STUDENTS]
    return (
        f"With a language model as student, {len(each[0])} small decisions lose {ours:.2f} points, and the "
        f"default {default:.2f}; with the demo's parser on the same rows {demo:.2f} and {demo_default:.2f}. "
        f"The two differ: past ratio 4, rephrases bring the language model {late[0]} logits a doubling, and "
        f"the parser {late[1]}."
    )


def missed(found: Findings) -> list[str]:
    """By how much goals are missed, and why."""
    lines = []
    for one in goals(found):
        if one.missed_by is not None:
            why = next((text for start, text in WHY.items() if one.name.startswith(start)), "")
            lines += point(f"{one.name}: missed by {one.missed_by}. {why}".rstrip())
    return ["### What is missed, and why", "", *lines, ""] if lines else []
