// Gathers changes and applies them together, once per animation frame.

import { batch } from "@preact/signals";

export class FrameQueue {
  #jobs = new Set<() => void>();
  #request = 0;

  /** Runs `job` in the next frame; the same function is run once, however often it was asked for. */
  schedule(job: () => void): void {
    this.#jobs.add(job);
    this.#request ||= requestAnimationFrame(() => this.#run());
  }

  cancel(): void {
    if (this.#request) cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#jobs.clear();
  }

  #run(): void {
    this.#request = 0;
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    batch(() => {
      for (const job of jobs) job();
    });
  }
}
