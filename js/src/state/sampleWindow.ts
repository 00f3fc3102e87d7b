// The samples that a page holds of one run: a bounded window by order of arrival, with its holes known.

import { signal } from "@preact/signals";
import type { Sample } from "../wire/types";

/** As many samples as are held at once. */
export const WINDOW_SIZE = 20_000;
/** As many as Python puts into one page. */
export const PAGE_SIZE = 500;

interface Hole {
  /** Missing are the arrivals after `after`, up to and with `upto`. */
  after: number;
  upto: number;
}

interface PageSource {
  /** Asks Python for at most so many samples that arrived after `after`, oldest first. */
  page(after: number, most: number): Promise<Sample[]>;
  /** Called whenever the window has changed; may be called often. */
  changed(): void;
  failed(error: Error): void;
}

const runOf = (rowId: string): string => rowId.split(":", 1)[0] ?? "";

export class SampleWindow {
  /** Counts changes; a component that reads it is drawn again when the window changes. */
  readonly version = signal(0);
  /** Ascending by arrival. Never written to from outside. */
  rows: Sample[] = [];
  /** False once the newest rows were let go to make room for older ones. */
  live = true;
  #newest = 0;
  #holes: Hole[] = [];
  #asking = false;
  #loadingOlder = false;
  #generation = 0;
  readonly #source: PageSource;
  readonly #size: number;

  constructor(source: PageSource, size = WINDOW_SIZE) {
    this.#source = source;
    this.#size = size;
  }

  get first(): number {
    return this.rows[0]?.arrival ?? 0;
  }

  get last(): number {
    return this.rows.at(-1)?.arrival ?? 0;
  }

  /** The newest arrival heard of, held or not. */
  get newest(): number {
    return this.#newest;
  }

  /** Takes a pushed batch, oldest first; what it shows to be missing is asked for. */
  push(batch: Sample[]): void {
    const head = batch[0];
    const tail = batch.at(-1);
    if (!head || !tail) return;
    const known = this.rows[0];
    if (known && runOf(known.rowId) !== runOf(head.rowId)) this.clear();
    this.#newest = Math.max(this.#newest, tail.arrival);
    if (!this.live) {
      this.#source.changed();
      return;
    }
    // What is on its way counts as there: what comes after it is missed as well.
    const last = Math.max(this.last, ...this.#holes.map(({ upto }) => upto));
    if (last === 0 && head.arrival > 1) {
      // A page that opens late shows the newest rows first; older ones come when scrolled to.
      this.#merge(batch);
      return;
    }
    if (head.arrival > last + 1) {
      if (head.arrival - last > this.#size) this.rows = [];
      else this.#holes.push({ after: last, upto: head.arrival - 1 });
    }
    this.#merge(batch);
    void this.#fill();
  }

  /** Says which arrival Python has reached, so that a lost last batch is noticed too. */
  expect(last: number): void {
    this.#newest = Math.max(this.#newest, last);
    if (!this.live || last <= this.last || this.#asking) return;
    const after = Math.max(this.last, last - PAGE_SIZE);
    if (after > this.last) this.rows = [];
    this.#holes.push({ after, upto: last });
    void this.#fill();
  }

  /** Loads the page before the oldest row held. */
  async loadOlder(): Promise<void> {
    const first = this.first;
    if (first <= 1 || this.#loadingOlder || this.#asking) return;
    this.#loadingOlder = true;
    const generation = this.#generation;
    const after = Math.max(0, first - 1 - PAGE_SIZE);
    try {
      const rows = await this.#source.page(after, first - 1 - after);
      if (generation !== this.#generation) return;
      this.#merge(rows, "older");
      const got = rows.at(-1)?.arrival ?? after;
      // Long rows make Python cut a page short.
      if (rows.length > 0 && got < first - 1) this.#holes.push({ after: got, upto: first - 1 });
      void this.#fill();
    } catch (error) {
      this.#source.failed(error as Error);
    } finally {
      this.#loadingOlder = false;
    }
  }

  /** Goes back to the newest rows after older ones had taken their place. */
  attach(): void {
    if (this.live) return;
    const newest = this.#newest;
    this.clear();
    this.expect(newest);
  }

  /** Forgets everything: another run is shown. */
  clear(): void {
    this.rows = [];
    this.live = true;
    this.#newest = 0;
    this.#holes = [];
    this.#asking = false;
    this.#generation++;
    this.#source.changed();
  }

  async #fill(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const generation = this.#generation;
    try {
      for (let hole = this.#holes[0]; hole; hole = this.#holes[0]) {
        const wanted = Math.min(hole.upto - hole.after, PAGE_SIZE);
        const rows = await this.#source.page(hole.after, wanted);
        if (generation !== this.#generation) return;
        this.#merge(rows);
        hole.after = rows.at(-1)?.arrival ?? hole.upto;
        if (hole.after >= hole.upto) this.#holes.shift();
      }
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#holes = [];
      this.#source.failed(error as Error);
    } finally {
      if (generation === this.#generation) this.#asking = false;
    }
  }

  #merge(batch: Sample[], side: "newer" | "older" = "newer"): void {
    const head = batch[0];
    if (!head) return;
    if (head.arrival > this.last) {
      this.rows = this.rows.concat(batch);
    } else {
      const byArrival = new Map(this.rows.map((row) => [row.arrival, row]));
      for (const row of batch) byArrival.set(row.arrival, row);
      this.rows = [...byArrival.values()].sort((a, b) => a.arrival - b.arrival);
    }
    if (this.rows.length > this.#size) {
      if (side === "newer") {
        this.rows = this.rows.slice(-this.#size);
      } else {
        this.rows = this.rows.slice(0, this.#size);
        this.live = false;
      }
    }
    this.#newest = Math.max(this.#newest, this.last);
    this.#source.changed();
  }
}

/** Index in `rows` (ascending) of the row with this arrival, or of the nearest older one; -1 for none. */
export function indexOfArrival(rows: readonly Sample[], arrival: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.arrival ?? 0) <= arrival) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
