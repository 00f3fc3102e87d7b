// A host's side of a widget: an AFM model with the traits and the answers a test gives it.

import { columnFromArray, float64, int32, tableFromColumns, tableToIPC, utf8 } from "@uwdata/flechette";
import type { Listener, WidgetModel } from "../../src/host/widgetModel";
import { EMPTY } from "../../src/wire/emptyTraits";
import type { Sample, Traits } from "../../src/wire/types";

/** What a model may write, and what must reach a page as text only. */
export const HOSTILE = '<img src=x onerror="globalThis.harmed = true">';

export interface Sent {
  v: number;
  id: number;
  type: string;
  [field: string]: unknown;
}

type Answer = (request: Sent) => { content: Record<string, unknown>; buffers?: DataView[] } | undefined;

export class HostModel implements WidgetModel {
  readonly sent: Sent[] = [];
  saves = 0;
  readonly #traits: Record<string, unknown>;
  readonly #listeners = new Map<string, Set<Listener>>();
  #answer: Answer = () => ({ content: { type: "ok" } });

  constructor(traits: Partial<Traits> = {}) {
    this.#traits = { ...EMPTY, ...traits };
  }

  /** What the host answers from now on; undefined leaves a request unanswered. */
  answers(answer: Answer): void {
    this.#answer = answer;
  }

  get(name: string): unknown {
    return this.#traits[name];
  }

  set(name: string, value: unknown): void {
    this.#traits[name] = value;
    this.#fire(`change:${name}`);
  }

  status(change: Partial<Traits["status"]>): void {
    this.set("status", { ...(this.get("status") as Traits["status"]), ...change });
  }

  save_changes(): void {
    this.saves++;
  }

  on(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  send(content: unknown): void {
    const request = content as Sent;
    this.sent.push(request);
    queueMicrotask(() => {
      const answer = this.#answer(request);
      if (answer) this.push({ v: 1, id: request.id, ...answer.content }, answer.buffers);
    });
  }

  push(content: Record<string, unknown>, buffers: DataView[] = []): void {
    this.#fire("msg:custom", content, buffers);
  }

  rows(samples: Sample[]): void {
    this.push({ v: 1, seq: 1, type: "rows", first: samples[0]?.arrival, last: samples.at(-1)?.arrival }, [
      encode(samples),
    ]);
  }

  ofType(type: string): Sent[] {
    return this.sent.filter((request) => request.type === type);
  }

  #fire(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])])
      (listener as (...a: unknown[]) => void)(...args);
  }
}

export function sample(arrival: number, change: Partial<Sample> = {}): Sample {
  return {
    arrival,
    rowId: `0123456789abcdef:${arrival}:0`,
    unit: arrival,
    question: `How many are ${arrival} and 1?`,
    answer: String(arrival + 1),
    verdict: "accepted",
    reason: null,
    strategy: "new-question",
    seedId: "seed-1",
    reference: null,
    queries: 2,
    seconds: 0.5,
    ...change,
  };
}

export const samples = (first: number, last: number, change: Partial<Sample> = {}): Sample[] =>
  Array.from({ length: last - first + 1 }, (_, i) => sample(first + i, change));

/** Samples as Python sends them, at an offset inside a larger buffer. */
export function encode(rows: Sample[]): DataView {
  const texts = (name: keyof Sample) =>
    columnFromArray(
      rows.map((row) => row[name]),
      utf8(),
    );
  const table = tableFromColumns({
    arrival: columnFromArray(
      rows.map((row) => row.arrival),
      int32(),
    ),
    row_id: texts("rowId"),
    unit: columnFromArray(
      rows.map((row) => row.unit),
      int32(),
    ),
    question: texts("question"),
    answer: texts("answer"),
    verdict: texts("verdict"),
    reason: texts("reason"),
    strategy: texts("strategy"),
    seed_id: texts("seedId"),
    reference: texts("reference"),
    queries: columnFromArray(
      rows.map((row) => row.queries ?? 0),
      int32(),
    ),
    seconds: columnFromArray(
      rows.map((row) => row.seconds ?? 0),
      float64(),
    ),
  });
  const bytes = tableToIPC(table, { format: "stream" }) as Uint8Array;
  const larger = new Uint8Array(bytes.length + 24);
  larger.set(bytes, 16);
  return new DataView(larger.buffer, 16, bytes.length);
}
