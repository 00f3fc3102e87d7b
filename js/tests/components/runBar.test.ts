// The bar below: what Generate, Pause, Resume and Stop ask of Python, and what is told of a run.

import { expect, test, vi } from "vitest";
import { HOSTILE } from "../support/host";
import { button, drawn, find, host, open, press, TRAITS } from "../support/page";

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

test("real dollars are asked for in the page, and Escape means no", async () => {
  const { el } = await open();
  const generate = button(el, "Generate");
  generate.focus();
  host.push({ v: 1, seq: 1, type: "confirm", token: "t1", text: "About $0.84?", priced: true });
  await drawn();
  const dialog = find(el, '[role="alertdialog"]');
  expect(dialog.textContent).toContain("About $0.84?");
  expect(document.activeElement?.textContent).toBe("Do not start");
  press(dialog, "Escape");
  await vi.waitFor(() => expect(el.querySelector('[role="alertdialog"]')).toBeNull(), { interval: 0 });
  expect(document.activeElement, "the focus is given back with the dialog").toBe(generate);
  expect(host.ofType("confirm")).toMatchObject([{ token: "t1", yes: false }]);
  host.push({ v: 1, seq: 2, type: "confirm", token: "t2", text: "About $0.84?", priced: true });
  await drawn();
  find(el, '[role="alertdialog"] button', "Spend").click();
  expect(host.ofType("confirm").at(-1)).toMatchObject({ token: "t2", yes: true });
});

test.each([
  [true, "This spends real money"],
  [false, "This may cost real money"],
])("where a price is known (%s) the question says: %s", async (priced, title) => {
  const { el } = await open();
  host.push({ v: 1, seq: 1, type: "confirm", token: "t", text: "At most 5 queries to it?", priced });
  await drawn();
  expect(find(el, '[role="alertdialog"] h3').textContent).toBe(title);
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

test("what is worth a look while a run works stands apart from why it ended", async () => {
  const { el } = await open();
  const line = () => el.querySelector(".tilth-notice-run")?.textContent;
  expect(line()).toBeUndefined();
  host.status({ state: "running", notice: `9 of the first 10 units gave no row: ${HOSTILE}` });
  await drawn();
  expect(line()).toBe(`9 of the first 10 units gave no row: ${HOSTILE}`);
  expect(find(el, ".tilth-counts-state").textContent).toBe("Running");
  host.status({ state: "finished", notice: null, reason: "the budget is used up" });
  await drawn();
  expect(line()).toBeUndefined();
  expect(find(el, ".tilth-counts-state").textContent).toBe("Finished: the budget is used up");
});

test("a run at work in another process is shown, and steered there alone", async () => {
  const { el } = await open();
  host.status({ state: "running", holder: "process 71 on ada since 2026-03-01 12:00:00", rate: 0 });
  await drawn();
  expect(find(el, ".tilth-notice-run").textContent).toContain("at work in process 71 on ada");
  expect(find(el, ".tilth-counts-state").textContent).toBe("Running in another process");
  expect(find(el, ".tilth-counts").textContent).not.toContain("/s");
  for (const name of ["Generate", "Pause", "Stop"]) button(el, name).click();
  await drawn();
  for (const type of ["generate", "pause", "stop"]) expect(host.ofType(type), type).toEqual([]);
  host.status({ state: "stopped", holder: null, reason: null });
  await drawn();
  expect(el.querySelector(".tilth-notice-run")).toBeNull();
  button(el, "Resume").click();
  await drawn();
  expect(host.ofType("generate")).toHaveLength(1);
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
