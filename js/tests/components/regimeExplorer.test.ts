import { afterEach, beforeEach, expect, test, vi } from "vitest";
import widget from "../../src/widget";
import { EMPTY } from "../../src/wire/emptyTraits";
import type { Traits } from "../../src/wire/types";
import { HOSTILE, HostModel, type Sent } from "../support/host";
import { CELL, CHART, POINTS } from "../support/study";

const TRAITS: Partial<Traits> = {
  regimes: {
    tests: [
      { name: "same", questions: 400, decides: false },
      { name: "held-out", questions: 400, decides: false },
      { name: "validation", questions: 200, decides: true },
    ],
    strategies: ["a", "b"],
    students: [{ name: "parser", about: "A small parser.", cost: "Measured: little." }],
    axes: ["ratio", "rows"],
    choices: { strategies: ["a", "b"], sizes: [25], ratios: [1, 2], replicates: 2, student: "parser" },
    plan: {
      cells: 8,
      queries: 200,
      rows: 150,
      usd: null,
      seconds: 30,
      sources: { queries: "at most: the largest cells" },
      problem: null,
    },
  },
};

const BUNDLE = Symbol.for("tilth.vega");
let host: HostModel;
let drawings: { spec: Record<string, unknown>; click(datum: object): void }[];

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(700);
  drawings = [];
  // Vega itself is tried in the browser's tests; here stands what the page hands it and takes from it.
  (globalThis as Record<symbol, unknown>)[BUNDLE] = Promise.resolve({
    draw: async (spec: Record<string, unknown>, picked: (datum: object) => void) => {
      drawings.push({ spec, click: picked });
      return { node: document.createElement("div"), finalize: () => undefined };
    },
  });
  host = new HostModel(TRAITS);
  host.answers(answer);
});

afterEach(() => {
  document.body.replaceChildren();
  delete (globalThis as Record<symbol, unknown>)[BUNDLE];
});

function answer({ type }: Sent) {
  if (type === "regimes-chart") return { content: { type, ...CHART } };
  if (type === "regimes-cell") return { content: { type, cell: CELL } };
  if (type === "regimes-save") return { content: { type, paths: ["out.svg"], bytes: 2000 } };
  return { content: { type: "ok" } };
}

const settled = async () => {
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await new Promise((resolve) => setTimeout(resolve));
  }
};

async function open(model = host) {
  const { initialize, render } = widget();
  initialize({ model });
  const el = document.body.appendChild(document.createElement("div"));
  render({ model, el });
  await settled();
  const tab = [...el.querySelectorAll<HTMLElement>('[role="tab"]')].find((t) => t.textContent === "Regimes");
  tab?.click();
  await settled();
  return { el, tab };
}

function study(change: Partial<Traits["study_status"]>) {
  const now = host.get("study_status") as Traits["study_status"];
  host.set("study_status", { ...now, path: "study.tilth", chosen: true, ...change });
}

function field(el: HTMLElement, label: string): HTMLInputElement {
  const found = [...el.querySelectorAll("label")].find((each) => each.textContent === label);
  return el.querySelector(`#${CSS.escape(found?.htmlFor ?? "")}`) as HTMLInputElement;
}

function type(input: HTMLInputElement, text: string) {
  input.value = text;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

const selectOf = (el: HTMLElement, label: string) =>
  [...el.querySelectorAll(".tilth-select")]
    .find((each) => each.firstChild?.textContent === label)
    ?.querySelector("select") as HTMLSelectElement;

const button = (el: HTMLElement, text: string) =>
  [...el.querySelectorAll<HTMLButtonElement>("button")].find((each) =>
    (each.getAttribute("aria-label") ?? each.textContent ?? "").includes(text),
  ) as HTMLButtonElement;

test("without test sets there is no such tab", async () => {
  const { tab } = await open(
    new HostModel({ ...TRAITS, regimes: { ...TRAITS.regimes, tests: [] } as never }),
  );
  expect(tab).toBeUndefined();
});

test("shows the price with its sources before anything runs, and draws nothing", async () => {
  const { el } = await open();
  const expected = el.querySelector(".tilth-expected")?.textContent;
  expect(expected).toContain("≤ 200");
  expect(expected).toContain("Queries: at most: the largest cells");
  expect(expected).toContain("unknown");
  expect(host.ofType("regimes-chart")).toEqual([]);
  expect(host.ofType("vega")).toEqual([]);
});

test("a choice made before the answer to another keeps both", async () => {
  const { el } = await open();
  type(field(el, "ratios"), "1 2, 4");
  type(field(el, "replicates"), "3");
  el.querySelector<HTMLInputElement>('.tilth-plan input[value="b"]')?.click();
  expect(host.ofType("regimes-plan").at(-1)).toMatchObject({
    strategies: ["a"],
    sizes: [25],
    ratios: [1, 2, 4],
    replicates: 3,
    student: "parser",
  });
});

test("Enter takes what was typed into a list, though the field is not left", async () => {
  const { el } = await open();
  const ratios = field(el, "ratios");
  ratios.value = "1, 8";
  ratios.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  expect(host.ofType("regimes-plan").at(-1)).toMatchObject({ ratios: [1, 8] });
});

test("what Python says of an earlier choice does not undo a later one", async () => {
  const { el } = await open();
  host.answers(() => undefined);
  type(field(el, "seeds"), "10");
  type(field(el, "replicates"), "5");
  const now = host.get("regimes") as Traits["regimes"];
  host.set("regimes", { ...now, choices: { ...now.choices, sizes: [10] } });
  await settled();
  expect(field(el, "replicates").value).toBe("5");
  host.set("regimes", { ...now, choices: { ...now.choices, sizes: [10], replicates: 4 } });
  for (const { id } of host.ofType("regimes-plan")) host.push({ v: 1, id, type: "ok" });
  await settled();
  expect(field(el, "replicates").value).toBe("4");
});

test("a choice that Python refuses is taken back and told", async () => {
  const { el } = await open();
  host.answers(({ type: kind }) => ({ content: { type: "error", message: `${kind}: a study is at work` } }));
  type(field(el, "seeds"), "50");
  await settled();
  expect(field(el, "seeds").value).toBe("25");
  expect(el.textContent).toContain("a study is at work");
});

test("what is no list of numbers is never sent", async () => {
  const { el } = await open();
  type(field(el, "seeds"), "25, many");
  await settled();
  expect(host.ofType("regimes-plan")).toEqual([]);
  expect(el.textContent).toContain('"25, many" is no list of whole numbers above 0');
});

test("runs, locks the choices while it works, stops, and offers to resume", async () => {
  const { el } = await open();
  button(el, "Run study").click();
  expect(host.ofType("regimes-run")).toHaveLength(1);
  study({ state: "running", cells: 0, all_cells: 8 });
  await settled();
  expect(field(el, "seeds").disabled).toBe(true);
  button(el, "Stop study").click();
  expect(host.ofType("regimes-stop")).toHaveLength(1);
  study({ state: "stopped", cells: 2, all_cells: 8, reason: "stopped by the user" });
  await settled();
  expect(el.querySelector(".tilth-counts-state")?.textContent).toBe("Stopped by the user");
  expect(button(el, "Resume study")).toBeDefined();
  expect(el.querySelector(".tilth-bar")?.textContent).toContain("2 / 8 cells");
});

test("a study whose student takes minutes says where its training stands", async () => {
  const { el } = await open();
  study({ state: "running", training: "training: step 60 of 150, loss 0.41, 1:18 left" });
  await settled();
  expect(el.querySelector(".tilth-bar")?.textContent).toContain("step 60 of 150, loss 0.41, 1:18 left");
  study({ state: "finished", training: null });
  await settled();
  expect(el.querySelector(".tilth-bar")?.textContent).not.toContain("training");
});

test("a study that waits for its endpoint says why and when, and can be stopped", async () => {
  const { el } = await open();
  study({ state: "waiting", waiting: "gpt gives nothing but failures; the last: 503", next_try: 11.2 });
  await settled();
  expect(el.querySelector(".tilth-notice-waiting")?.textContent).toContain("the last: 503The study goes on");
  expect(el.querySelector(".tilth-counts-state")?.textContent).toBe("Waiting: next try in 0:12");
  expect(field(el, "seeds").disabled).toBe(true);
  button(el, "Stop study").click();
  expect(host.ofType("regimes-stop")).toHaveLength(1);
});

test("draws again as cells come, at most once a second", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const frames = () => vi.advanceTimersByTimeAsync(40);
  const { initialize, render } = widget();
  initialize({ model: host });
  const el = document.body.appendChild(document.createElement("div"));
  render({ model: host, el });
  await frames();
  [...el.querySelectorAll<HTMLElement>('[role="tab"]')].find((t) => t.textContent === "Regimes")?.click();
  await frames();
  for (let cells = 1; cells <= 8; cells++) {
    study({ state: "running", cells, all_cells: 8 });
    await new Promise((resolve) => requestAnimationFrame(resolve));
    await frames();
  }
  expect(host.ofType("regimes-chart")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(host.ofType("regimes-chart")).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(host.ofType("regimes-chart")).toHaveLength(2);
  vi.useRealTimers();
});

test("a clicked point opens its cell, whose texts are text", async () => {
  const { el } = await open();
  study({ state: "finished", cells: 8, all_cells: 8 });
  await settled();
  drawings.at(-1)?.click({ strategy: "a", low: 1 }); // a name beside a line, no point
  expect(host.ofType("regimes-cell")).toEqual([]);
  drawings.at(-1)?.click({ ...POINTS[2], x: 1 });
  await settled();
  expect(host.ofType("regimes-cell").at(-1)).toMatchObject({ cell_id: "b-1-a", test: "same" });
  const cell = el.querySelector(".tilth-cell") as HTMLElement;
  expect(cell.textContent).toContain(HOSTILE);
  expect(cell.querySelector("img")).toBeNull();
  expect(cell.textContent).toContain("first 1 of 300");
  expect(cell.textContent).toContain("CPU s on cpu bfloat16");
  expect(cell.textContent).toContain("25.0% cut off");
  button(cell, "Replicate 2").click();
  await settled();
  expect(host.ofType("regimes-cell").at(-1)).toMatchObject({ cell_id: "b-1-b" });
  cell.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  await settled();
  expect(el.querySelector(".tilth-cell")).toBeNull();
});

test("the table opens the same cells, and the words stand in the page", async () => {
  const { el } = await open();
  study({ state: "finished", cells: 8, all_cells: 8 });
  await settled();
  expect(el.querySelector('[role="img"]')?.getAttribute("aria-label")).toBe(CHART.words);
  button(el, "Open the cells of b, 25 seeds, ratio 2").click();
  await settled();
  expect(host.ofType("regimes-cell").at(-1)).toMatchObject({ cell_id: "b-2-a" });
});

test("side by side shows the test sets and not the one that decides", async () => {
  const { el } = await open();
  study({ state: "finished", cells: 8, all_cells: 8 });
  await settled();
  const select = selectOf(el, "test set");
  select.value = "";
  select.dispatchEvent(new Event("change", { bubbles: true }));
  await settled();
  expect(
    host
      .ofType("regimes-chart")
      .slice(-2)
      .map((each) => each.test),
  ).toEqual(["same", "held-out"]);
  expect(el.querySelectorAll(".tilth-chart")).toHaveLength(2);
});

test("says why there is no chart", async () => {
  const { el } = await open();
  host.answers(({ type: kind }) => ({
    content: { type: kind, spec: null, words: "", points: [], problem: "the spread needs two strategies" },
  }));
  study({ state: "finished", cells: 8, all_cells: 8 });
  await settled();
  expect(el.querySelector(".tilth-chart")?.textContent).toContain("the spread needs two strategies");
});

test("saves the figure that is shown", async () => {
  const { el } = await open();
  study({ state: "finished", cells: 8, all_cells: 8 });
  await settled();
  button(el, "Save figure").click();
  await settled();
  el.querySelector("form.tilth-figure-save")?.dispatchEvent(
    new Event("submit", { bubbles: true, cancelable: true }),
  );
  await settled();
  expect(host.ofType("regimes-save").at(-1)).toMatchObject({
    path: "regimes.svg",
    kind: "regimes",
    tests: ["same"],
  });
  expect(el.querySelector(".tilth-figure-saved")?.textContent).toContain("Saved out.svg");
});

test("charts of advice are there while it rests on measurements, and follow the advice", async () => {
  const { el } = await open();
  study({ state: "finished", cells: 8 });
  await settled();
  const kinds = () => [...selectOf(el, "show").options].map(({ value }) => value);
  expect(kinds()).toEqual(["regimes", "spread"]);
  host.set("advice", { ...EMPTY.advice, words: "leaning", charted: true, mean: 0.5 });
  await settled();
  expect(kinds()).toEqual(["regimes", "spread", "forecast", "gap"]);
  const pick = async (label: string, value: string) => {
    selectOf(el, label).value = value;
    selectOf(el, label).dispatchEvent(new Event("change", { bubbles: true }));
    await settled();
  };
  const last = () => host.ofType("regimes-chart").at(-1);
  await pick("against", "rows");
  await pick("show", "forecast");
  expect(last()).toMatchObject({ kind: "forecast", axis: "ratio", test: "validation" });
  expect(selectOf(el, "test set")).toBeUndefined();
  await pick("show", "gap");
  expect(last()).toMatchObject({ kind: "gap", axis: "ratio", test: "validation" });
  expect(selectOf(el, "against")).toBeUndefined();
  const asked = host.ofType("regimes-chart").length;
  host.set("advice", { ...EMPTY.advice, words: "clear", charted: true, mean: 0.6 });
  await vi.waitFor(() => expect(host.ofType("regimes-chart")).toHaveLength(asked + 1), { timeout: 5_000 });
  host.set("advice", { ...EMPTY.advice, problem: "no budget" });
  await settled();
  expect(last()).toMatchObject({ kind: "regimes", axis: "rows", test: "same" });
});
