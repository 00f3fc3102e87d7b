// One chart: drawn by Vega inside the page, its head as text, its points to be clicked.

import { useEffect, useRef, useState } from "preact/hooks";
import { drawChart, headless, headOf, isPoint, legendOf, narrow } from "../charting";
import type { Point } from "../protocol";
import type { DrawnChart, RegimesQuery } from "../regimes";
import { useView } from "./context";

// Panels of charts side by side, in pixels; the rest is axes.
const NARROW = { width: 215, height: 175 } as const;

const SIGNS: Record<string, string> = {
  circle: "●",
  square: "■",
  "triangle-up": "▲",
  diamond: "◆",
  "triangle-down": "▼",
  cross: "✚",
  "triangle-right": "▶",
};

interface Props {
  chart: DrawnChart;
  query: RegimesQuery;
  several: boolean;
}

export function RegimesChart({ chart, query, several }: Props) {
  const { store } = useView();
  const box = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const { spec, points, test } = chart;
  const picked = query.picked.value;

  useEffect(() => {
    if (!spec) return;
    let gone = false;
    let end: (() => void) | undefined;
    const pick = (datum: Record<string, unknown>) => {
      const point = points.find((each) => "cells" in each && isPoint(datum, each)) as Point | undefined;
      if (point) query.pick({ point, test });
    };
    const fitted = several ? narrow(spec, NARROW.width, NARROW.height) : headless(spec);
    drawChart(store, fitted, pick).then(
      (drawing) => {
        end = () => drawing.finalize();
        if (gone) {
          end();
          return;
        }
        // The old chart stands until the new one is whole, so that a growing curve does not flicker.
        box.current?.replaceChildren(drawing.node);
        setProblem(null);
        setDrawn((times) => times + 1);
      },
      (error: Error) => gone || setProblem(error.message),
    );
    return () => {
      gone = true;
      end?.();
    };
  }, [store, query, spec, points, test, several]);

  useEffect(() => {
    for (const mark of box.current?.querySelectorAll<SVGElement>(".mark-symbol path") ?? []) {
      const { datum } = (mark as { __data__?: { datum?: unknown } }).__data__ ?? {};
      const here = picked !== null && picked.test === test && isPoint(datum, picked.point);
      mark.classList.toggle("tilth-picked", here);
      mark.classList.toggle(
        "tilth-point",
        points.some((each) => "cells" in each && isPoint(datum, each)),
      );
    }
  }, [drawn, picked, points, test]);

  const head = spec ? headOf(spec) : { title: "", lines: [] };
  const told = problem ?? chart.problem;
  return (
    <figure class="tilth-chart">
      <figcaption>
        <h4 class="tilth-chart-title">{several ? test : head.title}</h4>
        {(several ? head.lines.slice(1, 3) : head.lines).map((line) => (
          <p
            key={line}
            class={`tilth-chart-line${line.includes("simulated") ? " tilth-chart-simulated" : ""}`}
          >
            {line}
          </p>
        ))}
      </figcaption>
      {told && <p class="tilth-chart-none">{told}</p>}
      <div class="tilth-chart-box" role="img" aria-label={chart.words} ref={box} hidden={!spec} />
    </figure>
  );
}

/** The strategies' colours and signs, once for charts side by side. */
export function RegimesLegend({ chart }: { chart: DrawnChart }) {
  if (!chart.spec) return null;
  return (
    <div class="tilth-legend">
      <p class="tilth-chart-line tilth-chart-simulated">{headOf(chart.spec).lines[0]}</p>
      <ul>
        {legendOf(chart.spec).map(({ strategy, color, shape }) => (
          <li key={strategy}>
            <span style={{ color }} aria-hidden="true">
              {SIGNS[shape] ?? "●"}
            </span>{" "}
            {strategy}
          </li>
        ))}
      </ul>
    </div>
  );
}
