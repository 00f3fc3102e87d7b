"""Charts draw what the study holds, say where it comes from, and need no network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import polars as pl
import pytest
from jsonschema import ValidationError
from tests.support.made_study import COVERAGE, RATIOS, made_study

from tilth.charts import Figure, chart

Made = tuple[pl.DataFrame, pl.DataFrame]
TITLES = ["Answers", "Rephrase", "New question", "Answers, then new"]
"""Of the strategies of `COVERAGE`, in its order."""
TWO = {name: {25: COVERAGE[name][25]} for name in ("answer-augmentation", "new-question")}
"""Two lines of one panel: drawn in a third of the time, for what needs no more."""
SIMULATED = "simulated teacher; says nothing about your model"


@pytest.fixture(scope="module")
def study() -> Made:
    return made_study()


@pytest.fixture(scope="module")
def small() -> Made:
    return made_study(TWO)


@pytest.fixture(scope="module")
def figure(study: Made) -> Figure:
    return chart(*study)


@pytest.fixture(scope="module")
def spec(figure: Figure) -> dict[str, Any]:
    return figure.spec()


def words(figure: Figure, path: Path) -> str:
    """Everything that the saved SVG writes, in order of appearance."""
    root = ET.fromstring(figure.save(path / "figure.svg").read_text(encoding="utf-8"))
    texts = [element for element in root.iter() if element.tag.endswith(("}text", "}tspan"))]
    return " | ".join(element.text for element in texts if element.text)


def marks(spec: Any, kind: str) -> list[dict[str, Any]]:
    """Every unit that draws marks of a kind, anywhere in a specification."""
    if isinstance(spec, list):
        return [unit for part in spec for unit in marks(part, kind)]
    if not isinstance(spec, dict):
        return []
    mark = spec.get("mark")
    own = [spec] if isinstance(mark, dict) and mark.get("type") == kind else []
    return own + [unit for part in spec.values() for unit in marks(part, kind)]


def looks(spec: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Colour, shape and dash of each strategy, as the specification's scales give them."""
    found: dict[str, tuple[Any, ...]] = {}
    line = marks(spec, "line")[0]["encoding"]
    shape = next(unit["encoding"]["shape"] for unit in marks(spec, "point"))
    for scales in zip(
        line["color"]["scale"]["domain"],
        *(encoding["scale"]["range"] for encoding in (line["color"], shape, line["strokeDash"])),
        strict=True,
    ):
        found[scales[0]] = (scales[1], scales[2], tuple(scales[3]))
    return found


@pytest.mark.parametrize("kind", ["regimes", "spread"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_specification_is_valid(study: Made, kind: Any, theme: Any) -> None:
    spec = chart(*study, kind=kind, theme=theme).spec()
    alt.Chart.from_dict(spec, validate=True)
    assert json.loads(json.dumps(spec)) == spec
    assert spec["config"]["background"] == "transparent"
    assert "url" not in json.dumps(spec)


def test_a_wrong_specification_would_be_found(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        alt.Chart.from_dict(spec | {"concat": [{"mark": "no such mark"}]}, validate=True)


def test_it_names_every_strategy_panel_and_ratio(figure: Figure, tmp_path: Path) -> None:
    said = words(figure, tmp_path)
    for text in (*TITLES, "25 seeds", "100 seeds", *map(str, RATIOS), "50%", "ratio: queries per seed"):
        assert text in said, text


def test_strategies_differ_by_colour_shape_and_dash(spec: dict[str, Any]) -> None:
    found = looks(spec)
    assert list(found) == TITLES
    for kind in range(3):
        assert len({look[kind] for look in found.values()}) == 4


def test_a_strategy_keeps_its_look_whatever_else_is_drawn(small: Made) -> None:
    frame, outcomes = small
    alone = chart(frame.filter(strategy="new-question"), outcomes).spec()
    assert looks(alone) == {"New question": looks(chart(frame, outcomes).spec())["New question"]}


def two_settings(options: str = '{"shots":2}', **more: Any) -> Made:
    """New questions as they come and set otherwise, beside answers."""
    frame, outcomes = made_study(TWO, **more)
    plain = frame.filter(strategy="new-question")
    ids = plain["cell_id"].to_list()
    other = plain.with_columns(
        options=pl.lit(options), cell_id=pl.col("cell_id") + "s", correct=pl.col("correct") // 2
    ).with_columns(accuracy=pl.col("correct") / pl.col("n_test"))
    half = outcomes.filter(pl.col("cell_id").is_in(ids)).with_columns(
        pl.col("cell_id") + "s",
        correct=pl.int_range(pl.len()).over("cell_id") < (pl.col("correct").sum().over("cell_id") // 2),
    )
    return pl.concat([frame, other]), pl.concat([outcomes, half])


def test_two_settings_of_one_strategy_are_two_lines(tmp_path: Path) -> None:
    figure = chart(*two_settings())
    found = looks(figure.spec())
    assert list(found) == ["Answers", "New question", "New question (shots=2)"]
    assert len(set(found.values())) == 3
    last = figure.data.filter(strategy="new-question", ratio=16).select("options", "accuracy")
    by_options = dict(last.rows())
    assert by_options['{"shots":2}'] == pytest.approx(by_options["{}"] / 2, abs=0.01)
    said = words(figure, tmp_path).split(" | ")
    assert any(text.startswith("New question (shots=2)\u2002") for text in said)
    assert "New question (shots=2) stays above Answers, by ratio: not by 16" in figure.alt_text
    apart = chart(*two_settings(), kind="spread")
    assert set(apart.data["worst_options"]) == {'{"shots":2}'}
    assert "New question (shots=2)" in json.dumps(apart.spec())


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ('{"checks":[{"name":"agreement","options":{}}]}', "New question (agreement)"),
        (
            '{"checks":[{"name":"judge","options":{"model":{"model":"big"},"rubric":"style"}}],"shots":2}',
            "New question (shots=2, judge rubric=style)",
        ),
        ("as in their paper", "New question (as in their paper)"),
        ("</script>", "New question (</script>)"),
        ("[1]", "New question ([1])"),
    ],
)
def test_a_title_says_what_is_set_otherwise(options: str, title: str) -> None:
    assert list(looks(chart(*two_settings(options)).spec()))[-1] == title


def test_lines_that_would_be_called_alike_are_told_apart() -> None:
    frame, _ = two_settings('{"checks":[{"name":"judge","options":{"model":{"model":"big"}}}]}')
    third = frame.filter(pl.col("options") != "{}").with_columns(
        options=pl.lit('{"checks":[{"name":"judge","options":{"model":{"model":"small"}}}]}'),
        cell_id=pl.col("cell_id") + "t",
    )
    *_, one, other = looks(chart(pl.concat([frame, third])).spec())
    assert one != other
    assert one.startswith("New question (judge) #")
    assert other.startswith("New question (judge) #")


def test_published_figures_stand_beside_a_strategy_as_it_comes() -> None:
    frame, outcomes = two_settings()
    both = marks(chart(frame, outcomes, x="rows_per_seed", published=True).spec(), "point")
    assert any(unit["mark"].get("filled") is False for unit in both)
    set_otherwise = frame.filter(pl.col("options") != "{}")
    only = chart(set_otherwise, x="rows_per_seed", published=True)
    assert "No published figure lies in this range" in only.alt_text


def test_the_data_are_the_curves(study: Made, figure: Figure, spec: dict[str, Any]) -> None:
    frame, _ = study
    assert figure.data.height == 2 * 4 * 5
    drawn = figure.data.filter(strategy="new-question", seeds=100, ratio=16)["accuracy"].item()
    expected = frame.filter(strategy="new-question", seeds=100, ratio=16)["accuracy"].mean()
    assert drawn == pytest.approx(expected)
    assert f"{drawn}"[:10] in json.dumps(spec)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({}, "Bands: 95% bootstrap over 3 replicates and 400 questions"),
        ({"replicates": 1}, "Bands: 95% Wilson, 1 replicate"),
        (
            {"teacher": "gpt-4.1-mini", "simulated": False, "writer": "small"},
            "Teacher gpt-4.1-mini, writer small",
        ),
        ({}, f"Teacher demo: {SIMULATED}"),
        ({}, "Student parser, test set “same” (400 questions)"),
    ],
)
def test_the_subtitle_says_where_it_comes_from(options: dict[str, Any], line: str, tmp_path: Path) -> None:
    figure = chart(*made_study({"a": TWO["new-question"]}, **options))
    assert line in words(figure, tmp_path).split(" | ")
    assert line in figure.alt_text
    assert (SIMULATED in figure.alt_text) == options.get("simulated", True)


def test_without_outcomes_the_subtitle_says_wilson(small: Made, tmp_path: Path) -> None:
    frame, _ = small
    assert "Bands: 95% Wilson over 400 questions, mean of 3 replicates" in words(chart(frame), tmp_path)
    assert "No interval: the study has no per-question outcomes" in words(
        chart(frame, kind="spread"), tmp_path
    )


def test_the_alternative_says_who_leads_and_where_they_cross(figure: Figure) -> None:
    assert re.search(r"25 seeds, ratio 16: Answers, then new \d\d\.\d%, New question", figure.alt_text)
    assert re.search(
        r"New question stays above Answers, by ratio: \d\.\d \(\d\.\d to \d\.\d\)",
        figure.alt_text,
    )
    assert repr(figure) == figure.alt_text


def test_crossings_are_drawn_with_their_interval(small: Made, tmp_path: Path) -> None:
    frame, outcomes = small
    said = words(chart(frame, outcomes), tmp_path)
    assert "ratio from which a strategy stays above Answers" in said
    assert re.search(r"\d\.\d \(\d\.\d to \d\.\d\)", said)
    rising = chart(frame.filter(strategy="new-question"), outcomes)
    assert "stays above" not in words(rising, tmp_path)


def test_a_curve_that_never_passes_says_by_when(tmp_path: Path) -> None:
    flat = {"answer-augmentation": {25: (0.6,) * 5}, "new-question": {25: (0.3,) * 5}}
    assert "not by 16" in words(chart(*made_study(flat)), tmp_path)


@pytest.mark.parametrize(
    ("shapes", "answer"),
    [
        ({"a": (0.2, 0.3, 0.4, 0.45, 0.5), "b": (0.5, 0.5, 0.5, 0.5, 0.52)}, "Less: −"),
        ({"a": (0.2, 0.2, 0.2, 0.2, 0.2), "b": (0.2, 0.3, 0.4, 0.5, 0.6)}, "More: +"),
        ({"a": (0.3,) * 5, "b": (0.4,) * 5}, "No clear change: "),
    ],
)
def test_spread_answers_whether_choices_matter_less(
    shapes: dict[str, tuple[float, ...]], answer: str, tmp_path: Path
) -> None:
    figure = chart(*made_study({name: {25: line} for name, line in shapes.items()}), kind="spread")
    said = words(figure, tmp_path)
    assert "Do choices matter less with more data?" in said
    assert re.search(re.escape(answer) + r".*points \(.* to .*\) from ratio 1 to 16", said)
    assert answer in figure.alt_text


def test_one_replicate_of_spread_says_what_was_drawn(tmp_path: Path) -> None:
    said = words(chart(*made_study(TWO, replicates=1), kind="spread"), tmp_path)
    assert "Band: 95% bootstrap over 400 questions, 1 replicate" in said


@pytest.mark.parametrize("x", ["rows", "rows_per_seed", "usd"])
def test_other_amounts_of_data(small: Made, x: Any, tmp_path: Path) -> None:
    figure = chart(*small, x=x)
    assert figure.data["x"].equals(figure.data[x], check_names=False)
    title = {
        "rows": "rows (log",
        "rows_per_seed": "rows per seed, the paper's ratio",
        "usd": "US dollars (log",
    }[x]
    assert title in words(figure, tmp_path)


def test_unknown_dollars_are_refused() -> None:
    with pytest.raises(ValueError, match=r'no US dollars above 0 for 10 points; use x="ratio"'):
        chart(*made_study(TWO, usd=None), x="usd")


def test_published_figures_are_marked_as_such(small: Made, tmp_path: Path) -> None:
    figure = chart(*small, x="rows_per_seed", published=True)
    said = words(figure, tmp_path)
    assert "Hollow marks: published, GSM8K, other students and seeds" in said
    assert "published: Chan et al. 2024" in said
    assert [unit for unit in marks(figure.spec(), "point") if unit["mark"].get("filled") is False]
    assert all(unit["mark"]["filled"] for unit in marks(chart(*small).spec(), "point"))
    assert "MetaMath" in figure.alt_text


def test_published_rows_never_stand_on_queries(small: Made) -> None:
    with pytest.raises(ValueError, match='use x="rows_per_seed"'):
        chart(*small, published=True)


def test_test_sets_are_drawn_one_at_a_time(tmp_path: Path) -> None:
    frame, outcomes = made_study(TWO, tests=("same", "hand-written"))
    assert "test set “same”" in words(chart(frame, outcomes), tmp_path)
    assert "test set “hand-written”" in words(chart(frame, outcomes, test="hand-written"), tmp_path)
    with pytest.raises(ValueError, match="no test set 'other'; it has 'same', 'hand-written'"):
        chart(frame, outcomes, test="other")


def test_students_get_panels_of_their_own(tmp_path: Path) -> None:
    frame, outcomes = made_study(TWO)
    other = frame.with_columns(student=pl.lit("neighbour"), cell_id=pl.col("cell_id") + "n")
    doubled = pl.concat([outcomes, outcomes.with_columns(pl.col("cell_id") + "n")])
    said = words(chart(pl.concat([frame, other]), doubled), tmp_path)
    assert "25 seeds · parser" in said
    assert "25 seeds · neighbour" in said
    assert "Student parser and neighbour" in said


def test_incomplete_cells_are_counted(small: Made, tmp_path: Path) -> None:
    frame, outcomes = small
    figure = chart(frame.with_columns(complete=pl.col("ratio") < 16), outcomes)
    said = words(figure, tmp_path).split(" | ")
    assert "Not drawn: 6 of 30 cells, not complete" in said
    assert "16" not in said
    with pytest.raises(ValueError, match="no complete cell"):
        chart(frame.with_columns(complete=pl.lit(value=False)), outcomes)


def test_it_saves_without_a_network(figure: Figure, tmp_path: Path) -> None:
    png = figure.save(tmp_path / "figure.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[place : place + 4], "big") for place in (16, 20))
    assert width > 1200
    assert height > 600
    page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
    assert not re.search(r"""<(script|link|img)[^>]*(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert not re.search(r"jsdelivr|unpkg|cdnjs|esm\.sh", page)
    assert "Answers, then new" in page
    with pytest.raises(ValueError, match=r"figure.pdf: .pdf is not written; use .svg, .png or .html"):
        figure.save(tmp_path / "figure.pdf")


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "</script><img src=x onerror=alert(1)>"
    figure = chart(*made_study({name: {25: COVERAGE["new-question"][25]}}, teacher="<!--<script>"))
    page = figure.save(tmp_path / "figure.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "<!--<script>" not in page
    assert json.dumps(name)[1:-1].replace("<", "\\u003c") in page
    assert name in words(figure, tmp_path)
    assert "<img" not in figure._repr_mimebundle_()["image/svg+xml"]


def test_it_shows_in_any_notebook(figure: Figure) -> None:
    bundle = figure._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == figure.alt_text
    assert bundle["image/svg+xml"].startswith('<svg role="img" aria-label="Line chart of accuracy')


def test_themes_differ_in_colours_only(figure: Figure, spec: dict[str, Any]) -> None:
    light, dark = spec, figure.spec("dark")
    assert light["config"]["title"]["color"] != dark["config"]["title"]["color"]
    for strategy, (color, shape, dash) in looks(light).items():
        assert looks(dark)[strategy][0] != color
        assert looks(dark)[strategy][1:] == (shape, dash)
    assert figure.theme == "light"
    assert 'fill="#111418"' in chart_svg(figure, "dark")


def chart_svg(figure: Figure, theme: Any) -> str:
    return Figure(figure.data, figure.alt_text, theme, figure._build)._repr_mimebundle_()["image/svg+xml"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pie"}, "kind 'pie' is unknown"),
        ({"theme": "neon"}, "theme 'neon' is unknown"),
        ({"kind": "spread", "published": True}, "stand behind kind"),
    ],
)
def test_unknown_choices_are_refused(small: Made, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chart(*small, **options)


def test_an_empty_study_has_no_chart(small: Made) -> None:
    with pytest.raises(ValueError, match="no cells yet"):
        chart(small[0].clear())


def test_other_charts_keep_their_settings(figure: Figure) -> None:
    with alt.data_transformers.enable("vegafusion"):
        assert figure.spec()["concat"]
        assert alt.data_transformers.active == "vegafusion"
    assert alt.data_transformers.active == "default"
