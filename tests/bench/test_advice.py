"""The bench of the advice in small: that it measures what it says, and goes on where it was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.bench import advice
from tests.bench.advising import findings, language_model, laws, real_curves, scores
from tests.bench.advising.arms import (
    AA,
    ATH,
    ATN,
    DEFAULT,
    HALF,
    NQ,
    QR,
    SIX,
    STRATEGIES,
    Bought,
    bought,
    shared,
    spent_on,
)
from tests.bench.advising.curves import Curves, cases_of
from tests.bench.advising.decisions import ADVICE, ALL_MEASURED, of, rules
from tests.bench.advising.forecasts import Pilot, advised, study_of
from tests.bench.advising.policies import UNION, own_rows
from tests.bench.advising.pools import Pool

import tilth

POOL = Pool("numeric", 1.0, 0.5, 77, 20, most=32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("bench") / "curves.sqlite"


@pytest.fixture(scope="module")
def case():
    return cases_of(POOL)[0]


@pytest.fixture(scope="module")
def found(path, case):
    return advice.weighed(Curves(path), [case], None)


def test_every_decision_is_held_against_the_best_arm(found) -> None:
    ours = of(found.records, method=ADVICE, arms="six arms")
    assert [one.ratio for one in ours] == [2, 4, 8, 4, 8, 16, 8, 16, 32]
    for one in found.records:
        assert one.regret >= 0
        if one.chosen is not None:
            assert one.regret == pytest.approx(100 * (one.truth.max() - one.truth[one.chosen]))
    measured = of(found.records, method=ALL_MEASURED, arms="six arms")
    assert np.mean([one.regret for one in measured]) < np.mean(
        [one.regret for one in of(found.records, method=f"always {AA}", arms="six arms")]
    )


def test_a_second_time_nothing_is_trained(path, case, found) -> None:
    again = Curves(path)
    cells = again.curve(case, SIX, (0.5, 1, 8))
    assert again.trained == 0
    [first, *_] = [one for one in found.records if one.ratio == 8 and one.arms == "six arms"]
    assert [cells[arm, 8].truth for arm in SIX] == first.truth.tolist()


def test_it_decides_as_advise_itself(path, case) -> None:
    arms = (AA, QR, NQ, ATN)
    pilot = Pilot(arms, Curves(path).curve(case, arms, (0.5, 1, 1.5, 2)), case.student, POOL.seeds)
    decision, weighing = advised(pilot, 8, DEFAULT)
    seeds = tilth.demo.seeds(POOL.seeds, POOL.random_state)
    said = tilth.advise(seeds, 8 * POOL.seeds, evidence=study_of(pilot, POOL.task))
    assert (arms[decision.arm], decision.words) == (said.arm, said.words)
    # from the same posterior, but drawn in another order of arms
    assert decision.within == pytest.approx(said.within, abs=0.04)
    rows = {row["arm"]: row for row in said.table.iter_rows(named=True)}
    for place, arm in enumerate(arms):
        assert rows[arm]["mean"] == pytest.approx(weighing.draws[:, place].mean(), abs=0.01)
        assert rows[arm]["p_best"] == pytest.approx(decision.p_best[place], abs=0.03)


def test_the_page_tells_goals_and_what_is_missed(found, case) -> None:
    page = advice.written(found, [case])
    for goal in findings.goals(found):
        assert f"| {goal.name} | {goal.goal} | {goal.got} |" in page
        assert goal.missed_by is None or f"missed by {goal.missed_by}" in page
    for heading in ("What it shows", "Goals", "Pilots that are paid for", "A real language model as student"):
        assert f"\n## {heading}\n" in page
    assert "1 pools, 1 cases, 9 decisions on six arms" in page


def test_a_paid_pilot_spends_the_whole_budget_and_no_more(found) -> None:
    for arm in SIX:
        for reach in (0.5, 2):
            union = spent_on(arm, 8, shared(reach))
            assert union.ratio == pytest.approx(8)
            assert union.covers(shared(reach))
            own = own_rows(arm, 8, shared(reach))
            assert union.covers(own)
            assert own.ratio <= 8
    assert own_rows(ATN, 8, shared(2)) == Bought(1.0, 0.0, 5.0)
    assert {one.learns for one in found.nets if one.share} == {UNION, "its own rows"}
    assert all(one.share <= 0.6 for one in found.nets)


@pytest.mark.parametrize(("name", "queries"), [(HALF, 40), (ATH, 60)])
def test_the_benchs_own_strategies_grow_what_their_curves_are_made_of(tmp_path, name, queries) -> None:
    seeds, teacher = tilth.demo.seeds(20), tilth.demo.teacher()
    run = tilth.generate_sync(seeds, STRATEGIES[name](), queries, teacher=teacher, path=tmp_path / "r.tilth")
    later = run.rows.filter(run.rows["unit"] >= 20) if name == ATH else run.rows
    assert later["queries"].to_list() == [2] * later.height
    kinds = later["reference"].is_null()  # nothing is known of a new question's answer
    assert kinds.sum() == pytest.approx(later.height / 2, abs=1)
    what = bought(name, queries / 20)
    assert what.ratio == queries / 20
    assert what.new == what.rephrases


def test_rules_look_at_the_ratio_alone() -> None:
    chosen = [rules(100, ratio) for ratio in (8, 16, 32, 64)]
    assert [one["new questions from ratio 16"] for one in chosen] == [AA, NQ, NQ, NQ]
    assert [one["the paper's crossing as queries"] for one in chosen] == [AA, AA, NQ, NQ]
    assert [one["the paper's crossing as rows"] for one in chosen] == [AA, AA, AA, NQ]


def test_laws_find_the_curves_that_they_describe() -> None:
    data, ahead = 200 * 2.0 ** np.arange(8), np.array([200 * 2.0**11])
    for name, law, parameters in (
        ("power law", laws.power, (0.5, 3.0, 0.3)),
        ("rectified law", laws.rectified, (0.5, 40.0, 2.5, 0.5)),
    ):
        truth = law(parameters, np.append(data, ahead) / 200)
        assert laws.FITTED[name](data, truth[:-1], ahead) == pytest.approx(truth[-1:], rel=0.02)
    curve = laws.m4((0.2, 0.8, 0.5, 0.7, 1.0), data / 200)
    assert all(first > second > 0.2 for first, second in pairwise(curve))
    left, right = (curve - 0.2) / (1 - curve) ** 0.7, 0.8 * (data / 200) ** -0.5
    assert left == pytest.approx(right)


def test_odds_that_mean_what_they_say_are_told_from_those_that_do_not() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0, 1, 4_000)
    was = (rng.uniform(0, 1, 4_000) < said).astype(float)
    assert scores.calibration_error(said, was) < 0.03
    assert scores.calibration_error(said**4, was) > 0.2


def test_a_language_models_curves_are_read_from_their_csv() -> None:
    decided = list(language_model.decisions(language_model.cells()))
    assert {one.student for one in decided} == {"lora", "sketch"}
    for one in decided:
        assert one.regret() == pytest.approx(100 * (one.truth.max() - one.truth[one.chosen]))
        assert ((one.low < one.mean) & (one.mean < one.high)).all()


def test_losses_are_held_against_the_fourth_point_ahead(tmp_path) -> None:
    rows = [200 * 2**step for step in range(10)]
    lines = [f"made,model,{one},{2 + one**-0.2}" for one in [0.001, *rows]]
    (tmp_path / "losses.csv").write_text("dataset,model,rows,loss\n" + "\n".join(lines), encoding="utf-8")
    curves = real_curves.read_curves(tmp_path / "losses.csv")["made"]
    errors = real_curves.errors(curves, 5)
    assert errors.rows == 3_200
    assert errors.by_method["power law"] < errors.by_method["last point"]
    assert errors.by_method["last point"] == pytest.approx(
        abs(np.log((2 + rows[4] ** -0.2) / (2 + rows[8] ** -0.2)))
    )
