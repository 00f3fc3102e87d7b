// The Advice box: words and figures as Python tells them, text only, and the button that takes the advice.

import { expect, test } from "vitest";
import type { Advice, AdvisedArm } from "../../src/wire/advice";
import { EMPTY } from "../../src/wire/emptyTraits";
import { HOSTILE } from "../support/host";
import { drawn, find, host, open } from "../support/page";

const arm = (name: string, change: Partial<AdvisedArm> = {}): AdvisedArm => ({
  arm: name,
  advised: false,
  ratio: 20,
  queries: 2000,
  usd: 0.84,
  mean: 0.5,
  low: 0.45,
  high: 0.55,
  gap: -0.021,
  gap_low: -0.06,
  gap_high: 0.02,
  p_best: 0.2,
  ...change,
});

const ADVICE: Advice = {
  ...EMPTY.advice,
  words: "too close to call",
  strategy: "answers",
  title: "Answers",
  offered: true,
  mean: 0.71,
  low: 0.66,
  high: 0.752,
  queries: 2000,
  source: "forecast from 40 measured cells on 300 validation questions; 90% interval",
  reasons: [
    { head: "within 2 points of the best with 83%", text: "expected to lose 0.6 points to it" },
    { head: "clear by nothing", text: "" },
  ],
  arms: [arm("Answers", { advised: true, gap: 0, gap_low: 0, gap_high: 0 }), arm("Rephrase")],
  all_arms: 2,
  next: [{ arm: "Rephrase", ratio: 8, queries: 400, usd: 0.12, points: 0.004 }],
};

const box = (el: ParentNode) => find(el, '[aria-label="Advice"]');

test("words come first, then the arm and its figure, which names its source", async () => {
  host.set("advice", ADVICE);
  const { el } = await open();
  const text = box(el).textContent ?? "";
  const places = ["too close to call", "Answers", "71%", "(66% to 75%)", "within 2 points"].map((each) =>
    text.indexOf(each),
  );
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(0);
  find(box(el), ".tilth-sourced", "71%").dispatchEvent(new FocusEvent("focus"));
  await drawn();
  expect(find(el, ".tilth-tip").textContent).toContain("forecast from 40 measured cells");
  expect(find(box(el), ".tilth-gap", "Rephrase").textContent).toContain("−2.1");
  expect(box(el).querySelectorAll(".tilth-gap")).toHaveLength(1);
  expect(find(el, ".tilth-hidden[role=status]").textContent).toContain("Advice: Answers, too close to call.");
  expect(find(box(el), "details", "what would tell more").textContent).toContain(
    "Rephrase at ratio 8: 400 more queries, $0.12, expected to add +0.4 points",
  );
});

test("a reason opens, and stays open while its figures change; what says all has nothing to open", async () => {
  host.set("advice", ADVICE);
  const { el } = await open();
  const reason = find(box(el), "details", "within 2 points") as HTMLDetailsElement;
  expect(reason.open).toBe(false);
  reason.open = true;
  expect(find(box(el), "p", "clear by nothing").closest("details")).toBeNull();
  host.set("advice", { ...ADVICE, reasons: [{ head: "within 2 points with 90%", text: "by 0.3 points" }] });
  await drawn();
  expect(reason.isConnected && reason.open).toBe(true);
  expect(reason.textContent).toContain("by 0.3 points");
});

test("Use chooses the advised strategy, and leaves the focus in the box", async () => {
  host.set("advice", ADVICE);
  const { el } = await open();
  const use = find(box(el), 'button[aria-label="Use Answers"]');
  use.focus();
  use.click();
  expect(host.get("strategy")).toBe("answers");
  await drawn();
  expect(box(el).querySelector("button")).toBeNull();
  expect(box(el).textContent).toContain("chosen");
  expect(document.activeElement).toBe(box(el));
});

test("Use waits while a run is at work, and is not there for an arm that cannot be chosen", async () => {
  host.set("advice", ADVICE);
  host.status({ state: "running" });
  const { el } = await open();
  const use = find(box(el), 'button[aria-label="Use Answers"]');
  expect(use.getAttribute("aria-disabled")).toBe("true");
  use.click();
  expect(host.get("strategy")).toBe("new-question");
  host.set("advice", { ...ADVICE, offered: false });
  await drawn();
  expect(box(el).querySelector("button")).toBeNull();
});

test("why there is no advice is a sentence, and without a measurement there are no odds", async () => {
  host.set("advice", { ...EMPTY.advice, problem: "evidence: cells are measured on 60 validation questions" });
  const { el } = await open();
  expect(box(el).textContent).toBe("Adviceevidence: cells are measured on 60 validation questions");
  host.set("advice", {
    ...EMPTY.advice,
    words: "not measured",
    title: "Answers",
    strategy: "answers",
    next_note: "a study measures them",
  });
  await drawn();
  expect(box(el).textContent).toContain("the default");
  expect(box(el).textContent).toContain("a study measures them");
  expect(box(el).textContent).not.toContain("%");
  expect(box(el).querySelector(".tilth-gaps")).toBeNull();
});

test("what a run has decided is told with its reasons, whether there is advice or not", async () => {
  const decisions = [
    { head: "after 97 queries: measure up to ratio 1", text: "the choice may lose 4 points" },
  ];
  host.set("advice", { ...EMPTY.advice, problem: "no budget", decisions });
  const { el } = await open();
  const told = find(box(el), "details", "after 97 queries");
  expect(find(told, "p").textContent).toBe("the choice may lose 4 points");
});

test("what others' files say stays text", async () => {
  host.set("advice", {
    ...ADVICE,
    title: HOSTILE,
    source: HOSTILE,
    notices: [HOSTILE],
    reasons: [{ head: HOSTILE, text: HOSTILE }],
    assumptions: [HOSTILE],
    split: [
      { part: HOSTILE, queries: 1 },
      { part: "b", queries: 2 },
    ],
    arms: [arm(HOSTILE)],
    next_note: HOSTILE,
    seeds_worth: HOSTILE,
    decisions: [{ head: HOSTILE, text: HOSTILE }],
  });
  const { el } = await open();
  expect(box(el).querySelector("img")).toBeNull();
  expect(box(el).textContent).toContain(HOSTILE);
});
