import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Detail, EMPTY, type StrategyInfo, type Traits } from "../src/protocol";
import widget from "../src/widget";
import { encode, HostModel, sample, samples } from "./model";

const HOSTILE = '<img src=x onerror="globalThis.harmed = true">';

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

const TRAITS: Partial<Traits> = {
  context: {
    title: "Tilth",
    seeds: { count: 100, name: "gsm8k.jsonl", task: "numeric" },
    teacher: { name: "demo", simulated: true, state: "ready" },
    writer: null,
    checks: [],
    path: null,
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

const DETAIL: Detail = {
  row: {
    row_id: "0123456789abcdef:3:0",
    question: HOSTILE,
    response: "𝟙 + 2 makes\n#### 3",
    answer: "3",
    reference: "18",
    verdict: "rejected",
    reason: "3 is not 18",
    strategy: "new-question",
    seed_id: "seed-1",
    queries: 2,
    prompt_tokens: 412,
    completion_tokens: 88,
    usd: 0.0005,
    seconds: 1.5,
    reused: false,
    span_start: 17,
    span_end: 18,
  },
  seed: { seed_id: "seed-1", question: "The seed's own question?", reference: "72" },
  exchanges: [
    {
      role: "teacher",
      purpose: "answer",
      messages: [{ role: "user", content: `Solve: ${HOSTILE}` }],
      reply: "#### 3",
      finish_reason: "length",
      prompt_tokens: 232,
      completion_tokens: 27,
      usd: 0.0003,
      seconds: 1.1,
      estimated: true,
    },
  ],
};

const ends = new AbortController();
let host: HostModel;

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

async function open(model = host, views = 1) {
  const { initialize, render } = widget();
  const end = initialize({ model });
  const els = Array.from({ length: views }, () => document.body.appendChild(document.createElement("div")));
  const closes = els.map((el) => render({ model, el, signal: ends.signal }));
  await drawn();
  return { el: els[0] as HTMLElement, els, closes, end };
}

const drawn = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => setTimeout(resolve));
};

function find(root: ParentNode, selector: string, text?: string): HTMLElement {
  const nodes = [...root.querySelectorAll<HTMLElement>(selector)];
  const node = text === undefined ? nodes[0] : nodes.find((each) => each.textContent?.includes(text));
  if (!node)
    throw new Error(`no ${selector}${text === undefined ? "" : ` with "${text}"`} in ${root.textContent}`);
  return node;
}

const button = (root: ParentNode, name: string) => find(root, `button[aria-label="${name}"]`);
const press = (node: Element, key: string) =>
  node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

function type(input: HTMLElement, value: string, event: "input" | "change") {
  (input as HTMLInputElement).value = value;
  input.dispatchEvent(new Event(event, { bubbles: true }));
}

test("initialize listens and does nothing else; ending takes every listener away", () => {
  const { initialize } = widget();
  const end = initialize({ model: host });
  expect(host.sent).toEqual([]);
  expect(host.listening).toBeGreaterThan(0);
  end();
  expect(host.listening).toBe(0);
});

test("an aborted signal ends a model as well", () => {
  const controller = new AbortController();
  widget().initialize({ model: host, signal: controller.signal });
  controller.abort();
  expect(host.listening).toBe(0);
});

test("the header says what is grown from, who answers, and that it is a simulation", async () => {
  const { el } = await open();
  const header = find(el, ".tilth-header").textContent;
  expect(header).toContain("100");
  expect(header).toContain("gsm8k.jsonl");
  expect(header).toContain("rule-based stand-in, no language model");
  host.set("context", { ...TRAITS.context, teacher: { name: "gpt", simulated: false, state: "unknown" } });
  await drawn();
  expect(find(el, ".tilth-header").textContent).not.toContain("stand-in");
});

test("Generate, Pause, Resume and Stop ask Python, each where it makes sense", async () => {
  const { el } = await open();
  button(el, "Pause").click();
  button(el, "Stop").click();
  button(el, "Generate").click();
  await drawn();
  host.status({ state: "running" });
  await drawn();
  button(el, "Generate").click();
  button(el, "Pause").click();
  await drawn();
  host.status({ state: "paused" });
  await drawn();
  button(el, "Resume").click();
  await drawn();
  button(el, "Stop").click();
  await drawn();
  host.status({ state: "stopped" });
  await drawn();
  button(el, "Resume").click();
  const commands = host.sent.map(({ type }) => type).filter((type) => type !== "view" && type !== "page");
  expect(commands).toEqual(["generate", "pause", "resume", "stop", "generate"]);
});

test("Generate is shut while the plan has a problem, and the problem is told", async () => {
  host.set("plan", { ...TRAITS.plan, problem: "set a limit in queries or dollars" });
  const { el } = await open();
  button(el, "Generate").click();
  expect(host.ofType("generate")).toEqual([]);
  expect(find(el, '[role="alert"]', "set a limit in queries")).toBeTruthy();
});

test("figures of a plan that is not made yet stay blank, and Generate need not wait for it", async () => {
  host = new HostModel({ ...TRAITS, plan: EMPTY.plan });
  const { el } = await open();
  const figures = () =>
    [...el.querySelectorAll(".tilth-expected .tilth-number")].map(({ textContent }) => textContent);
  expect(figures()).toEqual(["", "", "", "", ""]);
  expect(button(el, "Generate").getAttribute("aria-disabled")).toBe("false");
  host.set("plan", { ...(TRAITS.plan as Traits["plan"]), usd: null });
  await drawn();
  expect(figures()).toEqual(["≈ 930", "unknown", "≈ 4 min", "20", "≈ 9.3"]);
});

test("a refused command is told in the page and can be dismissed", async () => {
  host.answers(({ type }) =>
    type === "generate"
      ? { content: { type: "error", message: `no key: ${HOSTILE}` } }
      : { content: { type: "ok" } },
  );
  const { el } = await open();
  button(el, "Generate").click();
  await drawn();
  expect(find(el, '.tilth-notices[role="alert"]').textContent).toContain(`no key: ${HOSTILE}`);
  button(el, "Dismiss").click();
  await drawn();
  expect(find(el, '.tilth-notices[role="alert"]').textContent).toBe("");
});

test("a strategy is chosen by its radio; one that cannot work says why and cannot be chosen", async () => {
  const { el } = await open();
  find(el, 'input[value="answers"]').click();
  expect(host.get("strategy")).toBe("answers");
  expect(host.saves).toBe(1);
  const rephrase = find(el, 'input[value="rephrase"]') as HTMLInputElement;
  expect(rephrase.disabled).toBe(true);
  expect(find(el, "label", "rephrase").textContent).toContain("it needs references");
});

test("a budget is written when it is entered, never while it is typed or wrong", async () => {
  const { el } = await open();
  const [queries, usd] = el.querySelectorAll<HTMLInputElement>(".tilth-amount input");
  if (!queries || !usd) throw new Error("the budget has no fields");
  expect(queries.value).toBe("2,000");
  type(queries, "3,50", "input");
  expect(host.get("budget_queries")).toBe(2000);
  type(queries, "3,500", "change");
  expect(host.get("budget_queries")).toBe(3500);
  type(queries, "2.5", "change");
  await drawn();
  expect(host.get("budget_queries")).toBe(3500);
  expect(queries.getAttribute("aria-invalid")).toBe("true");
  expect(find(el, '.tilth-problem[role="alert"]', "no whole number")).toBeTruthy();
  type(usd, "$1.50", "change");
  expect(host.get("budget_usd")).toBe(1.5);
  await drawn();
  type(usd, "", "change");
  expect(host.get("budget_usd")).toBe(0);
});

test("a figure names its source to the eye on focus, and to a screen reader", async () => {
  const { el } = await open();
  const figure = find(el, ".tilth-expected-figure", "930");
  expect(figure.tabIndex).toBe(0);
  figure.dispatchEvent(new FocusEvent("focus"));
  await drawn();
  expect(find(el, ".tilth-tip").textContent).toBe("Rows: estimated: 2 queries a row");
  const described = figure.getAttribute("aria-describedby") ?? "";
  expect(document.getElementById(described)?.textContent).toBe("Rows: estimated: 2 queries a row");
  press(figure, "Escape");
  await drawn();
  expect(el.querySelector(".tilth-tip")).toBeNull();
});

test("every figure has a source", async () => {
  host.status({ state: "running", usd: 0.5, rowless: 1, in_doubt: 1, rate: 3, eta: 60, limit_queries: 2000 });
  const { el } = await open();
  const figures = [...el.querySelectorAll(".tilth-figure")];
  expect(figures.length).toBeGreaterThanOrEqual(15);
  for (const figure of figures) {
    const source = document.getElementById(figure.getAttribute("aria-describedby") ?? "")?.textContent;
    expect(source).toMatch(/: .*(measured|estimated|published|divided)/);
  }
});

test("rows arrive newest first, hostile text stays text, and signs have words", async () => {
  const { el } = await open();
  host.rows([
    sample(1),
    sample(2, {
      question: HOSTILE,
      answer: HOSTILE,
      verdict: "rejected",
      reason: HOSTILE,
      strategy: HOSTILE,
    }),
    sample(3, { verdict: "unverified", answer: null, reason: "no agreement" }),
  ]);
  await drawn();
  const rows = [...el.querySelectorAll('[role="option"]')].map((row) => row.textContent ?? "");
  expect(rows.map((text) => text.match(/#\d+$/)?.[0])).toEqual(["#3", "#2", "#1"]);
  expect(rows[0]).toContain("unverified");
  expect(rows[1]).toContain(HOSTILE);
  expect(rows[1]).toContain("rejected");
  expect(rows[2]).toContain("accepted");
  expect(el.querySelector("img")).toBeNull();
  expect("harmed" in globalThis).toBe(false);
});

test("a query for an answer gets room to be read, and is told whole on hover", async () => {
  const sql = "SELECT name FROM plants WHERE category = 'Fern' AND price < 12";
  const context = host.get("context") as Traits["context"];
  host.set("context", { ...context, seeds: { count: 5, name: "nursery", task: "sql" } });
  const { el } = await open();
  host.rows([sample(1, { answer: sql })]);
  await drawn();
  expect(find(el, '[role="listbox"]').className).toContain("tilth-list-long-answers");
  expect(find(el, ".tilth-row-answer bdi").title).toBe(sql);
  host.set("context", context);
  await drawn();
  expect(find(el, '[role="listbox"]').className).not.toContain("tilth-list-long-answers");
});

test("only the rows in sight are drawn", async () => {
  const { el } = await open();
  host.rows(samples(1, 5_000));
  await drawn();
  const drawnRows = el.querySelectorAll('[role="option"]').length;
  expect(drawnRows).toBeGreaterThan(5);
  expect(drawnRows).toBeLessThan(60);
  expect(find(el, '[role="option"]').getAttribute("aria-setsize")).toBe("5000");
});

test("a row opens and closes by the keyboard, and the focus comes back to the list", async () => {
  host.answers(({ type }) => ({
    content: type === "open" ? { type: "opened", detail: DETAIL } : { type: "ok" },
  }));
  const { el } = await open();
  host.rows(samples(1, 4));
  await drawn();
  const list = find(el, '[role="listbox"]');
  list.focus();
  press(list, "ArrowDown");
  await drawn();
  press(list, "ArrowDown");
  await drawn();
  const active = document.getElementById(list.getAttribute("aria-activedescendant") ?? "");
  expect(active?.textContent).toContain("#3");
  press(list, "Enter");
  await drawn();
  expect(host.ofType("open").map(({ row_id }) => row_id)).toEqual(["0123456789abcdef:3:0"]);
  const detail = find(el, ".tilth-detail");
  expect(detail.contains(document.activeElement)).toBe(true);
  expect(detail.textContent).toContain("The seed's own question?");
  expect(detail.textContent).toContain(`Solve: ${HOSTILE}`);
  expect(detail.textContent).toContain("ended by: length");
  expect(find(detail, ".tilth-figure").textContent).toContain("412 + 88 tokens");
  expect(find(detail, "summary").textContent).toContain("232 + 27 tokensestimated");
  expect(find(detail, "mark").textContent).toBe("3");
  expect(el.querySelector("img")).toBeNull();
  press(detail, "Escape");
  await drawn();
  expect(el.querySelector(".tilth-detail")).toBeNull();
  expect(document.activeElement).toBe(list);
});

test("an opened row marks the part of the response that was read, or nothing", async () => {
  let row: Detail["row"] = {
    ...DETAIL.row,
    response: "𝟙𝟚 Not A.\nThe answer is x = 2 or x = -3.",
    answer: "x = 2 or x = -3",
    span_start: 24,
    span_end: 39,
  };
  host.answers(({ type }) => ({
    content: type === "open" ? { type: "opened", detail: { ...DETAIL, row } } : { type: "ok" },
  }));
  const { el } = await open();
  host.rows(samples(1, 1));
  await drawn();
  const opened = async () => {
    find(el, '[role="option"]').click();
    await drawn();
    return find(el, ".tilth-detail");
  };
  const mark = find(await opened(), "mark");
  expect(mark.textContent).toBe("x = 2 or x = -3");
  expect(mark.parentElement?.textContent).toBe(row.response);
  press(find(el, ".tilth-detail"), "Escape");
  await drawn();
  row = { ...row, answer: null, span_start: null, span_end: null };
  const other = await opened();
  expect(other.querySelector("mark")).toBeNull();
  expect(other.textContent).toContain(row.response);
});

test("a row that cannot be opened says why", async () => {
  host.answers(({ type }) => ({
    content: type === "open" ? { type: "error", message: "the file has moved" } : { type: "ok" },
  }));
  const { el } = await open();
  host.rows(samples(1, 1));
  await drawn();
  find(el, '[role="option"]').click();
  await drawn();
  expect(find(el, '.tilth-detail [role="alert"]').textContent).toBe("the file has moved");
});

test("walking the list stops it from following; the switch starts it again", async () => {
  const { el } = await open();
  host.rows(samples(1, 50));
  await drawn();
  const follow = find(el, "label", "follow").querySelector("input") as HTMLInputElement;
  expect(follow.checked).toBe(true);
  press(find(el, '[role="listbox"]'), "ArrowDown");
  await drawn();
  expect(follow.checked).toBe(false);
  host.rows(samples(51, 60));
  await drawn();
  expect(find(el, ".tilth-newer").textContent).toContain("10 newer");
  find(el, ".tilth-newer").click();
  await drawn();
  expect(follow.checked).toBe(true);
});

test("rejected rows can be left out", async () => {
  const { el } = await open();
  host.rows([sample(1), sample(2, { verdict: "rejected" }), sample(3)]);
  await drawn();
  find(el, ".tilth-tools label", "rejected").querySelector("input")?.click();
  await drawn();
  const shown = [...el.querySelectorAll('[role="option"]')].map(
    (row) => row.textContent?.match(/#\d+$/)?.[0],
  );
  expect(shown).toEqual(["#3", "#1"]);
});

test("the filter waits for a pause in typing and asks for the whole run, page by page", async () => {
  host.status({ last: 900, rows: 900 });
  host.answers((request) => {
    if (request.type !== "page") return { content: { type: "ok" } };
    const rows = request.after === 0 ? [sample(7), sample(70)] : request.after === 70 ? [sample(700)] : [];
    const content = { type: "page", total: 3, last: 900, more: request.after === 0 };
    return { content, buffers: [encode(request.contains === "van" ? rows : [])] };
  });
  const { el } = await open();
  const before = host.ofType("page").length;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const filter = find(el, 'input[type="search"]');
  type(filter, "va", "input");
  await vi.advanceTimersByTimeAsync(100);
  type(filter, "van", "input");
  await vi.advanceTimersByTimeAsync(400);
  vi.useRealTimers();
  await drawn();
  const asked = host.ofType("page").slice(before);
  expect(asked.map(({ contains, after }) => [contains, after])).toEqual([
    ["van", 0],
    ["van", 70],
  ]);
  const shown = [...el.querySelectorAll('[role="option"]')].map(
    (row) => row.textContent?.match(/#\d+$/)?.[0],
  );
  expect(shown).toEqual(["#700", "#70", "#7"]);
  expect(find(el, ".tilth-tools").textContent).toContain("3 found");
});

test("the newest reply types itself out as text, and goes when the run has ended", async () => {
  host.status({ state: "running" });
  const { el } = await open();
  host.push({
    v: 1,
    seq: 1,
    type: "text",
    unit: 4,
    purpose: "answer",
    text: `It is ${HOSTILE}`,
    done: false,
  });
  await drawn();
  expect(find(el, ".tilth-typing").textContent).toContain(`It is ${HOSTILE}`);
  expect(el.querySelector("img")).toBeNull();
  host.status({ state: "finished" });
  await drawn();
  expect(el.querySelector(".tilth-typing")).toBeNull();
});

test("real dollars are asked for in the page, and Escape means no", async () => {
  const { el } = await open();
  const generate = button(el, "Generate");
  generate.focus();
  host.push({ v: 1, seq: 1, type: "confirm", token: "t1", text: "About $0.84?" });
  await drawn();
  const dialog = find(el, '[role="alertdialog"]');
  expect(dialog.textContent).toContain("About $0.84?");
  expect(document.activeElement?.textContent).toBe("Do not start");
  press(dialog, "Escape");
  await vi.waitFor(() => expect(el.querySelector('[role="alertdialog"]')).toBeNull(), { interval: 0 });
  expect(document.activeElement, "the focus is given back with the dialog").toBe(generate);
  expect(host.ofType("confirm")).toMatchObject([{ token: "t1", yes: false }]);
  host.push({ v: 1, seq: 2, type: "confirm", token: "t2", text: "About $0.84?" });
  await drawn();
  find(el, '[role="alertdialog"] button', "Spend").click();
  expect(host.ofType("confirm").at(-1)).toMatchObject({ token: "t2", yes: true });
});

test("Export saves what is chosen and says what was written", async () => {
  host.answers(({ type }) => ({
    content:
      type === "save" ? { type: "saved", path: "out/rows.jsonl", rows: 573, bytes: 214_300 } : { type: "ok" },
  }));
  const { el } = await open();
  const tab = find(el, '[role="tab"]', "Samples");
  tab.focus();
  press(tab, "ArrowLeft");
  await drawn();
  expect(document.activeElement?.textContent).toBe("Export");
  find(el, 'input[value="chat"]').click();
  await drawn();
  const path = find(el, '.tilth-save input[type="text"]') as HTMLInputElement;
  expect(path.value).toBe("train.jsonl");
  find(el, 'input[value="unverified"]').click();
  type(path, "out/rows.jsonl", "input");
  await drawn();
  find(el, ".tilth-export").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await drawn();
  expect(host.ofType("save")).toMatchObject([
    { format: "chat", path: "out/rows.jsonl", verdicts: ["accepted"] },
  ]);
  expect(find(el, ".tilth-saved").textContent).toBe("Saved 573 rows, 214.3 kB, to out/rows.jsonl");
});

test("the progress bar and the counts say what the run says", async () => {
  const { el } = await open();
  host.status({
    state: "running",
    queries: 1204,
    limit_queries: 2000,
    accepted: 561,
    rejected: 40,
    unverified: 12,
    usd: 0.51,
    in_doubt: 2,
    waiting: "the endpoint answered 429",
    next_try: 2.3,
  });
  await drawn();
  const progress = find(el, "progress") as HTMLProgressElement;
  expect([progress.getAttribute("value"), progress.getAttribute("max")]).toEqual(["1204", "2000"]);
  const bar = find(el, ".tilth-counts").textContent;
  for (const part of ["1,204 / 2,000 queries", "$0.51", "561", "40", "12", "2 in doubt"]) {
    expect(bar).toContain(part);
  }
  expect(bar).toContain("Running, next try in 0:03: the endpoint answered 429");
  expect(bar).not.toContain("rowless");
  expect(el.querySelector(".tilth-notice-waiting")).toBeNull();
});

test("a run that waits for its endpoint says why and when, and Stop stays at hand", async () => {
  const { el } = await open();
  const state = () => find(el, ".tilth-counts-state").textContent;
  const notice = () => el.querySelector(".tilth-notice-waiting")?.textContent;
  host.set("context", { ...TRAITS.context, teacher: { name: "gpt", simulated: false, state: "failing" } });
  host.status({
    state: "waiting",
    waiting: "gpt gives nothing but failures",
    next_try: 60.4,
    rate: 3,
    eta: 9,
  });
  await drawn();
  expect(state()).toBe("Waiting: next try in 1:01");
  expect(notice()).toContain("gpt gives nothing but failuresThe run goes on when it is back");
  expect(find(el, ".tilth-header").textContent).toContain("only fails");
  expect(find(el, ".tilth-counts").textContent).not.toContain("left");
  host.status({ next_try: null });
  await drawn();
  expect(state()).toBe("Waiting: trying now");
  button(el, "Pause").click();
  button(el, "Stop").click();
  await drawn();
  host.status({ state: "stopping" });
  await drawn();
  expect(notice()).toContain("Stop once more ends the run at once");
  button(el, "Stop").click();
  await drawn();
  expect(host.ofType("pause")).toHaveLength(1);
  expect(host.ofType("stop")).toHaveLength(2);
  host.status({ state: "aborted", waiting: null });
  await drawn();
  expect(notice()).toBeUndefined();
});

test("a screen reader is told at most once in five seconds", async () => {
  const { el } = await open();
  const live = find(el, '[aria-live="polite"]');
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const said = new Set<string>();
  const observer = new MutationObserver(() => said.add(live.textContent ?? ""));
  observer.observe(live, { childList: true, characterData: true, subtree: true });
  for (let queries = 1; queries <= 36; queries++) {
    host.status({ state: "running", queries });
    await vi.advanceTimersByTimeAsync(250);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  observer.disconnect();
  expect(said.size).toBeGreaterThanOrEqual(1);
  expect(said.size).toBeLessThanOrEqual(3);
});

test("two views show one model; each keeps its own tab, and the last one to close says so", async () => {
  const { els, closes } = await open(host, 2);
  const [one, two] = els;
  if (!one || !two) throw new Error("two views were asked for");
  expect(host.ofType("view").map(({ open }) => open)).toEqual([true]);
  host.rows(samples(1, 3));
  find(one, '[role="tab"]', "Export").click();
  find(one, 'input[value="answers"]').click();
  await drawn();
  expect(two.querySelectorAll('[role="option"]')).toHaveLength(3);
  expect((find(two, 'input[value="answers"]') as HTMLInputElement).checked).toBe(true);
  expect(find(one, '[role="tab"][aria-selected="true"]').textContent).toBe("Export");
  expect(find(two, '[role="tab"][aria-selected="true"]').textContent).toBe("Samples");
  closes[0]?.();
  expect(one.childElementCount).toBe(0);
  expect(host.ofType("view")).toHaveLength(1);
  closes[1]?.();
  expect(host.ofType("view").map(({ open }) => open)).toEqual([true, false]);
});

test("a view opened late fetches the rows it has missed", async () => {
  host.status({ state: "running", last: 3, rows: 3 });
  host.answers(({ type, after, limit }) =>
    type === "page"
      ? {
          content: { type: "page", total: 3, last: 3, more: false },
          buffers: [
            encode(samples((after as number) + 1, Math.min(3, (after as number) + (limit as number)))),
          ],
        }
      : { content: { type: "ok" } },
  );
  const { el } = await open();
  await drawn();
  expect(el.querySelectorAll('[role="option"]')).toHaveLength(3);
});

test("older rows come to whoever stands at the end, though nothing is scrolled", async () => {
  host.status({ state: "running" });
  const { el } = await open();
  host.answers(({ type, after, limit }) =>
    type === "page"
      ? {
          content: { type: "page", total: 30, last: 30, more: false },
          buffers: [encode(samples((after as number) + 1, (after as number) + (limit as number)))],
        }
      : { content: { type: "ok" } },
  );
  host.rows(samples(9, 30));
  await drawn();
  await drawn();
  expect(host.ofType("page")).toMatchObject([{ after: 0, limit: 8 }]);
  expect(el.querySelector('[role="option"]')?.getAttribute("aria-setsize")).toBe("30");
});

test("JupyterLab's shortcuts stay out of the widget, and its theme comes in", async () => {
  document.body.dataset.jpThemeLight = "false";
  const { el } = await open();
  const outside: string[] = [];
  const hear = (event: KeyboardEvent) => outside.push(event.key);
  document.addEventListener("keydown", hear);
  press(find(el, ".tilth-frame"), "d");
  find(el, "input").dispatchEvent(new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
  document.removeEventListener("keydown", hear);
  expect(outside, "only saving is left to JupyterLab").toEqual(["s"]);
  expect(el.style.colorScheme).toBe("dark");
  document.body.dataset.jpThemeLight = "true";
  await drawn();
  expect(el.style.colorScheme).toBe("light");
  delete document.body.dataset.jpThemeLight;
});
