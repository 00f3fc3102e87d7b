"""A figure: a chart with its data and a text alternative, which shows and saves without a network."""

from __future__ import annotations

import html
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.charts.drawing import draw, drawable
from tilth.charts.style import Theme, ThemeName, config, theme

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    Build = Callable[[Theme], alt.ConcatChart]


@dataclass(frozen=True, repr=False)
class Figure:
    """A chart of a study, or of advice.

    Attributes:
        data: What is drawn, one row for each point: of a study as `tilth.studies.curves` gives it.
        alt_text: What the chart shows, in words.
        theme: "light" or "dark".

    Example:
        >>> study = tilth.study_sync(
        ...     tilth.demo.seeds(20),
        ...     test=tilth.demo.questions().head(20),
        ...     strategies=["answer-augmentation"],
        ...     ratios=[1, 2],
        ...     replicates=1,
        ...     teacher=tilth.demo.teacher(),
        ...     path="study.tilth",
        ... )
        >>> figure = tilth.chart(study)
        >>> figure.save("regimes.svg").name
        'regimes.svg'
        >>> figure.data.height
        2
    """

    data: pl.DataFrame
    alt_text: str
    theme: ThemeName
    _build: Build = field(compare=False)

    @property
    def altair(self) -> alt.ConcatChart:
        """The Altair chart, to change or combine."""
        colours = theme(self.theme)
        return self._build(colours).properties(description=self.alt_text, config=config(colours))

    def spec(self, theme: ThemeName | None = None) -> dict[str, Any]:
        """The Vega-Lite specification, data included, in this figure's theme or another.

        The background is transparent, so that a page's own shows.
        """
        figure = self if theme is None else Figure(self.data, self.alt_text, theme, self._build)
        spec = _specification(figure.altair)
        spec["config"]["background"] = "transparent"
        return spec

    def save(self, path: str | Path) -> Path:
        """Writes the figure to `path` as .svg, .png (two pixels a point) or .html, which needs no network.

        Raises:
            ValueError: The suffix is another.
            RuntimeError: It cannot be drawn.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".svg":
                path.write_text(self._svg(), encoding="utf-8")
            case ".png":
                path.write_bytes(draw("png", _specification(self.altair)))
            case ".html":
                path.write_text(_page(_specification(self.altair)), encoding="utf-8")
            case suffix:
                raise ValueError(
                    f"{path.name}: {suffix or 'no suffix'} is not written; use .svg, .png or .html"
                )
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self._svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return str(drawable(self.alt_text))

    def _svg(self) -> str:
        svg = draw("svg", _specification(self.altair)).decode()
        # Screen readers take an SVG's own label, and Vega puts the description on a group inside it.
        return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(repr(self))}" ', 1)


def _specification(chart: alt.ConcatChart) -> dict[str, Any]:
    import altair as alt

    # A transformer that the user enabled for other charts may move data out of the specification.
    with alt.data_transformers.enable("default"):
        spec: dict[str, Any] = drawable(chart.to_dict())
    return spec


def _page(spec: dict[str, Any]) -> str:
    """A self-contained page. Names come from others, and one with "</script>" in it would end the script."""
    less_than = f"lt{secrets.token_hex(8)}"
    harmless = json.loads(json.dumps(spec).replace("<", less_than))
    page = draw("html", harmless).decode()
    return page.replace(less_than, "\\u003c")
