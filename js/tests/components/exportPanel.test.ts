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
  expect(path.value).toBe("gsm8k-new-question.jsonl");
  find(el, 'input[value="unverified"]').click();
  type(path, "out/rows.jsonl", "input");
  await drawn();
  find(el, ".tilth-export").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await drawn();
  expect(host.ofType("save")).toMatchObject([
    { format: "chat", path: "out/rows.jsonl", verdicts: ["accepted"], existing: "ask" },
  ]);
  const said = [...find(el, ".tilth-saved").querySelectorAll("p")].map((line) => line.textContent);
  expect(said).toEqual(["Saved 573 rows, 214.3 kB, to out/rows.jsonl", "left out: 1 row"]);
});

test("A format that is a folder is saved under a name of its own", async () => {
  const { el } = await open();
  const path = find(el, '.tilth-save input[type="text"]') as HTMLInputElement;
  const label = () => el.querySelector(`label[for="${path.id}"]`)?.textContent;
  expect(label()).toBe("File");
  find(el, 'input[value="llama-factory"]').click();
  await drawn();
  expect([label(), path.value]).toEqual(["Folder", "gsm8k-new-question-llama-factory"]);
  type(path, "mine-llama-factory", "input");
  await drawn();
  find(el, 'input[value="csv"]').click();
  await drawn();
  expect([label(), path.value]).toEqual(["File", "mine.csv"]);
  find(el, 'input[value="trl"]').click();
  await drawn();
  find(el, ".tilth-export").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await drawn();
  expect(host.ofType("save")).toMatchObject([{ format: "trl", path: "mine-trl" }]);
});

test.each([
  ["Replace", "replace"],
  ["Keep both", "keep-both"],
] as const)("a file that is there is written over only after a word: %s", async (button, existing) => {
  host.answers((request) => ({
    content:
      request.type !== "save"
        ? { type: "ok" }
        : request.existing === "ask"
          ? { type: "exists", there: ["mine.parquet"], free: ["mine-2.parquet"] }
          : { type: "saved", path: "mine.parquet", rows: 3, bytes: 300, notices: [] },
  }));
  const { el } = await open();
  const submit = () =>
    find(el, ".tilth-export").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  submit();
  await drawn();
  expect(find(el, ".tilth-replace").textContent).toContain("mine.parquet is there already");
  expect(find(el, ".tilth-saved").textContent).toBe("");
  find(el, ".tilth-replace button", "Cancel").click();
  await drawn();
  expect(el.querySelector(".tilth-replace")).toBeNull();
  submit();
  await drawn();
  find(el, ".tilth-replace button", button).click();
  await drawn();
  expect(host.ofType("save").map((request) => request.existing)).toEqual(["ask", "ask", existing]);
  expect(find(el, ".tilth-saved").textContent).toContain("Saved 3 rows");
});
