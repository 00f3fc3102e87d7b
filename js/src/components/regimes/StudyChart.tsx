// One chart: drawn by Vega inside the page, its head as text, its points to be clicked.

import { useEffect, useRef, useState } from "preact/hooks";
import { drawChart } from "../../charts/drawing";
import { headless, headOf, isCramped, isPoint, narrow } from "../../charts/layout";
import type { StudyCharts, TestChart } from "../../state/studyCharts";
import type { AccuracyPoint } from "../../wire/types";
import { useView } from "../shared/viewContext";
import { ChartLegend } from "./ChartLegend";

// A chart is drawn again where its place has become wider or narrower by this much, in pixels.
const STEP = 24;

interface Props {
  chart: TestChart;
  charts: StudyCharts;
  several: boolean;
}

export function StudyChart({ chart, charts, several }: Props) {
  const { store } = useView();
  const box = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const { spec, points, test } = chart;
  const picked = charts.picked.value;
  const [width, setWidth] = useState(0);
  const slim = spec !== null && (several || isCramped(spec, width));

  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const follow = () =>
      setWidth((now) => (Math.abs(node.clientWidth - now) < STEP ? now : node.clientWidth));
    const observer = new ResizeObserver(follow);
    observer.observe(node);
    follow();
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (!spec || width === 0) return;
    let gone = false;
    let end: (() => void) | undefined;
    const pick = (datum: Record<string, unknown>) => {
      const point = points.find((each) => "cells" in each && isPoint(datum, each)) as
        | AccuracyPoint
        | undefined;
      if (point) charts.picked.value = { point, test };
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
  }, [store, charts, spec, points, test, several, slim, width]);

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

  const head = spec ? headOf(spec) : { title: "", subtitle: [] };
  // of a study it comes first, of advice the odds do
  const teacher = head.subtitle.find((line) => line.startsWith("Teacher")) ?? head.subtitle[0];
  const told = problem ?? chart.problem;
  return (
    <figure class="tilth-chart">
      <figcaption>
        <h4 class="tilth-chart-title">{several ? test : head.title}</h4>
        {!several && <p class="tilth-chart-line tilth-chart-teacher">{teacher}</p>}
        <p class="tilth-chart-line">
          {(several ? head.subtitle.slice(2) : head.subtitle.filter((line) => line !== teacher)).join(" · ")}
        </p>
      </figcaption>
      {slim && !several && <ChartLegend chart={chart} />}
      {told && <p class="tilth-chart-none">{told}</p>}
      <div class="tilth-chart-box" role="img" aria-label={chart.words} ref={box} />
    </figure>
  );
}
