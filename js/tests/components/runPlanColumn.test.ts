// The plan beside the samples: a strategy and a budget are chosen, and every number has its source.

import { expect, test } from "vitest";
import { EMPTY } from "../../src/wire/emptyTraits";
import type { Traits } from "../../src/wire/types";
import { HostModel } from "../support/host";
import { button, drawn, find, host, open, press, TRAITS, type } from "../support/page";

test("Generate is shut while the plan has a problem, and the problem is told", async () => {
  host.set("plan", { ...TRAITS.plan, problem: "set a limit in queries or dollars" });
  const { el } = await open();
  button(el, "Generate").click();
  expect(host.ofType("generate")).toEqual([]);
  expect(find(el, '[role="alert"]', "set a limit in queries")).toBeTruthy();
});

test("numbers of a plan that is not made yet stay blank, and Generate need not wait for it", async () => {
  const host = new HostModel({ ...TRAITS, plan: EMPTY.plan });
  const { el } = await open(host);
  const numbers = () =>
    [...el.querySelectorAll(".tilth-expected .tilth-number")].map(({ textContent }) => textContent);
  expect(numbers()).toEqual(["", "", "", "", ""]);
  expect(button(el, "Generate").getAttribute("aria-disabled")).toBe("false");
  host.set("plan", { ...(TRAITS.plan as Traits["plan"]), usd: null });
  await drawn();
  expect(numbers()).toEqual(["≈ 930", "unknown", "≈ 4 min", "20", "≈ 9.3"]);
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

test.each(["queries", "dollars"])(
  "%s that cannot be read hold Generate back until they are mended",
  async (field) => {
    const { el } = await open();
    const fields = el.querySelectorAll<HTMLInputElement>(".tilth-amount input");
    const input = fields[field === "queries" ? 0 : 1] as HTMLInputElement;
    const before = input.value;
    type(input, "3O0", "input");
    button(el, "Generate").click();
    await drawn();
    expect(host.ofType("generate")).toEqual([]);
    expect(button(el, "Generate").getAttribute("aria-disabled")).toBe("true");
    const why = document.getElementById(button(el, "Generate").getAttribute("aria-describedby") ?? "");
    expect(why?.textContent).toContain('"3O0" is no');
    press(input, "Escape");
    await drawn();
    expect(input.value).toBe(before);
    expect(input.getAttribute("aria-invalid")).toBe("false");
    button(el, "Generate").click();
    expect(host.ofType("generate")).toHaveLength(1);
  },
);

test("Generate enters what is still being typed, and sends the plan in sight along", async () => {
  const { el } = await open();
  const [queries, usd] = el.querySelectorAll<HTMLInputElement>(".tilth-amount input");
  if (!queries || !usd) throw new Error("the budget has no fields");
  type(queries, "40", "input");
  type(usd, "20$", "input");
  button(el, "Generate").click();
  expect(host.ofType("generate")).toMatchObject([
    { strategy: "new-question", budget_queries: 40, budget_usd: 20 },
  ]);
});

test.each(["0", "$0.00", "999999999999999"])(
  "a budget of %s is refused, for 0 would mean no limit",
  async (typed) => {
    const { el } = await open();
    for (const input of el.querySelectorAll<HTMLInputElement>(".tilth-amount input"))
      type(input, typed, "change");
    await drawn();
    expect(host.get("budget_queries")).toBe(2000);
    expect(host.get("budget_usd")).toBe(0);
    expect(el.querySelectorAll('.tilth-amount [aria-invalid="true"]')).toHaveLength(2);
  },
);

test("a value names its source to the eye on focus, and to a screen reader", async () => {
  const { el } = await open();
  const value = find(el, ".tilth-expected-value", "930");
  expect(value.tabIndex).toBe(0);
  value.dispatchEvent(new FocusEvent("focus"));
  await drawn();
  expect(find(el, ".tilth-tip").textContent).toBe("Rows: estimated: 2 queries a row");
  const described = value.getAttribute("aria-describedby") ?? "";
  expect(document.getElementById(described)?.textContent).toBe("Rows: estimated: 2 queries a row");
  press(value, "Escape");
  await drawn();
  expect(el.querySelector(".tilth-tip")).toBeNull();
});

test("every value has a source", async () => {
  host.status({ state: "running", usd: 0.5, rowless: 1, in_doubt: 1, rate: 3, eta: 60, limit_queries: 2000 });
  const { el } = await open();
  const values = [...el.querySelectorAll(".tilth-sourced")];
  expect(values.length).toBeGreaterThanOrEqual(15);
  for (const value of values) {
    const source = document.getElementById(value.getAttribute("aria-describedby") ?? "")?.textContent;
    expect(source).toMatch(/: .*(measured|estimated|published|divided)/);
  }
});

test("the plan names the checks that ask, and says of each what it does", async () => {
  const { el } = await open();
  expect(el.querySelector(".tilth-plan-checks")).toBeNull();
  const checks = [
    { title: "Agreement", about: "Keeps what answers agree on." },
    { title: "Judge", about: "Scores rows." },
  ];
  host.set("context", { ...TRAITS.context, checks });
  await drawn();
  find(el, ".tilth-plan-checks .tilth-sourced").focus();
  await drawn();
  expect(find(el, ".tilth-tip").textContent).toBe("Agreement: Keeps what answers agree on.");
});
