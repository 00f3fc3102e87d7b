// Whether the kernel is there: it is asked when it should have said something and did not.

import { signal } from "@preact/signals";

/** How long a run at work may say nothing, and how long the question may stay unanswered, in milliseconds. */
const QUIET_MS = 5_000;

export type Kernel = "there" | "silent" | "gone";

export class Pulse {
  /** "gone": nothing can be sent to it. "silent": it answers nothing, though a run should be at work. */
  readonly kernel = signal<Kernel>("there");
  readonly #ask: () => Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expecting = false;

  /** `ask` asks for an answer that any kernel gives at once. */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Says whether the kernel is expected to tell something every second. */
  expect(expecting: boolean): void {
    this.#expecting = expecting;
    this.#wait();
  }

  /** Something came from the kernel. */
  heard(): void {
    if (this.kernel.peek() === "silent") this.kernel.value = "there";
    if (this.#expecting) this.#wait();
  }

  /** Nothing can be sent to it any more: what comes is another kernel's, with another model. */
  lost(): void {
    this.kernel.value = "gone";
    clearTimeout(this.#timer);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#expecting = false;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (!this.#expecting || this.kernel.peek() === "gone") return;
    this.#timer = setTimeout(() => this.#question(), QUIET_MS);
  }

  #question(): void {
    // An answer is something heard, which takes this timer away.
    this.#timer = setTimeout(() => {
      if (this.kernel.peek() === "there") this.kernel.value = "silent";
    }, QUIET_MS);
    this.#ask().catch(() => undefined);
  }
}
