// The Regimes tab: the study's chart, what to see of it, its points, and the cell that is opened.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { currentTheme, followTheme } from "../../host/theme";
import { isStudyActive } from "../../state/activity";
import { ALL, isOfAdvice, StudyCharts } from "../../state/studyCharts";
import type { Axis, ChartKind, StudyStatus } from "../../wire/types";
import { Select } from "../shared/Select";
import { useView } from "../shared/viewContext";
import { CellDetail } from "./CellDetail";
import { ChartInWords } from "./ChartInWords";
import { SharedLegend } from "./ChartLegend";
import { FigureSaveForm } from "./FigureSaveForm";
import { StudyChart } from "./StudyChart";

const AXES: Record<Axis, string> = {
  ratio: "ratio",
  rows: "rows",
  rows_per_seed: "rows per seed",
  usd: "dollars",
};

const KINDS: Record<ChartKind, string> = {
  regimes: "accuracy",
  spread: "spread",
  forecast: "forecast",
  gap: "gaps",
  spending: "spending",
};

export function RegimeExplorer({ shown }: { shown: boolean }) {
  const { store } = useView();
  const [theme] = useState(() => signal(currentTheme()));
  const [charts] = useState(() => new StudyCharts(store, theme));
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => () => charts.dispose(), [charts]);
  useEffect(() => {
    charts.shown.value = shown;
  }, [charts, shown]);
  useEffect(() => followTheme((next) => (theme.value = next)), [theme]);

  const { tests } = store.traits.regimes.value;
  const study = store.traits.study_status.value;
  const drawn = charts.drawn.value;
  const picked = charts.picked.value;
  const first = drawn[0];
  const several = drawn.length > 1;
  const testSets = tests.map(({ name, questions }) => ({
    value: name,
    text: `${name}, ${questions}`,
  }));
  if (tests.filter(({ decides }) => !decides).length > 1) testSets.push({ value: ALL, text: "side by side" });

  const close = () => {
    charts.picked.value = null;
    pane.current?.querySelector<HTMLElement>(".tilth-regimes-view")?.focus();
  };

  return (
    <div class={`tilth-regimes${picked ? " tilth-regimes-split" : ""}`} ref={pane}>
      <div class="tilth-regimes-main">
        <div class="tilth-regimes-tools">
          <Select
            label="show"
            value={charts.kind.value}
            options={charts.kinds.value.map((value) => ({ value, text: KINDS[value] }))}
            choose={(value) => (charts.chosenKind.value = value)}
          />
          {!isOfAdvice(charts.kind.value) && (
            <Select
              label="test set"
              value={charts.test.value}
              options={testSets}
              choose={(v) => (charts.test.value = v)}
            />
          )}
          {charts.axes.value.length > 0 && (
            <Select
              label="against"
              value={charts.axis.value}
              options={charts.axes.value.map((value) => ({ value, text: AXES[value] }))}
              choose={(value) => (charts.chosenAxis.value = value)}
            />
          )}
          <FigureSaveForm charts={charts} />
        </div>
        <section
          class="tilth-regimes-view"
          aria-label="Chart"
          aria-busy={charts.drawing.value}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard too
          tabIndex={0}
        >
          {study.error && (
            <p class="tilth-problem" role="alert">
              {study.error}
            </p>
          )}
          {first ? (
            <>
              {several && <SharedLegend chart={first} />}
              <div class={several ? "tilth-charts tilth-charts-several" : "tilth-charts"}>
                {drawn.map((chart) => (
                  <StudyChart key={chart.test} chart={chart} charts={charts} several={several} />
                ))}
              </div>
              {drawn.map((chart) => (
                <ChartInWords key={chart.test} chart={chart} charts={charts} several={several} />
              ))}
            </>
          ) : (
            <div class="tilth-nothing">
              <p>{absence(study, charts.drawing.value)}</p>
            </div>
          )}
        </section>
      </div>
      {picked && <CellDetail key={`${picked.test} ${picked.point.cells[0]}`} picked={picked} close={close} />}
    </div>
  );
}

function absence(study: StudyStatus, drawing: boolean): string {
  if (drawing) return "Drawing the chart…";
  if (isStudyActive(study)) {
    return "The first run grows its rows. Each cell appears here as it is measured.";
  }
  if (study.state !== "idle") return "No cell is measured yet.";
  return "No study yet. Choose what to compare, look at what it would take, then Run study.";
}
