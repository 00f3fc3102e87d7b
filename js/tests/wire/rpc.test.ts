import { afterEach, expect, test, vi } from "vitest";
import { Rpc } from "../../src/wire/rpc";

afterEach(() => {
  vi.useRealTimers();
});

function setup() {
  const sent: Record<string, unknown>[] = [];
  return { sent, rpc: new Rpc((message) => sent.push(message)) };
}

test("answers reach the request they belong to, in whatever order they come", async () => {
  const { rpc, sent } = setup();
  const one = rpc.request("open", { row_id: "a" });
  const two = rpc.request("open", { row_id: "b" });
  expect(sent).toEqual([
    { v: 1, id: 1, type: "open", row_id: "a" },
    { v: 1, id: 2, type: "open", row_id: "b" },
  ]);
  expect(rpc.settle({ id: 2, type: "opened", detail: "B" }, [])).toBe(true);
  expect(rpc.settle({ id: 1, type: "opened", detail: "A" }, [])).toBe(true);
  expect((await one).content).toMatchObject({ detail: "A" });
  expect((await two).content).toMatchObject({ detail: "B" });
});

test("an error answer rejects with Python's own words", async () => {
  const { rpc } = setup();
  const asked = rpc.request("save", { format: "csv", path: "/", verdicts: [], existing: "ask" });
  rpc.settle({ id: 1, type: "error", message: "/: is a folder; give a file" }, []);
  await expect(asked).rejects.toThrow("/: is a folder; give a file");
});

test("no answer within 10 s is an error that says what to do; a late answer harms nothing", async () => {
  vi.useFakeTimers();
  const { rpc } = setup();
  const asked = expect(rpc.request("pause", {})).rejects.toThrow(/"pause" within 10 s.*busy.*again/s);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await asked;
  expect(rpc.settle({ id: 1, type: "ok" }, [])).toBe(true);
});

test("a push is not taken for an answer", () => {
  expect(setup().rpc.settle({ seq: 1, type: "rows" }, [])).toBe(false);
});

test("a request that cannot be sent says that the kernel has gone, and is told of once", async () => {
  let told = 0;
  const rpc = new Rpc(
    () => {
      throw new Error("Cannot send");
    },
    () => told++,
  );
  await expect(rpc.request("pause", {})).rejects.toThrow("The kernel has gone.");
  expect(told).toBe(1);
});
