// The workbench as a whole: whom it listens to, its header, its views, its keys and its theme.

import { expect, test } from "vitest";
import widget from "../../src/widget";
import { HostModel, samples } from "../support/host";
import { drawn, find, host, open, press, TRAITS } from "../support/page";

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
