// What Python and the page exchange: traits, requests and their replies, and what Python sends unasked.

import type { Advice, ArmPoint, DecisionPoint } from "./advice";
import type { QualityReply } from "./quality";

/** In the order of use: those that are kept come first. */
export const VERDICTS = ["accepted", "unverified", "rejected"] as const;
export type Verdict = (typeof VERDICTS)[number];

export const KEPT_VERDICTS: readonly Verdict[] = ["accepted", "unverified"];

// Traits

export interface Traits {
  context: Context;
  strategies: StrategyInfo[];
  strategy: string;
  budget_queries: number;
  budget_usd: number;
  plan: RunPlan;
  advice: Advice;
  status: RunStatus;
  notice: Notice;
  regimes: StudyOptions;
  study_status: StudyStatus;
}

export interface Context {
  title: string;
  seeds: { count: number; name: string; task: string } | null;
  teacher: {
    name: string;
    simulated: boolean;
    state: "ready" | "unknown" | "failing" | "error";
    note?: string | null;
  } | null;
  writer: { name: string } | null;
  /** Checks that ask, which every row goes through. */
  checks: { title: string; about: string }[];
  path: string | null;
  /** What may teach, where there is a choice, and the name of the one that does. */
  teachers: readonly { name: string; title: string }[];
  chosen_teacher: string;
}

export interface StrategyInfo {
  name: string;
  title: string;
  about: string;
  queries_per_row: number | null;
  needs_reference: boolean;
  usable: boolean;
  why_not: string | null;
}

export interface Plan {
  queries: number | null;
  rows: number | null;
  usd: number | null;
  seconds: number | null;
  /** Where each number comes from, by its name. */
  sources: Record<string, string>;
  problem: string | null;
}

export interface RunPlan extends Plan {
  ratio: number | null;
  rows_per_seed: number | null;
}

export type RunState =
  | "idle"
  | "starting"
  | "running"
  | "waiting"
  | "paused"
  | "stopping"
  | "stopped"
  | "finished"
  | "failed"
  | "aborted";

export interface RunStatus {
  state: RunState;
  /** By name: the run's own, whatever is chosen for the next. */
  strategy: string | null;
  /** Why it ended. */
  reason: string | null;
  /** What is worth a look while it works, though it stops nothing. */
  notice: string | null;
  /** Another process that is at work on it; null where this kernel is, or none. */
  holder: string | null;
  queries: number;
  limit_queries: number | null;
  usd: number | null;
  limit_usd: number | null;
  accepted: number;
  rejected: number;
  unverified: number;
  rowless: number;
  rows: number;
  in_doubt: number;
  in_flight: number;
  rate: number | null;
  seconds: number;
  eta: number | null;
  /** Why replies stay away, where they do for more than a moment. */
  waiting: string | null;
  /** Seconds until the next call may start. */
  next_try: number | null;
  path: string | null;
  /** The newest arrival. */
  last: number;
  error: { message: string } | null;
}

export interface Notice {
  id: number;
  level: "info" | "error";
  text: string;
}

/** What can be compared and is chosen. Without test sets there is nothing to compare on. */
export interface StudyOptions {
  tests: readonly { name: string; questions: number; decides: boolean }[];
  strategies: readonly string[];
  students: readonly { name: string; about: string; cost: string }[];
  axes: readonly Axis[];
  choices: StudyChoices;
  plan: Plan & { cells: number | null };
}

export interface StudyChoices {
  strategies: readonly string[];
  sizes: readonly number[];
  ratios: readonly number[];
  replicates: number;
  student: string;
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
  /** Where the student that is trained now stands, where that takes minutes. */
  training: string | null;
  /** Whether the study that is shown is the one that the choices make. */
  chosen: boolean;
}

// Requests and their replies

/** What a button asks for without more words. */
export type Command = "pause" | "resume" | "stop" | "regimes-stop";

type Bare = Command | "quality" | "vega";

/** What the page may ask for, by message type. */
export interface Requests extends Record<Bare, Record<string, never>> {
  /** The plan in sight goes along: what was chosen last may reach Python later than this. */
  generate: Pick<Traits, "strategy" | "budget_queries" | "budget_usd">;
  page: { after: number; limit: number; verdicts: readonly Verdict[] | null; contains: string };
  open: { row_id: string };
  save: { format: ExportFormat; path: string; verdicts: readonly Verdict[]; existing: Existing };
  /** Whether one of the model's views can be seen, and how many it has. Always answered at once. */
  view: { open: boolean; views: number };
  confirm: { token: string; yes: boolean };
  teacher: { name: string };
  "regimes-plan": StudyChoices;
  "regimes-run": StudyChoices;
  "regimes-chart": ChartChoices & { test: string };
  "regimes-cell": { cell_id: string; test: string };
  "regimes-save": ChartChoices & { path: string; tests: readonly string[]; existing: Existing };
}

/** What becomes of a file that is there already. */
export type Existing = "ask" | "replace" | "keep-both";

/** Files that are there already, and names beside them that are free. Nothing was written. */
export interface AlreadyThere {
  type: "exists";
  there: readonly string[];
  free: readonly string[];
}

/** What a reply holds. That to "vega" holds the bundle in its first buffer, that to "page" its samples. */
export interface Replies extends Record<keyof Requests, unknown> {
  page: { last: number; more: boolean };
  open: { detail: RowDetail };
  quality: QualityReply;
  save:
    | AlreadyThere
    | { type: "saved"; path: string; rows: number; bytes: number; notices: readonly string[] };
  "regimes-chart": Chart;
  "regimes-cell": { cell: Cell };
  "regimes-save": AlreadyThere | { type: "regimes-save"; paths: readonly string[]; bytes: number };
}

export type ExportFormat = "parquet" | "chat" | "alpaca" | "csv" | "trl" | "axolotl" | "llama-factory";

/** What a chart of a study stands on, across its bottom. */
export type Axis = "ratio" | "rows" | "rows_per_seed" | "usd";
export type ChartKind = "regimes" | "spread" | "forecast" | "gap" | "spending";

export interface ChartChoices {
  kind: ChartKind;
  axis: Axis;
  theme: "light" | "dark";
}

/** What Python sends unasked; the samples of "rows" stand in the first buffer. */
export type Push =
  | { type: "rows"; seq: number; first: number; last: number }
  | ({ type: "text" } & StreamedReply)
  | ({ type: "confirm" } & Confirmation);

/** A reply while it is being written. */
export interface StreamedReply {
  unit: number;
  purpose: string;
  text: string;
  done: boolean;
}

/** What Python asks before it spends. */
export interface Confirmation {
  token: string;
  text: string;
  /** Whether it is known what a call costs. */
  priced: boolean;
}

// Samples, and a row that is opened

/** One row as the stream shows it; `arrival` counts from 1 within its run. It comes as a row of Arrow. */
export interface Sample {
  arrival: number;
  rowId: string;
  unit: number;
  question: string;
  answer: string | null;
  verdict: Verdict;
  reason: string | null;
  strategy: string;
  seedId: string;
  reference: string | null;
  queries: number | null;
  seconds: number | null;
}

/** One row with its seed and every exchange that made it, as `Run.detail` gives it. */
export interface RowDetail {
  row: {
    row_id: string;
    question: string;
    response: string;
    answer: string | null;
    reference: string | null;
    verdict: Verdict;
    reason: string | null;
    strategy: string;
    seed_id: string;
    queries: number | null;
    prompt_tokens: number | null;
    completion_tokens: number | null;
    usd: number | null;
    seconds: number | null;
    reused: boolean;
    /** The part of the response that was read, in characters as Python counts them. */
    span_start: number | null;
    span_end: number | null;
  };
  seed: { seed_id: string; question: string; reference: string | null } | null;
  exchanges: Exchange[];
}

export interface Exchange {
  role: string;
  purpose: string;
  messages: { role: string; content: string }[];
  reply: string;
  finish_reason: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  usd: number | null;
  seconds: number | null;
  /** The endpoint reported no usage, so that the reservation stands for it. */
  estimated: boolean;
}

// A study's charts and cells

export interface Chart {
  /** Vega-Lite with its data inside; null where there is nothing to draw, and `problem` says why. */
  spec: Record<string, unknown> | null;
  /** The chart in words. */
  words: string;
  points: readonly (AccuracyPoint | SpreadPoint | ArmPoint | DecisionPoint)[];
  problem: string | null;
}

/** The mean accuracy of some cells, one for each replicate. */
export interface AccuracyPoint {
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

/** How far apart the strategies are; `at` is in units of the axis. */
export interface SpreadPoint {
  seeds: number;
  at: number;
  spread: number;
  low: number | null;
  high: number | null;
  noise: number | null;
  best: string;
  worst: string;
}

/** A trained student on one test set. */
export interface TestResult {
  test: string;
  n_test: number;
  correct: number;
  accuracy: number;
  ci_low: number;
  ci_high: number;
}

export interface Cell extends TestResult {
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
  /** What the student was trained and asked on, where its answers depend on that. */
  machine: string | null;
  /** The share of answers that met the limit on their length; null where there is none. */
  cut_off: number | null;
  tests: readonly TestResult[];
  /** The first questions it got wrong, and how many there are in all. */
  wrong: readonly { question: string; answer: string | null; reference: string }[];
  missed: number;
}
