// A chart's legend of the page's own, for where the chart has no room for the names beside its lines.

import { headOf, legendOf } from "../../charts/layout";
import type { TestChart } from "../../state/studyCharts";

const SHAPES: Record<string, string> = {
  circle: "●",
  square: "■",
  "triangle-up": "▲",
  diamond: "◆",
  "triangle-down": "▼",
  cross: "✚",
  "triangle-right": "▶",
};

/** Who taught, and the strategies' colours and signs, once for charts side by side. */
export function SharedLegend({ chart }: { chart: TestChart }) {
  return (
    <div class="tilth-legend-box">
      {chart.spec && <p class="tilth-chart-line tilth-chart-teacher">{headOf(chart.spec).subtitle[0]}</p>}
      <ChartLegend chart={chart} />
    </div>
  );
}

export function ChartLegend({ chart }: { chart: TestChart }) {
  const entries = chart.spec ? legendOf(chart.spec) : [];
  if (entries.length === 0) return null;
  return (
    <ul class="tilth-legend">
      {entries.map(({ strategy, color, shape }) => (
        <li key={strategy}>
          <span style={{ color }} aria-hidden="true">
            {SHAPES[shape] ?? "●"}
          </span>{" "}
          {strategy}
        </li>
      ))}
    </ul>
  );
}
