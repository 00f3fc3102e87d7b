// A table of what a check found, as the check itself shows it.

import { count, DASH, decimal, percent } from "../../format";
import type * as wire from "../../wire/quality";
import { SourcedValue } from "../shared/SourcedValue";
import { NumberTable } from "./NumberTable";
import { Section } from "./Section";
import { COUNTED } from "./shares";

const FORMATS = { count, share: (part: number) => percent(part, 0), number: decimal };
const HIGHEST = 22; // pixels

/** Where a row counts in several columns, the heights of their bars compare the counts. */
export function CheckTable({ table }: { table: wire.CheckTable }) {
  const { title, columns, rows, about } = table;
  const source = about ? `${COUNTED}; ${about}` : COUNTED;
  const comparing = columns.filter(({ kind }) => kind === "count").length > 1;
  return (
    <Section title={title}>
      <NumberTable of={title} columns={columns.map(({ name }) => name)}>
        {rows.map(({ name, values }) => {
          const counts = columns.map(({ kind }, i) => (kind === "count" ? (values[i] ?? 0) : 0));
          const most = Math.max(1, ...counts);
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              {columns.map((column, i) => {
                const value = values[i] ?? null;
                return (
                  <td key={column.name}>
                    {comparing && column.kind === "count" && value !== null && (
                      <span
                        class="tilth-quality-column tilth-quality-fill tilth-quality-good"
                        style={{ height: `${(HIGHEST * value) / most}px` }}
                        aria-hidden="true"
                      />
                    )}
                    <SourcedValue name={`${name}: ${column.name}`} source={source}>
                      <span class="tilth-number">{value === null ? DASH : FORMATS[column.kind](value)}</span>
                    </SourcedValue>
                  </td>
                );
              })}
            </tr>
          );
        })}
      </NumberTable>
    </Section>
  );
}
