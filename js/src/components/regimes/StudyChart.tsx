// One chart: drawn by Vega inside the page, its head as text, its points to be clicked.

import { useEffect, useRef, useState } from "preact/hooks";
import { drawChart, headless, headOf, isCramped, isPoint, legendOf, narrow } from "../../charts/layout";
import type { DrawnChart, RegimesQuery } from "../../state/studyCharts";
import type { Point } from "../../wire/study";
import { useView } from "../shared/context";

// A chart is drawn again where its place has become wider or narrower by this much, in pixels.
const STEP = 24;

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
  const [width, setWidth] = useState(0);
  const slim = spec !== null && (several || isCramped(spec, width));

  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const measure = () =>
      setWidth((now) => (Math.abs(node.clientWidth - now) < STEP ? now : node.clientWidth));
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    measure();
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (!spec || width === 0) return;
    let gone = false;
    let end: (() => void) | undefined;
    const pick = (datum: Record<string, unknown>) => {
      const point = points.find((each) => "cells" in each && isPoint(datum, each)) as Point | undefined;
      if (point) query.pick({ point, test });
    };
    const fitted = slim ? narrow(spec, width, several) : headless(spec);
    drawChart(store, fitted, pick).then(
      (drawing) => {
        end = () => drawing.finalize();
        if (gone) {
          end();
          return;
        }
        // The old chart stands until the new one is whole, so that a growing curve does not flicker.
        box.current?.replaceChildren(drawing.node);
        drawing.node.ariaHidden = "true"; // the box says it all in words
        setProblem(null);
        setDrawn((times) => times + 1);
      },
      (error: Error) => gone || setProblem(error.message),
    );
    return () => {
      gone = true;
      end?.();
    };
  }, [store, query, spec, points, test, several, slim, width]);

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

  // The panel that opens must not hide the point it tells of.
  useEffect(() => {
    if (picked) box.current?.querySelector(".tilth-picked")?.scrollIntoView({ block: "nearest" });
  }, [picked]);

  const head = spec ? headOf(spec) : { title: "", lines: [] };
  const told = problem ?? chart.problem;
  return (
    <figure class="tilth-chart">
      <figcaption>
        <h4 class="tilth-chart-title">{several ? test : head.title}</h4>
        {!several && <p class="tilth-chart-line tilth-chart-teacher">{head.lines[0]}</p>}
        <p class="tilth-chart-line">{head.lines.slice(several ? 2 : 1).join(" · ")}</p>
      </figcaption>
      {slim && !several && <Signs chart={chart} />}
      {told && <p class="tilth-chart-none">{told}</p>}
      <div class="tilth-chart-box" role="img" aria-label={chart.words} ref={box} />
    </figure>
  );
}

/** Who taught, and the strategies' colours and signs, once for charts side by side. */
export function RegimesLegend({ chart }: { chart: DrawnChart }) {
  return (
    <div class="tilth-legend-box">
      {chart.spec && <p class="tilth-chart-line tilth-chart-teacher">{headOf(chart.spec).lines[0]}</p>}
      <Signs chart={chart} />
    </div>
  );
}

function Signs({ chart }: { chart: DrawnChart }) {
  const signs = chart.spec ? legendOf(chart.spec) : [];
  if (signs.length === 0) return null;
  return (
    <ul class="tilth-legend">
      {signs.map(({ strategy, color, shape }) => (
        <li key={strategy}>
          <span style={{ color }} aria-hidden="true">
            {SIGNS[shape] ?? "●"}
          </span>{" "}
          {strategy}
        </li>
      ))}
    </ul>
  );
}
