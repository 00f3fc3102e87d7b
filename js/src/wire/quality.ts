// How good the rows of a run are, as Python tells it: what became of them, and what its checks found.

export interface QualityReply {
  quality: Quality;
  calibration: Calibration | null;
}

export interface Quality {
  accepted: number;
  rejected: number;
  unverified: number;
  /** By cause, as the two below. */
  rejected_by: Record<string, number>;
  unverified_by: Record<string, number>;
  rowless_by: Record<string, number>;
  /** By cause, the reason of the latest row or unit, for people. */
  latest: Record<"rejected" | "unverified" | "rowless", Record<string, string>>;
  /** Queries settled by account: "generation", "judge". */
  queries: Record<string, number>;
  /** Queries in doubt, at their worst case, beside those settled. */
  in_doubt: number;
  usd: number | null;
  queries_per_accepted: number | null;
  usd_per_accepted: number | null;
  queries_per_kept: number | null;
  usd_per_kept: number | null;
  /** By the check's name. */
  checks: Record<string, CheckTable[]>;
}

/** What a check found, as the check itself shows it. */
export interface CheckTable {
  title: string;
  columns: { name: string; kind: "count" | "share" | "number" }[];
  /** `values`: one for each column, null for what is not known. */
  rows: { name: string; values: (number | null)[] }[];
  /** What they say, in a few words. */
  about: string;
}

export interface Calibration {
  judge: string;
  rows: number;
  hit: Proportion;
  false_alarm: Proportion;
  by_error: (Proportion & { error: string })[];
}

/** A share of `n` with its interval of 95%. */
export interface Proportion {
  rate: number | null;
  low: number | null;
  high: number | null;
  n: number;
}
