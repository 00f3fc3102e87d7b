// What checks found, as they themselves show it, and how far a judge can be trusted.

import { count, DASH, decimal, percent } from "../format";
import type { Calibration, CheckTable, Rate } from "../quality";
import { Figure } from "./Figure";
import { Bar, MEASURED, Part, Table, type Tone } from "./QualityParts";

const FORMATS = { count, share: (part: number) => percent(part, 0), number: decimal };

/** A table of any check. Where a row counts in several columns, their heights compare the counts. */
export function Checked({ table }: { table: CheckTable }) {
  const { title, columns, rows, about } = table;
  const counting = columns.filter(({ kind }) => kind === "count").length > 1;
  return (
    <Part title={title}>
      <Table of={title} columns={columns.map(({ name }) => name)}>
        {rows.map(({ name, values }) => {
          const most = Math.max(
            1,
            ...columns.map(({ kind }, i) => (kind === "count" ? (values[i] ?? 0) : 0)),
          );
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              {columns.map((column, i) => {
                const value = values[i] ?? null;
                const bar = counting && column.kind === "count" && value !== null;
                return (
                  <td key={column.name} class={bar ? "tilth-quality-score" : undefined}>
                    {bar && (
                      <span
                        class="tilth-quality-column tilth-quality-fill tilth-quality-good"
                        style={{ height: `${(22 * value) / most}px` }}
                        aria-hidden="true"
                      />
                    )}
                    <Figure
                      name={`${name}: ${column.name}`}
                      source={about ? `${MEASURED}; ${about}` : MEASURED}
                    >
                      <span class="tilth-number">{value === null ? DASH : FORMATS[column.kind](value)}</span>
                    </Figure>
                  </td>
                );
              })}
            </tr>
          );
        })}
      </Table>
    </Part>
  );
}

export function Calibrated({ calibration }: { calibration: Calibration }) {
  const source = `measured: on ${count(calibration.rows)} good responses and the same with a known error; interval of 95% (Wilson)`;
  const rates: [string, Rate, Tone][] = [
    ["sees known errors", calibration.hit, "good"],
    ["rejects good responses", calibration.false_alarm, "bad"],
    ...calibration.by_error.map((each): [string, Rate, Tone] => [each.error, each, "good"]),
  ];
  return (
    <Part title={`Calibration of ${calibration.judge}`}>
      <ul class="tilth-quality-bars">
        {rates.map(([label, rate, tone]) => (
          <Bar key={label} label={label} share={rate.rate ?? 0} tone={tone} source={source}>
            <span class="tilth-number">{rate.rate === null ? DASH : percent(rate.rate, 0)}</span>
            <span class="tilth-muted">
              {rate.low !== null && rate.high !== null
                ? ` ${percent(rate.low, 0)} to ${percent(rate.high, 0)}`
                : ""}
            </span>
          </Bar>
        ))}
      </ul>
    </Part>
  );
}
