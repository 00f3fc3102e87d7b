import { afterEach, expect, test, vi } from "vitest";
import type { QualityReply } from "../src/quality";
import widget from "../src/widget";
import { HostModel } from "./model";

const FOUND: QualityReply = {
  quality: {
    accepted: 60,
    rejected: 30,
    unverified: 10,
    rejected_by: { "another answer than the reference's": 20, "<b>judged</b> too low": 10 },
    unverified_by: { "no reference": 10 },
    rowless_by: {},
    queries: { generation: 200, judge: 40 },
    usd: 0.6,
    queries_per_accepted: 4,
    usd_per_accepted: 0.01,
    agreement: { questions: 50, by_share: { "2 of 2": 40, "2 of 3": 6, "no majority": 4 } },
    scores: { clarity: [0, 0, 10, 0, 10] },
    checks: { agreement: 50 },
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

const running = (model: HostModel, last: number) => model.status({ state: "running", last, queries: last });

test("before a run there is nothing to ask and one sentence to read", async () => {
  const { model, el } = await opened();
  expect(el.querySelector(".tilth-quality")?.textContent).toContain("once there are some");
  expect(model.ofType("quality")).toHaveLength(0);
});

test("verdicts, reasons, votes, scores and the price are shown with where they come from", async () => {
  const { model, el, part } = await opened();
  running(model, 1);
  await vi.waitFor(() => expect(part("Rows")?.textContent).toContain("60"));
  expect(part("Rows")?.textContent).toContain("60 %");
  expect(part("Rejected because")?.textContent).toContain("<b>judged</b> too low");
  expect(part("Rejected because")?.querySelector("b")).toBeNull();
  expect(part("Agreement")?.textContent).toMatch(/2 of 2.*40.*80 %/);
  expect(part("The judge's scores")?.textContent).toMatch(/clarity4 of 5|clarity.*4.*of 5/);
  expect(part("An accepted row costs")?.textContent).toContain("40 of them by the judge");
  expect(part("An accepted row costs")?.textContent).toContain("$0.01");
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
  expect(part("Calibration of a-model, style")?.textContent).toMatch(/sees known errors.*90 %.*70 % to 97 %/);
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
