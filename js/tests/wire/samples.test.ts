import { columnFromArray, tableFromColumns, tableToIPC, utf8 } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { decodeSamples } from "../../src/wire/samples";
import { encode, sample } from "../support/host";

test("samples come back from Arrow as they were sent, nulls and hostile text included", () => {
  const rows = [
    sample(1, {
      question: '<img src=x onerror="alert(1)">\n\u202e',
      answer: null,
      verdict: "rejected",
      reason: "no final answer",
    }),
    sample(2, { reference: "18", verdict: "unverified" }),
  ];
  expect(decodeSamples(encode(rows))).toEqual(rows);
});

test("no buffer is no samples", () => {
  expect(decodeSamples(undefined)).toEqual([]);
});

test("a verdict nobody knows is shown as unverified, never as accepted", () => {
  const [row] = decodeSamples(encode([sample(1, { verdict: "fine" as never })]));
  expect(row?.verdict).toBe("unverified");
});

test("a stream without row_id is refused by name", () => {
  const table = tableFromColumns({ arrival: columnFromArray(["1"], utf8()) });
  const bytes = tableToIPC(table, { format: "stream" }) as Uint8Array;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(() => decodeSamples(view)).toThrow('the column "row_id"');
});
