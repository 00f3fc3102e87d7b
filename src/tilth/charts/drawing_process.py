"""The program of the drawing process: where vl-convert panics it ends its process, which is no kernel."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tilth.tasks.serving import serve

_VEGA_LITE = "6.4"
"""The Vega-Lite that altair 6 writes and vl-convert 1.9 draws; the two are raised together."""


def start() -> Callable[[Any], dict[str, str]]:
    """Loads vl-convert, and gives what answers `[kind, specification]` with a drawing, or with why not."""
    import vl_convert

    def answer(job: Any) -> dict[str, str]:
        kind, spec = job
        try:
            if kind == "png":
                image = vl_convert.vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=2)
                return {"drawn": base64.b64encode(image).decode()}
            if kind == "html":
                return {"drawn": vl_convert.vegalite_to_html(spec, vl_version=_VEGA_LITE, bundle=True)}
            return {"drawn": vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)}
        except Exception as error:  # noqa: BLE001 - told where the figure was asked for
            return {"problem": str(error)}

    return answer


if __name__ == "__main__":
    serve(start, memory=None)
