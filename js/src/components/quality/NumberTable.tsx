// A small table of numbers.

import type { ComponentChildren } from "preact";

interface Props {
  /** What the first column holds, for those who do not see it. */
  of: string;
  columns: readonly string[];
  children: ComponentChildren;
}

/** Its rows have a header of their own, then one cell for each column. */
export function NumberTable({ of, columns, children }: Props) {
  return (
    <table class="tilth-quality-table">
      <thead>
        <tr>
          <th scope="col">
            <span class="tilth-hidden">{of}</span>
          </th>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
