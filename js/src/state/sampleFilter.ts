// What one view of the samples shows: all that the page holds, or what Python finds in the whole run.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { KEPT_VERDICTS, type Sample } from "../wire/types";
import { PAGE_SIZE, WINDOW_SIZE } from "./sampleWindow";
import type { Store } from "./store";

const TYPING_PAUSE_MS = 250;
// While a run goes on, a filter is asked again for what is new, this often.
const ASK_AGAIN_MS = 1_000;

export class SampleFilter {
  readonly rejected = signal(true);
  /** What was typed into the filter. */
  readonly typed = signal("");
  /** Ascending by arrival. */
  readonly rows: ReadonlySignal<readonly Sample[]>;
  /** True while Python has not yet answered for what is typed. */
  readonly searching = signal(false);

  readonly #store: Store;
  readonly #found = signal<readonly Sample[]>([]);
  #pause: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  readonly #stop: () => void;

  constructor(store: Store) {
    this.#store = store;
    this.rows = computed(() => {
      if (this.typed.value !== "") return this.#found.value;
      store.samples.version.value;
      const { rows } = store.samples;
      return this.rejected.value ? rows : rows.filter(({ verdict }) => verdict !== "rejected");
    });
    this.#stop = effect(() => {
      const { last } = store.traits.status.value;
      if (this.typed.peek() !== "" && last > 0) this.#askAgain();
    });
  }

  setText(typed: string): void {
    this.typed.value = typed;
    clearTimeout(this.#pause);
    this.#restart(TYPING_PAUSE_MS);
  }

  showRejected(yes: boolean): void {
    this.rejected.value = yes;
    this.#restart(0);
  }

  dispose(): void {
    this.#turn++;
    clearTimeout(this.#pause);
    clearTimeout(this.#again);
    this.#stop();
  }

  #restart(pause: number): void {
    const turn = ++this.#turn;
    clearTimeout(this.#again);
    this.#again = undefined;
    // Before the first row there is nothing to ask for; the effect above asks once there is.
    const asks = this.typed.value !== "" && this.#store.traits.status.peek().last > 0;
    this.searching.value = asks;
    if (!asks) {
      this.#found.value = [];
      return;
    }
    this.#pause = setTimeout(() => void this.#search(turn, []), pause);
  }

  #askAgain(): void {
    if (this.#again || this.searching.peek()) return;
    const turn = this.#turn;
    this.#again = setTimeout(() => {
      this.#again = undefined;
      if (turn === this.#turn) void this.#search(turn, this.#found.peek());
    }, ASK_AGAIN_MS);
  }

  async #search(turn: number, known: readonly Sample[]): Promise<void> {
    let rows = known;
    try {
      for (let more = true; more; ) {
        const after = rows.at(-1)?.arrival ?? 0;
        const verdicts = this.rejected.peek() ? null : KEPT_VERDICTS;
        const page = await this.#store.page(after, PAGE_SIZE, verdicts, this.typed.peek());
        if (turn !== this.#turn) return;
        rows = rows.concat(page.rows).slice(-WINDOW_SIZE);
        more = page.more && page.rows.length > 0;
        this.#found.value = rows;
      }
    } catch (error) {
      if (turn === this.#turn) this.#store.tell(error as Error);
    } finally {
      if (turn === this.#turn) this.searching.value = false;
    }
  }
}
