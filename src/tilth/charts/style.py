"""How charts look: colours, shapes and dashes that hold in print, on dark pages and for colour-blind eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tilth.studies.options import DEFAULTS, Line

if TYPE_CHECKING:
    import altair as alt

ThemeName = Literal["light", "dark"]

_FAMILIAR = ("answer-augmentation", "question-rephrase", "new-question", "answers-then-new", "adaptive")
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right")
_DASHES = ([1, 0], [7, 3], [2, 2.5], [9, 3, 2, 3], [4, 2], [1, 3], [12, 3])


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a chart.

    Attributes:
        palette: Lines' colours; Okabe and Ito 2008 on white, lightened on black.
    """

    name: ThemeName
    background: str
    ink: str
    muted: str
    faint: str
    palette: tuple[str, ...]


_THEMES = {
    "light": Theme(
        name="light",
        background="#ffffff",
        ink="#1f2328",
        muted="#656d76",
        faint="#e8eaed",
        palette=("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000"),
    ),
    "dark": Theme(
        name="dark",
        background="#111418",
        ink="#e6e8eb",
        muted="#9aa3ad",
        faint="#2a3037",
        palette=("#5BB0E8", "#F2B441", "#36C79C", "#E7A3CB", "#F58549", "#A5D8F7", "#FFFFFF"),
    ),
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a line is drawn, wherever it appears."""

    color: str
    shape: str
    dash: Sequence[float]


def theme(name: str) -> Theme:
    """The theme of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in _THEMES:
        raise ValueError(f"theme {name!r} is unknown; choose one of {', '.join(_THEMES)}")
    return _THEMES[name]


def looks(lines: Mapping[Line, str], theme: Theme) -> dict[str, Look]:
    """A look for each line, by its title; the paper's own strategies keep theirs whatever else is shown."""
    familiar = [(name, DEFAULTS) for name in _FAMILIAR]
    others = [line for line in lines if line not in familiar]
    # looks of familiar lines that are not drawn are taken before any look is taken twice
    free = [place for place, line in enumerate(familiar) if line not in lines]
    later = [*range(len(familiar), len(_SHAPES)), *free]
    places = {line: place for place, line in enumerate(familiar)}
    places |= {line: later[place % len(later)] for place, line in enumerate(others)}
    return {
        title: Look(
            color=theme.palette[places[line] % len(theme.palette)],
            shape=_SHAPES[places[line] % len(_SHAPES)],
            dash=_DASHES[places[line] % len(_DASHES)],
        )
        for line, title in lines.items()
    }


def encodings(drawn: dict[str, Look]) -> tuple[alt.Color, alt.Shape, alt.StrokeDash]:
    """A line's colour, shape and dash as encodings of the field `strategy`, which holds its title."""
    import altair as alt

    names, found = list(drawn), list(drawn.values())

    def scale(values: Sequence[Any]) -> alt.Scale:
        return alt.Scale(domain=names, range=list(values))

    return (
        alt.Color("strategy:N", legend=None, scale=scale([look.color for look in found])),
        alt.Shape("strategy:N", legend=None, scale=scale([look.shape for look in found])),
        alt.StrokeDash("strategy:N", legend=None, scale=scale([list(look.dash) for look in found])),
    )


def config(theme: Theme) -> dict[str, Any]:
    """The Vega-Lite config of a theme."""
    font = "Inter, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
    return {
        "font": font,
        "background": theme.background,
        "padding": 16,
        "view": {"stroke": None},
        "concat": {"spacing": 28},
        "title": {
            "anchor": "start",
            "color": theme.ink,
            "fontSize": 16,
            "fontWeight": 600,
            "offset": 14,
            "subtitleColor": theme.muted,
            "subtitleFontSize": 12,
            "subtitleLineHeight": 17,
            "subtitlePadding": 6,
        },
        "axis": {
            "domain": False,
            "gridColor": theme.faint,
            "labelColor": theme.muted,
            "labelFontSize": 11,
            "labelPadding": 6,
            "ticks": False,
            "titleColor": theme.muted,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "text": {"color": theme.ink, "fontSize": 11},
    }
