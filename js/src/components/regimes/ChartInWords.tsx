// The chart without sight or mouse: what it says in words, and its points as a table to open cells from.

import { count, DASH, decimal, dollars, percent, signedPoints } from "../../format";
import type { StudyCharts, TestChart } from "../../state/studyCharts";
import type { ArmPoint, DecisionPoint } from "../../wire/advice";
import type { AccuracyPoint, SpreadPoint } from "../../wire/types";

interface Props {
  chart: TestChart;
  charts: StudyCharts;
  several: boolean;
}

const amount = (value: number | null): string => (value === null ? DASH : decimal(value));

export function ChartInWords({ chart, charts, several }: Props) {
  const points = chart.points.filter((point): point is AccuracyPoint => "cells" in point);
  const spreads = chart.points.filter((point): point is SpreadPoint => "spread" in point);
  const arms = chart.points.filter((point): point is ArmPoint => "gap" in point);
  const decisions = chart.points.filter((point): point is DecisionPoint => "then" in point);
  if (chart.points.length === 0) return null;
  const where = several ? ` of ${chart.test}` : "";
  return (
    <>
      <details class="tilth-fold">
        <summary>
          Points{where} <span class="tilth-muted tilth-number">{count(chart.points.length)}</span>
        </summary>
        {points.length > 0 ? (
          <AccuracyTable points={points} chart={chart} charts={charts} />
        ) : arms.length > 0 ? (
          <ArmTable arms={arms} />
        ) : decisions.length > 0 ? (
          <DecisionTable decisions={decisions} />
        ) : (
          <SpreadTable points={spreads} />
        )}
      </details>
      <details class="tilth-fold">
        <summary>In words{where}</summary>
        <p class="tilth-words">{chart.words}</p>
      </details>
    </>
  );
}

function AccuracyTable({
  points,
  chart,
  charts,
}: {
  points: AccuracyPoint[];
  chart: TestChart;
  charts: StudyCharts;
}) {
  const picked = charts.picked.value;
  const priced = points.some(({ usd }) => usd !== null && usd > 0);
  return (
    <table class="tilth-table">
      <thead>
        <tr>
          <th scope="col">strategy</th>
          <th scope="col">seeds</th>
          <th scope="col">ratio</th>
          <th scope="col">rows</th>
          <th scope="col">queries</th>
          {priced && <th scope="col">dollars</th>}
          <th scope="col">accuracy</th>
          <th scope="col">95% interval</th>
        </tr>
      </thead>
      <tbody>
        {points.map((point) => {
          const here = picked?.test === chart.test && picked.point.cells[0] === point.cells[0];
          return (
            <tr key={point.cells[0]} class={here ? "tilth-row-opened" : ""}>
              <th scope="row">
                <button
                  type="button"
                  class="tilth-link"
                  aria-pressed={here}
                  aria-label={`Open the cells of ${point.strategy}, ${count(point.seeds)} seeds, ratio ${decimal(point.ratio)}`}
                  onClick={() => {
                    charts.picked.value = { point, test: chart.test };
                  }}
                >
                  {point.strategy}
                </button>
              </th>
              <td>{count(point.seeds)}</td>
              <td>{decimal(point.ratio)}</td>
              <td>{amount(point.rows)}</td>
              <td>{amount(point.queries)}</td>
              {priced && <td>{point.usd === null ? DASH : dollars(point.usd)}</td>}
              <td>{percent(point.accuracy)}</td>
              <td>
                {percent(point.low)} to {percent(point.high)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function SpreadTable({ points }: { points: SpreadPoint[] }) {
  return (
    <table class="tilth-table">
      <thead>
        <tr>
          <th scope="col">seeds</th>
          <th scope="col">at</th>
          <th scope="col">spread</th>
          <th scope="col">95% interval</th>
          <th scope="col">best</th>
          <th scope="col">worst</th>
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <tr key={`${point.seeds} ${point.at}`}>
            <td>{count(point.seeds)}</td>
            <td>{decimal(point.at)}</td>
            <td>{percent(point.spread)}</td>
            <td>
              {point.low === null || point.high === null
                ? DASH
                : `${percent(point.low)} to ${percent(point.high)}`}
            </td>
            <td>{point.best}</td>
            <td>{point.worst}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ArmTable({ arms }: { arms: ArmPoint[] }) {
  return (
    <table class="tilth-table">
      <thead>
        <tr>
          <th scope="col">arm</th>
          <th scope="col">ratio</th>
          <th scope="col">queries</th>
          <th scope="col">accuracy</th>
          <th scope="col">90% interval</th>
          <th scope="col">gap, points</th>
          <th scope="col">90% interval</th>
          <th scope="col">the best with</th>
        </tr>
      </thead>
      <tbody>
        {arms.map(({ arm, ratio, queries, mean, low, high, gap, gap_low, gap_high, p_best }) => (
          <tr key={arm}>
            <th scope="row">{arm}</th>
            <td>{decimal(ratio)}</td>
            <td>{count(queries)}</td>
            <td>{percent(mean)}</td>
            <td>
              {percent(low)} to {percent(high)}
            </td>
            <td>{signedPoints(gap)}</td>
            <td>
              {signedPoints(gap_low)} to {signedPoints(gap_high)}
            </td>
            <td>{p_best === null ? DASH : percent(p_best, 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DecisionTable({ decisions }: { decisions: DecisionPoint[] }) {
  return (
    <table class="tilth-table tilth-decisions">
      <thead>
        <tr>
          <th scope="col">why</th>
          <th scope="col">after queries</th>
          <th scope="col">decided</th>
          <th scope="col">ahead</th>
        </tr>
      </thead>
      <tbody>
        {decisions.map(({ round, queries, arm, words, then, ratio, reason }) => (
          <tr key={round}>
            <td>{reason}</td>
            <td>{count(queries)}</td>
            <td>{ratio === null ? then : `${then} to ratio ${decimal(ratio)}`}</td>
            <td>
              {arm}, {words}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
