// Requests to Python: numbered, answered or refused, and never waited for without end.

import type { Replies, Requests } from "./types";

const VERSION = 1;
const TIMEOUT_MS = 10_000;
// Writing a large file, drawing a chart and sending the bundle that shows it may honestly take longer.
const TIMEOUTS: Partial<Record<keyof Requests, number>> = {
  save: 60_000,
  vega: 60_000,
  "regimes-chart": 60_000,
  "regimes-save": 60_000,
};

export interface Reply<T> {
  content: T;
  buffers: DataView[];
}

/** A request that could not be sent: the page says so in one place, and not for each request. */
export class KernelGone extends Error {
  constructor() {
    super("The kernel has gone.");
  }
}

interface Pending {
  resolve(reply: Reply<unknown>): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Rpc {
  #next = 1;
  #pending = new Map<number, Pending>();
  readonly #send: (message: Record<string, unknown>) => void;
  readonly #cannotSend: () => void;

  /** `send` may throw where there is no kernel any more, which `cannotSend` is told of. */
  constructor(send: (message: Record<string, unknown>) => void, cannotSend: () => void = () => undefined) {
    this.#send = send;
    this.#cannotSend = cannotSend;
  }

  /** Sends one request; rejects with Python's own message, or when no answer comes in time. */
  request<K extends keyof Requests>(type: K, payload: Requests[K]): Promise<Reply<Replies[K]>> {
    const id = this.#next++;
    const timeout = TIMEOUTS[type] ?? TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(
          new Error(
            `No answer to "${type}" within ${timeout / 1000} s. The kernel may be busy with another cell, ` +
              "or it was restarted: then run this cell again.",
          ),
        );
      }, timeout);
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject, timer });
      try {
        this.#send({ v: VERSION, id, type, ...payload });
      } catch {
        clearTimeout(timer);
        this.#pending.delete(id);
        this.#cannotSend();
        reject(new KernelGone());
      }
    });
  }

  /** Hands a message to the request it answers; false where it answers none. */
  settle(message: Record<string, unknown>, buffers: DataView[]): boolean {
    if (typeof message.id !== "number") return false;
    const pending = this.#pending.get(message.id);
    if (!pending) return true;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.type === "error") pending.reject(new Error(String(message.message)));
    else pending.resolve({ content: message, buffers });
    return true;
  }

  /** Forgets what is still open; nothing is told to anyone, for the widget is gone. */
  close(): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }
}
