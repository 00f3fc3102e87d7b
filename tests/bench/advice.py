"""Measures the advice: what it loses to the best arm, whether its odds are honest, what a pilot pays.

    python -m tests.bench.advice                    everything, with curves of its own
    python -m tests.bench.advice --losses FOLDER    the real fine-tuning curves from another place

makes learning curves of the demo (about half an hour on one core; kept in --folder, so that a later run only
weighs), and writes tests/bench/ADVICE.md. Stopped or killed, the same command goes on where it was.

Real fine-tuning curves are those of github.com/linhaowei1/Fine-tuning-Scaling-Law: its folder `benchmark`, or
`finetuning_curves.csv` where $TILTH_TEST_DATA holds it. Without them their part is left out.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: small matrices gain nothing by more

import numpy as np
from tests.bench.advising import language_model, page, policies, real_curves, summary
from tests.bench.advising.arms import FOUR
from tests.bench.advising.curves import RATIOS, Case, Curves, all_pools, cases_of
from tests.bench.advising.decisions import ADVICE, PILOTS, decided, of
from tests.bench.advising.findings import Findings
from tests.bench.advising.forecasts import Pilot, study_of
from tests.bench.advising.pools import TEST, VALIDATION
from tests.bench.pages import HERE, made_by

import tilth
from tilth.caching import cache_folder

PAGE = HERE / "ADVICE.md"


def main() -> None:
    """Makes curves, weighs, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=cache_folder("bench"), help="%(default)s")
    parser.add_argument("--losses", type=Path, default=_losses(), help="folder or file of real curves")
    options = parser.parse_args()
    curves = Curves(options.folder / "advice-curves.sqlite")
    pools = all_pools()
    curves.make(pools)
    cases = [case for pool in pools for case in cases_of(pool)]
    found = weighed(curves, cases, options.losses)
    PAGE.write_text(written(found, cases), encoding="utf-8")
    print(PAGE)


def weighed(curves: Curves, cases: Sequence[Case], losses: Path | None) -> Findings:
    """All that is reported, from curves that are there. `losses`: where the real ones lie; None: nowhere."""
    cells = language_model.cells()
    return Findings(
        records=[one for place, case in enumerate(cases) for one in decided(curves, case, place)],
        nets=[one for case in cases for one in policies.ended(curves, case)],
        losses={} if losses is None else dict(_real(losses)),
        language_model=list(language_model.decisions(cells)),
        slopes={student: language_model.slopes(cells, student) for student in language_model.STUDENTS},
        whole=_whole(curves, cases[0]),
    )


def _real(path: Path) -> Iterator[tuple[str, dict[int, real_curves.Errors]]]:
    for name, curves in real_curves.read_curves(path).items():
        print(f"real curves: {name}", flush=True)
        yield name, {first: real_curves.errors(curves, first) for first in real_curves.FIRST}


def _whole(curves: Curves, case: Case) -> float:
    """Milliseconds of processor time that `tilth.advise` takes on a pilot of the installed strategies."""
    ratios, (target, *_) = PILOTS["up to 4"]
    pool = case.pool
    pilot = Pilot(FOUR, curves.curve(case, FOUR, ratios), case.student, pool.seeds)
    evidence = study_of(pilot, pool.task)
    seeds = tilth.demo.seeds(pool.seeds, pool.random_state, pool.task)
    spent = []
    for _ in range(5):
        began = time.process_time()
        tilth.advise(seeds, round(target * pool.seeds), evidence=evidence)
        spent.append(time.process_time() - began)
    return 1000 * float(np.median(spent))


def _losses() -> Path | None:
    folder = os.environ.get("TILTH_TEST_DATA")
    path = Path(folder) / "finetuning_curves.csv" if folder else None
    return path if path is not None and path.is_file() else None


def written(found: Findings, cases: Sequence[Case]) -> str:
    """The page."""
    lines = [
        "# Advice, measured",
        "",
        made_by(page.COMMAND, "numpy", "scikit-learn", "scipy") + ".",
        "",
        "## What it shows",
        "",
        *summary.shown(found),
        "",
        *page.goals_table(found),
        *summary.missed(found),
        "## How it was measured",
        "",
        *(line for text in _measured(found, cases) for line in page.prose(text)),
        *page.decisions_part(found),
        *page.parts_part(found),
        *page.honesty_part(found),
        *page.paid_part(found),
        *page.losses_part(found),
        *page.language_model_part(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _measured(found: Findings, cases: Sequence[Case]) -> Iterator[str]:
    """How it was measured, in paragraphs."""
    pools = {case.pool for case in cases}
    decisions = len(of(found.records, method=ADVICE, arms="six arms"))
    yield (
        f"{len(pools)} pools, {len(cases)} cases, {decisions:,} decisions on six arms and as many on three. "
        "A pool is one draw of seeds, rows and questions (task, the teacher's skill and drift, "
        "`random_state`, number of seeds). Its cases differ in student, in whether the seeds' own rows are "
        "learnt, too, and in the kind of question, and share its luck: intervals draw pools anew. Profiles "
        "and random states are none that were used while the method was made. Rows come from the simulated "
        "teacher (`tilth.demo`), without HTTP, by the strategies, tasks and checks of Tilth; students are "
        "the demo's parsers. So these figures tell how the method works on such curves, and nothing about a "
        "language model but where they say so."
    )
    yield (
        f"Each pool has {VALIDATION} validation questions, which decisions see, and {TEST:,} test questions "
        f"of each kind, which figures see. Students are trained at {len(RATIOS)} ratios from {RATIOS[0]:g} "
        f"to {RATIOS[-1]:g}. Two arms are the bench's own strategies: new and rephrased questions by halves, "
        "and the same after an answer to every seed. A pilot up to 1 decides at ratio 2, 4 and 8; up to 2 at "
        "4, 8 and 16; up to 4 at 8, 16 and 32. Regret is how far the chosen arm lies below the best, in "
        "points of accuracy on the test questions; bands are those of accuracy as the test questions show it."
    )
    yield (
        "Rival laws are averaged over their parameters by the likelihood of the pilot; “with plateau” they "
        "are told that a second answer to a question teaches these students nothing, as the advice is. The "
        "paper's crossing is that of arXiv 2409.19759, between its numbers of seeds; it does not say whether "
        "it counts queries or rows."
    )
    yield (
        "Two things were changed by what a first run of this bench had shown, and checked on the development "
        "curves: where the default was not measured, the arm whose rows are made of the same stands in for "
        "it, and odds are tempered less where no two arms are made of the same (by .8; .7 is as good there). "
        "Both change figures for three arms only. These were 1.14 points of regret, .94 after a pilot up to "
        "ratio 4, and .087 by which the odds were off, and are not blind any more."
    )
    yield (
        f"`tilth.advise` took {found.whole:.0f} ms of processor time, the reading of its frame with it; the "
        "column ms is a decision alone."
    )


if __name__ == "__main__":
    main()
