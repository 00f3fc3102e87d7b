// The stream of samples: rows as they arrive, the row that is opened, what is left out and what is fetched.

import { expect, test, vi } from "vitest";
import type { RowDetail, Traits } from "../../src/wire/types";
import { encode, HOSTILE, sample, samples } from "../support/host";
import { drawn, find, host, open, press, type } from "../support/page";

const DETAIL: RowDetail = {
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

/** The numbers of the rows in sight, from the top. */
const numbers = (el: HTMLElement) =>
  [...el.querySelectorAll('[role="option"]')].map((row) => row.textContent?.match(/#\d+$/)?.[0]);

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
  expect(numbers(el)).toEqual(["#3", "#2", "#1"]);
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
  expect(find(detail, ".tilth-sourced").textContent).toContain("412 + 88 tokens");
  expect(find(detail, "summary").textContent).toContain("232 + 27 tokensestimated");
  expect(find(detail, "mark").textContent).toBe("3");
  expect(el.querySelector("img")).toBeNull();
  press(detail, "Escape");
  await drawn();
  expect(el.querySelector(".tilth-detail")).toBeNull();
  expect(document.activeElement).toBe(list);
});

test("an opened row marks the part of the response that was read, or nothing", async () => {
  let row: RowDetail["row"] = {
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

test("a row that is pressed stays the same element while many rows come in above it", async () => {
  const { el } = await open();
  host.rows(samples(1, 50));
  await drawn();
  const pressed = el.querySelectorAll<HTMLElement>('[role="option"]')[2] as HTMLElement;
  const removed = new Set<Node>();
  const watch = new MutationObserver((changes) => {
    for (const { removedNodes } of changes) for (const node of removedNodes) removed.add(node);
  });
  watch.observe(el, { childList: true, subtree: true });
  pressed.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  host.rows(samples(51, 250));
  await drawn();
  watch.disconnect();
  expect(removed.has(pressed)).toBe(false);
  pressed.click();
  await drawn();
  expect(host.ofType("open").map(({ row_id }) => row_id)).toEqual(["0123456789abcdef:48:0"]);
});

test("rejected rows can be left out", async () => {
  const { el } = await open();
  host.rows([sample(1), sample(2, { verdict: "rejected" }), sample(3)]);
  await drawn();
  find(el, ".tilth-tools label", "rejected").querySelector("input")?.click();
  await drawn();
  expect(numbers(el)).toEqual(["#3", "#1"]);
});

test("the filter waits for a pause in typing and asks for the whole run, page by page", async () => {
  host.status({ last: 900, rows: 900 });
  host.answers((request) => {
    if (request.type !== "page") return { content: { type: "ok" } };
    const rows = request.after === 0 ? [sample(7), sample(70)] : request.after === 70 ? [sample(700)] : [];
    const content = { type: "page", last: 900, more: request.after === 0 };
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
  expect(numbers(el)).toEqual(["#700", "#70", "#7"]);
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

test("a view opened late fetches the rows it has missed", async () => {
  host.status({ state: "running", last: 3, rows: 3 });
  host.answers(({ type, after, limit }) =>
    type === "page"
      ? {
          content: { type: "page", last: 3, more: false },
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
          content: { type: "page", last: 30, more: false },
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
