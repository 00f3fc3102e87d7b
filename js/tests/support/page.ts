// A workbench in a page: a fresh host before each test, and how a test opens, reads and works what it shows.

import { afterEach, beforeEach, vi } from "vitest";
import widget from "../../src/widget";
import type { StrategyInfo, Traits } from "../../src/wire/types";
import { HostModel } from "./host";

const strategy = (name: string, change: Partial<StrategyInfo> = {}): StrategyInfo => ({
  name,
  title: name,
  about: `About ${name}.`,
  queries_per_row: 2,
  needs_reference: false,
  usable: true,
  why_not: null,
  ...change,
});

/** What a host starts with: a plan is made, nothing runs. */
export const TRAITS: Partial<Traits> = {
  context: {
    title: "Tilth",
    seeds: { count: 100, name: "gsm8k.jsonl", task: "numeric" },
    teacher: { name: "demo", simulated: true, state: "ready" },
    writer: null,
    checks: [],
    path: null,
    teachers: [],
    chosen_teacher: "",
  },
  strategies: [
    strategy("answers"),
    strategy("new-question"),
    strategy("rephrase", { usable: false, why_not: "it needs references" }),
  ],
  strategy: "new-question",
  budget_queries: 2000,
  plan: {
    ratio: 20,
    rows: 930,
    rows_per_seed: 9.3,
    usd: 0.84,
    seconds: 240,
    queries: 2000,
    sources: { rows: "estimated: 2 queries a row", usd: "published: a price list" },
    problem: null,
  },
};

const ends = new AbortController();

/** The host of the running test. */
export let host: HostModel;

beforeEach(() => {
  // happy-dom lays nothing out; a virtual list needs to know how high it stands.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(700);
  host = new HostModel(TRAITS);
});

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

/** Shows a model in as many views as asked for, the first of which is `el`. */
export async function open(model = host, views = 1) {
  const { initialize, render } = widget();
  const end = initialize({ model });
  const els = Array.from({ length: views }, () => document.body.appendChild(document.createElement("div")));
  const closes = els.map((el) => render({ model, el, signal: ends.signal }));
  await drawn();
  return { el: els[0] as HTMLElement, els, closes, end };
}

/** Waits until what has changed is drawn. */
export const drawn = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => setTimeout(resolve));
};

/** The first element that is meant; throws where there is none. */
export function find(root: ParentNode, selector: string, text?: string): HTMLElement {
  const nodes = [...root.querySelectorAll<HTMLElement>(selector)];
  const node = text === undefined ? nodes[0] : nodes.find((each) => each.textContent?.includes(text));
  if (!node)
    throw new Error(`no ${selector}${text === undefined ? "" : ` with "${text}"`} in ${root.textContent}`);
  return node;
}

export const button = (root: ParentNode, name: string) => find(root, `button[aria-label="${name}"]`);
export const press = (node: Element, key: string) =>
  node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

export function type(input: HTMLElement, value: string, event: "input" | "change") {
  (input as HTMLInputElement).value = value;
  input.dispatchEvent(new Event(event, { bubbles: true }));
}
