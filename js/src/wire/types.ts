// What Python and the page exchange: traits, messages, and samples as Arrow.

import { tableFromIPC } from "@uwdata/flechette";
import type { QualityReply } from "../state/qualityReport";
import type { Axis, Cell, Chart, ChartKind, Choices, Regimes, StudyStatus } from "./study";

export const VERSION = 1;

export type Verdict = "accepted" | "rejected" | "unverified";

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
  ratio: number | null;
  rows: number | null;
  rows_per_seed: number | null;
  usd: number | null;
  seconds: number | null;
  queries: number | null;
  sources: Record<string, string>;
  problem: string | null;
}

/** Whether Python has made this plan yet; there is a problem, or each figure has its source. */
export const isPlanned = (plan: Pick<Plan, "sources" | "problem">): boolean =>
  plan.problem !== null || Object.keys(plan.sources).length > 0;

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

export interface Status {
  state: RunState;
  reason: string | null;
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
  last: number;
  error: { message: string } | null;
}

export interface Notice {
  id: number;
  level: "info" | "error";
  text: string;
}

export interface Traits {
  context: Context;
  strategies: StrategyInfo[];
  strategy: string;
  budget_queries: number;
  budget_usd: number;
  plan: Plan;
  status: Status;
  notice: Notice;
  regimes: Regimes;
  study_status: StudyStatus;
}

// A trait that Python has not filled yet is an empty dict, so every read goes through these.
export const EMPTY: Traits = {
  context: { title: "Tilth", seeds: null, teacher: null, writer: null, checks: [], path: null },
  strategies: [],
  strategy: "",
  budget_queries: 0,
  budget_usd: 0,
  plan: {
    ratio: null,
    rows: null,
    rows_per_seed: null,
    usd: null,
    seconds: null,
    queries: null,
    sources: {},
    problem: null,
  },
  status: {
    state: "idle",
    reason: null,
    queries: 0,
    limit_queries: null,
    usd: null,
    limit_usd: null,
    accepted: 0,
    rejected: 0,
    unverified: 0,
    rowless: 0,
    rows: 0,
    in_doubt: 0,
    in_flight: 0,
    rate: null,
    seconds: 0,
    eta: null,
    waiting: null,
    next_try: null,
    path: null,
    last: 0,
    error: null,
  },
  notice: { id: 0, level: "info", text: "" },
  regimes: {
    tests: [],
    strategies: [],
    students: [],
    axes: ["ratio"],
    choices: { strategies: [], sizes: [], ratios: [], replicates: 1, student: "" },
    plan: { cells: null, queries: null, rows: null, usd: null, seconds: null, sources: {}, problem: null },
  },
  study_status: {
    state: "idle",
    reason: null,
    waiting: null,
    next_try: null,
    path: null,
    error: null,
    cells: 0,
    all_cells: 0,
    queries: 0,
    most_queries: 0,
    seconds: null,
    chosen: false,
  },
};

/** One row as the stream shows it; `arrival` counts from 1 within its run. */
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

export interface ChatMessage {
  role: string;
  content: string;
}

export interface Exchange {
  role: string;
  purpose: string;
  messages: ChatMessage[];
  reply: string;
  finish_reason: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  usd: number | null;
  seconds: number | null;
  /** The endpoint reported no usage, so that the reservation stands for it. */
  estimated: boolean;
}

/** One row with its seed and every exchange that made it, as `Run.detail` gives it. */
export interface Detail {
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

export type ExportFormat = "parquet" | "chat" | "alpaca" | "csv";

interface Drawn {
  kind: ChartKind;
  axis: Axis;
  theme: "light" | "dark";
}

/** What the page may ask for, by message type. */
export interface Requests {
  generate: Record<string, never>;
  pause: Record<string, never>;
  resume: Record<string, never>;
  stop: Record<string, never>;
  page: { after: number; limit: number; verdicts: Verdict[] | null; contains: string };
  open: { row_id: string };
  quality: Record<string, never>;
  save: { format: ExportFormat; path: string; verdicts: Verdict[] };
  view: { open: boolean };
  confirm: { token: string; yes: boolean };
  vega: Record<string, never>;
  "regimes-plan": Choices;
  "regimes-run": Record<string, never>;
  "regimes-stop": Record<string, never>;
  "regimes-chart": Drawn & { test: string };
  "regimes-cell": { cell_id: string; test: string };
  "regimes-save": Drawn & { path: string; tests: readonly string[] };
}

export interface Replies {
  generate: unknown;
  pause: unknown;
  resume: unknown;
  stop: unknown;
  page: { total: number; last: number; more: boolean };
  open: { detail: Detail };
  quality: QualityReply;
  save: { path: string; rows: number; bytes: number };
  view: unknown;
  confirm: unknown;
  /** The bundle itself stands in the first buffer. */
  vega: unknown;
  "regimes-plan": unknown;
  "regimes-run": unknown;
  "regimes-stop": unknown;
  "regimes-chart": Chart;
  "regimes-cell": { cell: Cell };
  "regimes-save": { paths: readonly string[]; bytes: number };
}

/** What Python sends unasked. */
export type Push =
  | { type: "rows"; seq: number; first: number; last: number }
  | { type: "text"; unit: number; purpose: string; text: string; done: boolean }
  | { type: "confirm"; token: string; text: string };

/** In the order of use: those that are kept come first. */
export const VERDICTS: readonly Verdict[] = ["accepted", "unverified", "rejected"];

const text = (value: unknown): string => (value == null ? "" : String(value));
const maybeText = (value: unknown): string | null => (value == null ? null : String(value));
const maybeNumber = (value: unknown): number | null => (value == null ? null : Number(value));

/** Reads samples from an Arrow IPC stream. Throws where `arrival` or `row_id` is missing. */
export function decodeSamples(buffer: DataView | undefined): Sample[] {
  if (!buffer || buffer.byteLength === 0) return [];
  // Hosts may hand over a view into a larger buffer, so offset and length matter.
  const table = tableFromIPC(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  const column = (name: string): ArrayLike<unknown> => table.getChild(name)?.toArray() ?? [];
  const required = (name: string): ArrayLike<unknown> => {
    if (!table.names.includes(name)) throw new Error(`samples came without the column "${name}"`);
    return column(name);
  };
  const arrival = required("arrival");
  const rowId = required("row_id");
  const unit = column("unit");
  const question = column("question");
  const answer = column("answer");
  const verdict = column("verdict");
  const reason = column("reason");
  const strategy = column("strategy");
  const seedId = column("seed_id");
  const reference = column("reference");
  const queries = column("queries");
  const seconds = column("seconds");
  return Array.from({ length: table.numRows }, (_, i) => ({
    arrival: Number(arrival[i]),
    rowId: text(rowId[i]),
    unit: Number(unit[i] ?? 0),
    question: text(question[i]),
    answer: maybeText(answer[i]),
    verdict: VERDICTS.find((known) => known === verdict[i]) ?? "unverified",
    reason: maybeText(reason[i]),
    strategy: text(strategy[i]),
    seedId: text(seedId[i]),
    reference: maybeText(reference[i]),
    queries: maybeNumber(queries[i]),
    seconds: maybeNumber(seconds[i]),
  }));
}
