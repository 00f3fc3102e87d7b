// The Regimes tab: the study's chart, what to see of it, its points, and the cell that is opened.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { currentTheme, followTheme } from "../../host/theme";
import { ALL, isLive, RegimesQuery } from "../../state/studyCharts";
import type { Axis, ChartKind, StudyStatus } from "../../wire/study";
import { useView } from "../shared/context";
import { Select } from "../shared/Select";
import { RegimesCell } from "./CellDetail";
import { RegimesPoints } from "./ChartInWords";
import { RegimesSave } from "./FigureSaveForm";
import { RegimesChart, RegimesLegend } from "./StudyChart";

const AXES: Record<Axis, string> = {
  ratio: "ratio",
  rows: "rows",
  rows_per_seed: "rows per seed",
  usd: "dollars",
};

const KINDS: Record<ChartKind, string> = { regimes: "accuracy", spread: "spread" };

export function Regimes({ shown }: { shown: boolean }) {
  const { store } = useView();
  const [theme] = useState(() => signal(currentTheme()));
  const [query] = useState(() => new RegimesQuery(store, theme));
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => () => query.dispose(), [query]);
  useEffect(() => {
    query.shown.value = shown;
  }, [query, shown]);
  useEffect(() => followTheme((next) => (theme.value = next)), [theme]);

  const { tests, axes } = store.traits.regimes.value;
  const study = store.traits.study_status.value;
  const charts = query.charts.value;
  const picked = query.picked.value;
  const first = charts[0];
  const several = charts.length > 1;
  const sets = tests.map(({ name, questions }) => ({
    value: name,
    text: `${name}, ${questions}`,
  }));
  if (tests.filter(({ decides }) => !decides).length > 1) sets.push({ value: ALL, text: "side by side" });

  const close = () => {
    query.pick(null);
    pane.current?.querySelector<HTMLElement>(".tilth-regimes-view")?.focus();
  };

  return (
    <div class={`tilth-regimes${picked ? " tilth-regimes-split" : ""}`} ref={pane}>
      <div class="tilth-regimes-main">
        <div class="tilth-regimes-tools">
          <Select
            label="test set"
            value={query.test.value}
            options={sets}
            choose={(v) => (query.test.value = v)}
          />
          <Select
            label="against"
            value={query.axis.value}
            options={axes.map((value) => ({ value, text: AXES[value] }))}
            choose={(value) => (query.axis.value = value)}
          />
          <Select
            label="show"
            value={query.kind.value}
            options={(Object.keys(KINDS) as ChartKind[]).map((value) => ({ value, text: KINDS[value] }))}
            choose={(value) => (query.kind.value = value)}
          />
          <RegimesSave query={query} />
        </div>
        <section
          class="tilth-regimes-view"
          aria-label="Chart"
          aria-busy={query.drawing.value}
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
              {several && <RegimesLegend chart={first} />}
              <div class={several ? "tilth-charts tilth-charts-several" : "tilth-charts"}>
                {charts.map((chart) => (
                  <RegimesChart key={chart.test} chart={chart} query={query} several={several} />
                ))}
              </div>
              {charts.map((chart) => (
                <RegimesPoints key={chart.test} chart={chart} query={query} several={several} />
              ))}
            </>
          ) : (
            <div class="tilth-nothing">
              <p>{nothing(study, query.drawing.value)}</p>
            </div>
          )}
        </section>
      </div>
      {picked && (
        <RegimesCell key={`${picked.test} ${picked.point.cells[0]}`} picked={picked} close={close} />
      )}
    </div>
  );
}

function nothing(study: StudyStatus, drawing: boolean): string {
  if (drawing) return "Drawing the chart…";
  if (isLive(study)) {
    return "The first run grows its rows. Each cell appears here as it is measured.";
  }
  if (study.state !== "idle") return "No cell is measured yet.";
  return "No study yet. Choose what to compare, look at what it would take, then Run study.";
}
