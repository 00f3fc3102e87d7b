// How good the rows of a run are: Python's count, asked for again as the run goes on.

import { effect, signal } from "@preact/signals";
import type { QualityReply } from "../wire/quality";
import type { Store } from "./store";

// While a run goes on, it is asked again at most this often.
const PAUSE_MS = 1_000;
// Counting a large run takes the kernel a while: it rests this many times as long before the next.
const REST = 4;

export class QualityReport {
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
