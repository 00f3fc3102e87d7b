// The workbench as a whole: whom it listens to, its header, its views, its keys and its theme.

import { expect, test, vi } from "vitest";
import { Store } from "../../src/state/store";
import widget from "../../src/widget";
import { HostModel, samples } from "../support/host";
import { button, drawn, find, host, open, press, TRAITS } from "../support/page";

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

test("another teacher can be chosen where there is one, while nothing is at work", async () => {
  const { el } = await open();
  expect(el.querySelector(".tilth-header select"), "nothing to choose").toBeNull();
  const teachers = [
    { name: "simulation", title: "simulation" },
    { name: "local:Small", title: "Small, on this machine" },
  ];
  host.set("context", { ...TRAITS.context, teachers, chosen_teacher: "simulation" });
  host.status({ state: "finished", path: "mine.tilth", last: 3 });
  host.rows(samples(1, 3));
  await drawn();
  const select = find(el, ".tilth-header select") as HTMLSelectElement;
  expect([...select.options].map(({ text }) => text)).toEqual(["simulation", "Small, on this machine"]);
  host.answers(({ type }) =>
    type === "teacher" ? { content: { type: "error", message: "It has gone." } } : undefined,
  );
  const choose = async () => {
    select.value = "local:Small";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await drawn();
  };
  await choose();
  expect(host.ofType("teacher").map(({ name }) => name)).toEqual(["local:Small"]);
  expect(select.value, "a refusal leaves the choice as it was").toBe("simulation");
  expect(find(el, ".tilth-notice").textContent).toContain("It has gone.");
  expect(el.querySelectorAll('[role="option"]')).toHaveLength(3);
  host.answers(({ type }) => {
    if (type === "teacher") host.status({ state: "idle", path: null, last: 0 });
    return { content: { type: "ok" } };
  });
  await choose();
  expect(select.value).toBe("local:Small");
  expect(el.querySelectorAll('[role="option"]'), "the last teacher's rows have gone").toHaveLength(0);
  host.status({ state: "running", path: "other.tilth" });
  await drawn();
  expect(select.disabled).toBe(true);
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

test("views of one model and of two share no id and no radio group", async () => {
  const els = [...(await open(host, 2)).els, (await open(new HostModel(TRAITS))).el];
  const marks = els.map((el) => {
    const ids = [...el.querySelectorAll("[id]")].map(({ id }) => id);
    const names = [...el.querySelectorAll("[name]")].map((input) => input.getAttribute("name"));
    const targets = ["for", "aria-controls", "aria-describedby", "aria-labelledby"].flatMap((attribute) =>
      [...el.querySelectorAll(`[${attribute}]`)].flatMap((node) => node.getAttribute(attribute)?.split(" ")),
    );
    expect(new Set(ids).size, "an id is used twice").toBe(ids.length);
    expect(
      targets.filter((target) => !ids.includes(String(target))),
      "a label points out of its view",
    ).toEqual([]);
    expect(el.querySelectorAll('input[type="radio"]:not([name])')).toHaveLength(0);
    return new Set([...ids, ...names]);
  });
  expect(marks[0]?.size).toBeGreaterThanOrEqual(30);
  const all = marks.flatMap((mark) => [...mark]);
  expect(new Set(all).size).toBe(all.length);
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

test("where nothing can be sent any more, the kernel has gone: controls are off, and what is safe is said", async () => {
  host.status({ state: "running", rows: 6, rate: 5, eta: 82, path: "mine.tilth" });
  const { el } = await open();
  expect(find(el, ".tilth-counts").textContent).toContain("left");
  host.send = () => {
    throw new Error("Cannot send");
  };
  button(el, "Pause").click();
  await drawn();
  const notice = find(el, ".tilth-notice-kernel").textContent;
  expect(notice).toContain("safe in mine.tilth, 6 rows");
  expect(notice).toContain("Run the cell again");
  for (const name of ["Generate", "Pause", "Stop"])
    expect(button(el, name).getAttribute("aria-disabled")).toBe("true");
  expect(find(el, ".tilth-counts-state").textContent).toBe("No kernel");
  expect(find(el, ".tilth-counts").textContent).not.toContain("left");
  expect(el.querySelectorAll(".tilth-notice")).toHaveLength(1);
});

test("a kernel that says nothing though a run is at work is asked; it is there again when it speaks", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  host.status({ state: "running", path: "mine.tilth" });
  const store = new Store(host);
  host.answers(() => undefined);
  vi.advanceTimersByTime(5_000);
  expect(host.ofType("view"), "it is asked first").toHaveLength(1);
  expect(store.pulse.kernel.value).toBe("there");
  vi.advanceTimersByTime(5_000);
  expect(store.pulse.kernel.value).toBe("silent");
  host.rows(samples(1, 2));
  expect(store.pulse.kernel.value).toBe("there");
  store.dispose();
});
