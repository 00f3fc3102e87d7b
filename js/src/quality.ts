// How good a run's rows are, as Python measures it.

export interface Rate {
  rate: number | null;
  low: number | null;
  high: number | null;
  n: number;
}

export interface Asked {
  rows: number;
  failed: number;
  unread: number;
}

export interface Quality {
  accepted: number;
  rejected: number;
  unverified: number;
  rejected_by: Record<string, number>;
  unverified_by: Record<string, number>;
  rowless_by: Record<string, number>;
  /** Queries settled by account: "generation", "judge". */
  queries: Record<string, number>;
  /** Queries in doubt, at their worst case, beside those settled. */
  in_doubt: number;
  usd: number | null;
  queries_per_accepted: number | null;
  usd_per_accepted: number | null;
  queries_per_kept: number | null;
  usd_per_kept: number | null;
  agreement: { questions: number; by_share: Record<string, number>; mean_share: number } | null;
  /** `scores`: by criterion, how many rows had 1, 2, 3, 4 and 5. */
  judge: {
    rows: number;
    malformed: number;
    scores: Record<string, number[]>;
    means: Record<string, number>;
  } | null;
  asked: Record<string, Asked>;
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
