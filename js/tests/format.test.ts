import { expect, test } from "vitest";
import {
  bytes,
  clock,
  dollars,
  dollarsTyped,
  parseDollars,
  parseNumbers,
  parseWhole,
  roughly,
} from "../src/format";

test.each([
  ["2,000", 2000],
  [" 300 ", 300],
  ["1_000", 1000],
  ["1 000 000", 1_000_000],
  ["12'000", 12_000],
])("%j is the whole number %d", (typed, amount) => {
  expect(parseWhole(typed)).toBe(amount);
});

test.each([
  "",
  "many",
  "-5",
  "1e9",
  "3O0",
  "1,50",
  "2.000",
  "1,2,3",
  "1,000 000",
  "9".repeat(20),
  "0x10",
  "$5",
])("%j is no whole number", (typed) => {
  expect(parseWhole(typed)).toBeNull();
});

test.each([
  ["1.50", 1.5],
  ["$1.50", 1.5],
  ["$ .5", 0.5],
  ["20$", 20],
  ["5 $", 5],
  ["US$20", 20],
  ["20 USD", 20],
  ["20 dollars", 20],
  ["1,50", 1.5],
  ["0,5", 0.5],
  ["1,500", 1500],
  ["1,500.50", 1500.5],
  ["1.500,50", 1500.5],
])("%j are %d dollars", (typed, amount) => {
  expect(parseDollars(typed)).toBe(amount);
});

test.each(["", "$", "$$5", "-5", "€20", "1e9", "1.2.3", "1,50,0", "1,5000", "5.", "NaN", "Infinity", "2O"])(
  "%j are no dollars",
  (typed) => {
    expect(parseDollars(typed)).toBeNull();
  },
);

test.each([0.0005, 1.5, 20, 1500.5])("%d dollars are read again as the field shows them", (dollars) => {
  expect(parseDollars(dollarsTyped(dollars))).toBe(dollars);
});

test("small sums of money keep the digits that matter", () => {
  expect([0, 12.5, 0.51, 0.0842, 0.00047].map(dollars)).toEqual([
    "$0.00",
    "$12.50",
    "$0.51",
    "$0.0842",
    "$0.00047",
  ]);
});

test("times and sizes", () => {
  expect([0, 252, 3852].map(clock)).toEqual(["0:00", "4:12", "1:04:12"]);
  expect([0.4, 40, 240, 9000].map(roughly)).toEqual(["< 1 s", "40 s", "4 min", "2.5 h"]);
  expect([12, 214_300, 5_000_000].map(bytes)).toEqual(["12 B", "214.3 kB", "5 MB"]);
});

test.each([
  ["25, 100", true, [25, 100]],
  ["1 2;4", false, [1, 2, 4]],
  ["0.5", false, [0.5]],
  ["0.5", true, null],
  ["0", false, null],
  ["-1", false, null],
  ["", true, null],
  ["1e3", false, null],
] as const)("reads %j as numbers", (typed, whole, numbers) => {
  expect(parseNumbers(typed, whole)).toEqual(numbers);
});
