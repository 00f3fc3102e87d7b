import { expect, test } from "vitest";
import { headless, isCramped, legendOf, narrow } from "../../src/charts/layout";
import { SPEC } from "../support/study";

test("a cramped chart keeps its letters and gives up the names beside its lines", () => {
  expect(isCramped(SPEC, 700)).toBe(false);
  expect(isCramped(SPEC, 400)).toBe(true);
  expect(headless(SPEC)).not.toHaveProperty("title");
  const [panel] = narrow(SPEC, 400, false).concat as { vconcat: { width: number; layer: unknown[] }[] }[];
  expect(panel?.vconcat.map((part) => part.width)).toEqual([342, 342]);
  expect(panel?.vconcat[0]?.layer).toHaveLength(1);
  const [alone] = narrow(SPEC, 200, true).concat as { width: number; vconcat?: unknown }[];
  expect(alone?.vconcat).toBeUndefined();
  expect(legendOf(SPEC)).toEqual([
    { strategy: "a", color: "#0072B2", shape: "circle" },
    { strategy: "b", color: "#E69F00", shape: "square" },
  ]);
});
