import { expect, test } from "vitest";
import { indexOfArrival, PAGE_SIZE, SampleWindow } from "../../src/state/sampleWindow";
import type { Sample } from "../../src/wire/types";
import { sample, samples } from "../support/host";

/** A run of `total` rows in Python's keeping, which answers pages as Python does. */
function setup({ total = 0, kept = 20_000, pageRows = PAGE_SIZE } = {}) {
  const run = { total, asked: [] as [number, number][], errors: [] as Error[], broken: false };
  const window = new SampleWindow(
    {
      page: async (after, limit) => {
        run.asked.push([after, limit]);
        if (run.broken) throw new Error("the kernel is gone");
        return samples(after + 1, Math.min(after + Math.min(limit, pageRows), run.total));
      },
      changed: () => undefined,
      failed: (error) => run.errors.push(error),
    },
    kept,
  );
  return { run, window };
}

const arrivals = (rows: readonly Sample[]) => rows.map(({ arrival }) => arrival);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("batches that follow each other ask for nothing", () => {
  const { run, window } = setup();
  window.push(samples(1, 3));
  window.push(samples(4, 5));
  expect(arrivals(window.rows)).toEqual([1, 2, 3, 4, 5]);
  expect(run.asked).toEqual([]);
});

test("a batch sent twice is kept once", () => {
  const { window } = setup();
  window.push(samples(1, 3));
  window.push(samples(2, 4));
  expect(arrivals(window.rows)).toEqual([1, 2, 3, 4]);
});

test("a gap is asked for and filled, while the newer rows are shown at once", async () => {
  const { run, window } = setup({ total: 12 });
  window.push(samples(1, 3));
  window.push(samples(8, 10));
  expect(arrivals(window.rows)).toEqual([1, 2, 3, 8, 9, 10]);
  await settled();
  expect(run.asked).toEqual([[3, 4]]);
  expect(arrivals(window.rows)).toEqual(range(1, 10));
});

test("a gap that Python answers in short pages is filled all the same", async () => {
  const { run, window } = setup({ total: 12, pageRows: 2 });
  window.push(samples(1, 3));
  window.push(samples(9, 9));
  await settled();
  expect(run.asked).toEqual([
    [3, 5],
    [5, 3],
    [7, 1],
  ]);
  expect(arrivals(window.rows)).toEqual(range(1, 9));
});

test("a gap that cannot be filled is told, and the next one is asked for again", async () => {
  const { run, window } = setup({ total: 20 });
  run.broken = true;
  window.push(samples(1, 1));
  window.push(samples(5, 5));
  await settled();
  expect(run.errors.map(({ message }) => message)).toEqual(["the kernel is gone"]);
  run.broken = false;
  window.push(samples(8, 8));
  await settled();
  expect(run.asked.at(-1)).toEqual([5, 2]);
});

test("a lost last batch is asked for when Python says how far it is", async () => {
  const { window } = setup({ total: 9 });
  window.push(samples(1, 6));
  window.expect(9);
  await settled();
  expect(arrivals(window.rows)).toEqual(range(1, 9));
});

test("a batch lost while a page loads its first rows is asked for, too", async () => {
  const { run, window } = setup({ total: 29 });
  window.expect(21);
  window.push(samples(26, 29)); // 22 to 25 were sent before the page listened
  await settled();
  expect(run.asked).toEqual([
    [0, 21],
    [21, 4],
  ]);
  expect(arrivals(window.rows)).toEqual(range(1, 29));
});

test("a late page shows the newest rows and gets older ones when it scrolls there", async () => {
  const { window } = setup({ total: 1_800 });
  window.expect(1_800);
  await settled();
  expect([window.first, window.last]).toEqual([1_301, 1_800]);
  await window.loadOlder();
  expect([window.first, window.rows.length]).toEqual([801, 1_000]);
  await window.loadOlder();
  await window.loadOlder();
  await window.loadOlder();
  expect(arrivals(window.rows)).toEqual(range(1, 1_800));
});

test("an older page that Python cuts short leaves no hole behind", async () => {
  const { window } = setup({ total: 100, pageRows: 7 });
  window.push(samples(31, 40));
  await window.loadOlder();
  await settled();
  expect(arrivals(window.rows)).toEqual(range(1, 40));
});

test("the window never grows beyond its bound and keeps the newest rows", () => {
  const { window } = setup({ kept: 100 });
  for (let first = 1; first <= 991; first += 10) window.push(samples(first, first + 9));
  expect(arrivals(window.rows)).toEqual(range(901, 1_000));
});

test("older rows loaded into a full window push out the newest, until the reader comes back", async () => {
  const { run, window } = setup({ total: 1_000, kept: 600 });
  window.push(samples(401, 1_000));
  await window.loadOlder();
  expect([window.first, window.last, window.live]).toEqual([1, 600, false]);
  run.total = 1_010;
  window.push(samples(1_001, 1_010));
  expect([window.last, window.newest]).toEqual([600, 1_010]);
  window.attach();
  await settled();
  expect([window.live, window.last]).toEqual([true, 1_010]);
});

test("rows of another run take the place of those before", () => {
  const { window } = setup();
  window.push(samples(1, 5));
  window.push([sample(1, { rowId: "fedcba9876543210:0:0" })]);
  expect(window.rows.map(({ rowId }) => rowId)).toEqual(["fedcba9876543210:0:0"]);
});

test("a page that answers after the run has changed is dropped", async () => {
  const { window } = setup({ total: 9 });
  window.push(samples(1, 6));
  window.expect(9);
  window.clear();
  window.push([sample(1, { rowId: "fedcba9876543210:0:0" })]);
  await settled();
  expect(window.rows).toHaveLength(1);
});

test("a row is found by its arrival, or the nearest older one", () => {
  const rows = [sample(2), sample(4), sample(9)];
  expect([1, 2, 3, 4, 8, 9, 99].map((arrival) => indexOfArrival(rows, arrival))).toEqual([
    -1, 0, 0, 1, 1, 2, 2,
  ]);
});
