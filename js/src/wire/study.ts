// What Python and the page exchange about studies: choices, progress, charts and cells.

/** What a chart of a study stands on, across its bottom. */
export type Axis = "ratio" | "rows" | "rows_per_seed" | "usd";
export type ChartKind = "regimes" | "spread";

export interface Choices {
  strategies: readonly string[];
  sizes: readonly number[];
  ratios: readonly number[];
  replicates: number;
  student: string;
}

export interface StudyPlan {
  cells: number | null;
  queries: number | null;
  rows: number | null;
  usd: number | null;
  seconds: number | null;
  sources: Record<string, string>;
  problem: string | null;
}

/** What can be compared and is chosen. Without test sets there is nothing to compare on. */
export interface Regimes {
  tests: readonly { name: string; questions: number; decides: boolean }[];
  strategies: readonly string[];
  students: readonly { name: string; about: string; cost: string }[];
  axes: readonly Axis[];
  choices: Choices;
  plan: StudyPlan;
}

export interface StudyStatus {
  state: "idle" | "starting" | "running" | "waiting" | "stopped" | "finished" | "failed" | "aborted";
  reason: string | null;
  /** As a run's status has them. */
  waiting: string | null;
  next_try: number | null;
  path: string | null;
  error: string | null;
  cells: number;
  all_cells: number;
  queries: number;
  most_queries: number;
  seconds: number | null;
  /** Whether the study that is shown is the one that the choices make. */
  chosen: boolean;
}

/** One point of a chart of accuracy: the mean of its cells, one for each replicate. */
export interface Point {
  strategy: string;
  seeds: number;
  ratio: number;
  rows: number | null;
  rows_per_seed: number | null;
  queries: number | null;
  usd: number | null;
  accuracy: number;
  low: number;
  high: number;
  interval: string;
  replicates: number;
  cells: readonly string[];
}

/** One point of a chart of the spread between strategies; `at` is in units of the axis. */
export interface Apart {
  seeds: number;
  at: number;
  spread: number;
  low: number | null;
  high: number | null;
  noise: number | null;
  best: string;
  worst: string;
}

export interface Chart {
  /** Vega-Lite with its data inside; null where there is nothing to draw, and `problem` says why. */
  spec: Record<string, unknown> | null;
  /** The chart in words. */
  words: string;
  points: readonly (Point | Apart)[];
  problem: string | null;
}

/** A trained and measured student on one test set. */
export interface CellRecord {
  test: string;
  n_test: number;
  correct: number;
  accuracy: number;
  ci_low: number;
  ci_high: number;
}

export interface Cell extends CellRecord {
  cell_id: string;
  run_id: string;
  strategy: string;
  seeds: number;
  ratio: number;
  budget_queries: number;
  rows: number;
  rows_per_seed: number;
  replicate: number;
  student: string;
  queries: number;
  usd: number | null;
  seconds: number;
  tests: readonly CellRecord[];
  /** The first questions it got wrong, and how many there are in all. */
  wrong: readonly { question: string; answer: string | null; reference: string }[];
  missed: number;
}
