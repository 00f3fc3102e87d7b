import { expect, test } from "vitest";
import { drawn, find, host, open, press, type } from "../support/page";

test("Export saves what is chosen and says what was written", async () => {
  const saved = {
    type: "saved",
    path: "out/rows.jsonl",
    rows: 573,
    bytes: 214_300,
    notices: ["left out: 1 row"],
  };
  host.answers(({ type }) => ({ content: type === "save" ? saved : { type: "ok" } }));
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
  const said = [...find(el, ".tilth-saved").querySelectorAll("p")].map((line) => line.textContent);
  expect(said).toEqual(["Saved 573 rows, 214.3 kB, to out/rows.jsonl", "left out: 1 row"]);
});
