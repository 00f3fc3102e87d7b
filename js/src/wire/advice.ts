// What the page is told of advice, and of a run that decides as it grows.

/** Which strategy to spend the budget on, and how sure that is; all texts are bounded. */
export interface Advice {
  /** How sure it is; empty while nothing is known, or where `problem` says why there is none. */
  words: "" | "clear" | "leaning" | "too close to call" | "too far ahead" | "only one arm" | "not measured";
  problem: string | null;
  notices: readonly string[];
  /** The advised strategy's name. */
  strategy: string;
  /** The advised arm as people read it. */
  title: string;
  /** Whether the arm is one of the strategies as they can be chosen. */
  offered: boolean;
  /** The accuracy it is forecast to reach at the budget, with its 90% interval; null where not measured. */
  mean: number | null;
  low: number | null;
  high: number | null;
  queries: number | null;
  /** Where these figures come from. */
  source: string;
  /** Each with the part that is always in sight, and the rest. */
  reasons: readonly { head: string; text: string }[];
  assumptions: readonly string[];
  /** What the budget goes into, in queries. */
  split: readonly { part: string; queries: number }[];
  /** The best of `all_arms` by their means. */
  arms: readonly AdvisedArm[];
  all_arms: number;
  /** Cells whose measurement would tell most; where there is none, `next_note` says why, or what to do. */
  next: readonly { arm: string; ratio: number; queries: number; usd: number | null; points: number }[];
  next_note: string | null;
  seeds_worth: string | null;
  /** Whether there is a forecast to draw. */
  charted: boolean;
  /** What the run has decided so far, where its strategy decides as it grows. */
  decisions: readonly { head: string; text: string }[];
}

/** An arm at the budget, as advice has it. */
export interface ArmPoint {
  arm: string;
  ratio: number;
  queries: number;
  usd: number | null;
  mean: number;
  low: number;
  high: number;
  /** How far it lies from the advised arm, a share, with its 90% interval. */
  gap: number;
  gap_low: number;
  gap_high: number;
  p_best: number | null;
}

/** What a run decided before one of its rounds. */
export interface DecisionPoint {
  round: number;
  queries: number;
  /** The arm that was ahead, and how sure that was. */
  arm: string;
  words: string;
  then: string;
  /** Up to where it measures on; null where it commits. */
  ratio: number | null;
  reason: string;
}

export interface AdvisedArm extends ArmPoint {
  advised: boolean;
}
