// How good a run's rows are, as Python measures it.

export interface Rate {
  rate: number | null;
  low: number | null;
  high: number | null;
  n: number;
}

export interface Quality {
  accepted: number;
  rejected: number;
  unverified: number;
  rejected_by: Record<string, number>;
  unverified_by: Record<string, number>;
  rowless_by: Record<string, number>;
  /** Queries by account: "generation", "judge". */
  queries: Record<string, number>;
  usd: number | null;
  queries_per_accepted: number | null;
  usd_per_accepted: number | null;
  agreement: { questions: number; by_share: Record<string, number> } | null;
  /** By criterion, how many rows scored 1, 2, 3, 4 and 5. */
  scores: Record<string, number[]>;
  checks: Record<string, number>;
}

export interface Calibration {
  judge: string;
  rows: number;
  hit: Rate;
  false_alarm: Rate;
  by_error: (Rate & { error: string })[];
}

export interface QualityReply {
  quality: Quality;
  calibration: Calibration | null;
}

export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, each) => total + each, 0);

/** The mean of scores from 1 to 5, given how many there are of each; null without any. */
export function meanScore(counts: readonly number[]): number | null {
  const all = counts.reduce((total, each) => total + each, 0);
  return all === 0 ? null : counts.reduce((total, each, i) => total + each * (i + 1), 0) / all;
}
