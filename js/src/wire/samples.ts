// Samples out of the Arrow stream in which Python sends them; a column that is missing is told by name.

import { tableFromIPC } from "@uwdata/flechette";
import { type Sample, VERDICTS } from "./types";

const text = (value: unknown): string => (value == null ? "" : String(value));
const maybeText = (value: unknown): string | null => (value == null ? null : String(value));
const maybeNumber = (value: unknown): number | null => (value == null ? null : Number(value));

/** Samples from an Arrow IPC stream. Throws where `arrival` or `row_id` is missing. */
export function decodeSamples(buffer: DataView | undefined): Sample[] {
  if (!buffer || buffer.byteLength === 0) return [];
  // Hosts may hand over a view into a larger buffer, so offset and length matter.
  const table = tableFromIPC(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
  const column = (name: string): ArrayLike<unknown> => table.getChild(name)?.toArray() ?? [];
  const required = (name: string): ArrayLike<unknown> => {
    if (!table.names.includes(name)) throw new Error(`samples came without the column "${name}"`);
    return column(name);
  };
  const arrival = required("arrival");
  const rowId = required("row_id");
  const unit = column("unit");
  const question = column("question");
  const answer = column("answer");
  const verdict = column("verdict");
  const reason = column("reason");
  const strategy = column("strategy");
  const seedId = column("seed_id");
  const reference = column("reference");
  const queries = column("queries");
  const seconds = column("seconds");
  return Array.from({ length: table.numRows }, (_, i) => ({
    arrival: Number(arrival[i]),
    rowId: text(rowId[i]),
    unit: Number(unit[i] ?? 0),
    question: text(question[i]),
    answer: maybeText(answer[i]),
    verdict: VERDICTS.find((known) => known === verdict[i]) ?? "unverified",
    reason: maybeText(reason[i]),
    strategy: text(strategy[i]),
    seedId: text(seedId[i]),
    reference: maybeText(reference[i]),
    queries: maybeNumber(queries[i]),
    seconds: maybeNumber(seconds[i]),
  }));
}
