// A study's chart and one of its cells, as Python sends them.

import type { AccuracyPoint, Cell, Chart } from "../../src/wire/types";
import { HOSTILE } from "./host";

const point = (strategy: string, ratio: number, change: Partial<AccuracyPoint> = {}): AccuracyPoint => ({
  strategy,
  seeds: 25,
  ratio,
  rows: 25 * ratio,
  rows_per_seed: ratio,
  queries: 25 * ratio,
  usd: null,
  accuracy: 0.25 * ratio,
  low: 0.2,
  high: 0.6,
  interval: "bootstrap",
  replicates: 2,
  cells: [`${strategy}-${ratio}-a`, `${strategy}-${ratio}-b`],
  ...change,
});

const x = { field: "x", type: "quantitative" };
const y = { field: "accuracy", type: "quantitative" };
const color = { field: "strategy", scale: { domain: ["a", "b"], range: ["#0072B2", "#E69F00"] } };
const shape = { field: "strategy", scale: { domain: ["a", "b"], range: ["circle", "square"] } };
export const POINTS = [point("a", 1), point("a", 2), point("b", 1), point("b", 2)];

/** A chart as Python makes it: curves with names beside them, and a lane for each crossing below. */
export const SPEC = {
  title: { text: "Accuracy by strategy", subtitle: ["Teacher t: simulated teacher", "Student parser"] },
  description: "long",
  columns: 1,
  config: { axis: { ticks: false } },
  concat: [
    {
      vconcat: [
        {
          width: 290,
          height: 240,
          layer: [
            {
              data: { values: POINTS.map((each) => ({ ...each, x: each.ratio })) },
              mark: "point",
              encoding: { x, y, color, shape },
            },
            { data: { values: [] }, mark: "text", encoding: { x: { value: 309 }, y } },
          ],
        },
        { width: 290, layer: [{ data: { values: [] }, mark: "rule", encoding: { x } }] },
      ],
    },
  ],
};

export const CHART: Chart = { spec: SPEC, words: "Line chart of accuracy.", points: POINTS, problem: null };

const record = { test: "same", n_test: 400, correct: 100, accuracy: 0.25, ci_low: 0.2, ci_high: 0.3 };
export const CELL: Cell = {
  ...record,
  cell_id: "a-1-a",
  run_id: "run-1",
  strategy: "a",
  seeds: 25,
  ratio: 1,
  budget_queries: 25,
  rows: 24,
  rows_per_seed: 0.96,
  replicate: 0,
  student: "parser",
  queries: 25,
  usd: null,
  seconds: 0.2,
  machine: "cpu bfloat16",
  cut_off: 0.25,
  tests: [record, { ...record, test: "held-out" }],
  wrong: [{ question: HOSTILE, answer: null, reference: "18" }],
  missed: 300,
};
