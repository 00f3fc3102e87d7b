// How good a run's rows are, as Python measures it, and asking for it as the run goes on.

import { effect, signal } from "@preact/signals";
import type { Store } from "./store";

// While a run goes on, it is asked again at most this often.
const PAUSE_MS = 1_000;
// Counting a large run takes the kernel a while: it rests this many times as long before the next.
const REST = 4;

export interface Rate {
  rate: number | null;
  low: number | null;
  high: number | null;
  n: number;
}

/** Numbers of what a check found, as the check itself shows them. */
export interface CheckTable {
  title: string;
  columns: { name: string; kind: "count" | "share" | "number" }[];
  /** `values`: one for each column, null for what is not known. */
  rows: { name: string; values: (number | null)[] }[];
  /** What they say, in a few words. */
  about: string;
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

export class QualityQuery {
  /** What was found last of the run that is shown, or why nothing was. */
  readonly found = signal<QualityReply | { problem: string } | null>(null);
  /** Whether its tab is open: until it is, nothing is asked. */
  readonly shown = signal(false);

  readonly #store: Store;
  readonly #stop: () => void;
  #path: string | null = null;
  #wanted = "";
  #asked = "";
  #next = 0;
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(store: Store) {
    this.#store = store;
    this.#stop = effect(() => {
      const { state, last, queries, path } = store.traits.status.value;
      if (path !== this.#path) this.found.value = null;
      this.#path = path;
      this.#wanted = JSON.stringify([path, state, last, queries]);
      clearTimeout(this.#timer);
      if (this.shown.value && state !== "idle") this.#plan();
    });
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #plan(): void {
    if (this.#busy || this.#asked === this.#wanted) return;
    this.#timer = setTimeout(() => void this.#load(), Math.max(0, this.#next - Date.now()));
  }

  async #load(): Promise<void> {
    const began = Date.now();
    const path = this.#path;
    this.#busy = true;
    this.#asked = this.#wanted;
    const found = await this.#store.ask("quality", {}).then(
      ({ content }) => content,
      (error: Error) => ({ problem: error.message }),
    );
    this.#busy = false;
    if (this.#disposed) return;
    const now = Date.now();
    this.#next = Math.max(began + PAUSE_MS, now + REST * (now - began));
    if (path === this.#path) this.found.value = found;
    if (this.shown.peek()) this.#plan();
  }
}
