import { afterEach, expect, test, vi } from "vitest";
import widget from "../../src/widget";
import type { QualityReply } from "../../src/wire/quality";
import { HostModel } from "../support/host";

const FOUND: QualityReply = {
  quality: {
    accepted: 60,
    rejected: 30,
    unverified: 10,
    rejected_by: { "wrong-answer": 20, "<b>impolite</b>": 10 },
    unverified_by: { "no-reference": 10 },
    rowless_by: {},
    latest: { rejected: { "wrong-answer": "<i>7</i> is not 8" }, unverified: {}, rowless: {} },
    queries: { generation: 200, judge: 40 },
    usd: 0.6,
    in_doubt: 3,
    queries_per_accepted: 4.05,
    usd_per_accepted: 0.01,
    queries_per_kept: 3.47,
    usd_per_kept: null,
    checks: {
      polite: [
        {
          title: "<i>How</i> polite",
          columns: [
            { name: "1", kind: "count" },
            { name: "2", kind: "count" },
            { name: "of all", kind: "share" },
            { name: "mean", kind: "number" },
          ],
          rows: [
            { name: "<b>please</b>", values: [12, 8, 0.25, 1.4] },
            { name: "thanks", values: [0, 0, null, null] },
          ],
          about: "rows that were asked about",
        },
      ],
      agreement: [
        {
          title: "Agreement",
          columns: [{ name: "questions", kind: "count" }],
          rows: [{ name: "2 of 2", values: [40] }],
          about: "",
        },
      ],
    },
  },
  calibration: null,
};

const close: (() => void)[] = [];

afterEach(() => {
  for (const each of close.splice(0)) each();
  vi.useRealTimers();
});

async function opened(reply: QualityReply = FOUND) {
  const model = new HostModel();
  model.answers((request) => ({ content: { type: "ok", ...(request.type === "quality" ? reply : {}) } }));
  const el = document.createElement("div");
  document.body.append(el);
  const { initialize, render } = widget();
  const end = initialize({ model });
  render({ model, el, signal: new AbortController().signal });
  close.push(() => {
    end();
    el.remove();
  });
  const tab = [...el.querySelectorAll<HTMLElement>('[role="tab"]')].find((t) => t.textContent === "Quality");
  tab?.click();
  return { model, el, part: (name: string) => el.querySelector(`section[aria-label="${name}"]`) };
}

const rowOf = (part: Element | null, title: string) => {
  const rows = [...(part?.querySelectorAll("tbody tr") ?? [])];
  const row = rows.find((each) => each.querySelector("th")?.textContent === title);
  return [...(row?.querySelectorAll(".tilth-number") ?? [])].map((n) => n.textContent);
};

const running = (model: HostModel, last: number) => model.status({ state: "running", last, queries: last });

test("before a run there is nothing to ask and one sentence to read", async () => {
  const { model, el } = await opened();
  expect(el.querySelector(".tilth-quality")?.textContent).toContain("once there are some");
  expect(model.ofType("quality")).toHaveLength(0);
});

test("verdicts, causes, what checks found and the price are shown with where they come from", async () => {
  const { model, el, part } = await opened();
  running(model, 1);
  await vi.waitFor(() => expect(part("Rows")?.textContent).toContain("60"));
  expect(part("Rows")?.textContent).toContain("60%");
  expect(part("Rejected because")?.textContent).toContain("<b>impolite</b>");
  expect(part("Rejected because")?.textContent).toContain("the latest: <i>7</i> is not 8");
  const polite = part("<i>How</i> polite");
  expect([...(polite?.querySelectorAll("thead th") ?? [])].slice(1).map((th) => th.textContent)).toEqual([
    "1",
    "2",
    "of all",
    "mean",
  ]);
  expect(rowOf(polite, "<b>please</b>")).toEqual(["12", "8", "25%", "1.4"]);
  expect(rowOf(polite, "thanks")).toEqual(["0", "0", "–", "–"]);
  expect(polite?.textContent).toContain("measured: counted in the run's file; rows that were asked about");
  expect(rowOf(part("Agreement"), "2 of 2")).toEqual(["40"]);
  expect(el.querySelector(".tilth-quality b, .tilth-quality i")).toBeNull();
  expect(rowOf(part("What a row costs"), "accepted")).toEqual(["4.1", "$0.01"]);
  expect(rowOf(part("What a row costs"), "accepted or unverified")).toEqual(["3.5", "–"]);
  expect(part("What a row costs")?.textContent).toContain("measured: 243 queries spent");
  expect(part("Queries spent on")?.textContent).toMatch(/judge.*40.*in doubt.*3/);
  expect(part("No row because")).toBeNull();
  expect(el.textContent).not.toContain("Calibration");
});

test("a calibration is shown with its interval", async () => {
  const rate = { rate: 0.9, low: 0.7, high: 0.97, n: 20 };
  const { model, part } = await opened({
    ...FOUND,
    calibration: {
      judge: "a-model, style",
      rows: 20,
      hit: rate,
      false_alarm: { ...rate, rate: 0.05 },
      by_error: [{ error: "wrong result", ...rate }],
    },
  });
  running(model, 1);
  await vi.waitFor(() =>
    expect(part("Calibration of a-model, style")?.textContent).toContain("wrong result"),
  );
  expect(part("Calibration of a-model, style")?.textContent).toMatch(/sees known errors.*90%.*70% to 97%/);
});

test("it asks once a second at most, and not while another tab is looked at", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  const { model, el } = await opened();
  for (let last = 1; last <= 20; last++) {
    running(model, last);
    await vi.advanceTimersByTimeAsync(250);
  }
  expect(model.ofType("quality").length).toBeGreaterThanOrEqual(4);
  expect(model.ofType("quality").length).toBeLessThanOrEqual(6);
  [...el.querySelectorAll<HTMLElement>('[role="tab"]')].find((t) => t.textContent === "Samples")?.click();
  await vi.advanceTimersByTimeAsync(1_500);
  const before = model.ofType("quality").length;
  running(model, 100);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(model.ofType("quality").length).toBe(before);
});

test("a reply that comes late is shown, and nothing else is asked meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  const { model, part } = await opened();
  model.answers(() => undefined);
  running(model, 1);
  for (let last = 2; last <= 9; last++) {
    await vi.advanceTimersByTimeAsync(250);
    running(model, last);
  }
  const [asked, ...more] = model.ofType("quality");
  expect(more).toEqual([]);
  model.push({ v: 1, id: asked?.id, type: "quality", ...FOUND });
  await vi.advanceTimersByTimeAsync(100);
  expect(part("Rows")?.textContent).toContain("60");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(model.ofType("quality"), "a slow answer is not asked for at once again").toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(model.ofType("quality")).toHaveLength(2);
});

test("it asks once more when the run ends, and then no more", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  const { model } = await opened();
  running(model, 5);
  await vi.advanceTimersByTimeAsync(100);
  model.status({ state: "finished" });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(model.ofType("quality")).toHaveLength(2);
});

test("what was found of one run is not shown for another", async () => {
  const { model, part, el } = await opened();
  model.status({ state: "running", last: 1, queries: 1, path: "one.tilth" });
  await vi.waitFor(() => expect(part("Rows")).not.toBeNull());
  model.answers(() => undefined);
  model.status({ state: "running", last: 0, queries: 0, path: "two.tilth" });
  await vi.waitFor(() => expect(part("Rows")).toBeNull());
  expect(el.querySelector(".tilth-quality")?.textContent).toContain("once there are some");
});

test("without checks there is no part for them", async () => {
  const { model, part } = await opened({
    ...FOUND,
    quality: { ...FOUND.quality, checks: {} },
  });
  running(model, 1);
  await vi.waitFor(() => expect(part("Rows")).not.toBeNull());
  for (const name of ["Agreement", "<i>How</i> polite"]) expect(part(name)).toBeNull();
});
