// What the Quality tab is made of: a titled part, counts as bars, and small tables.

import type { ComponentChildren } from "preact";
import { count, percent } from "../format";
import { Figure } from "./Figure";

export const MEASURED = "measured: counted in the run's file";

export function Part({
  title,
  wide,
  children,
}: {
  title: string;
  wide?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class={`tilth-quality-part${wide ? " tilth-quality-wide" : ""}`} aria-label={title}>
      <h4 class="tilth-label">{title}</h4>
      {children}
    </section>
  );
}

export type Tone = "good" | "bad" | "unsure";

interface CountsProps {
  title: string;
  counts: Record<string, number>;
  of: number;
  what: string;
  /** The latest reason for some of the entries, to tell with where the figure comes from. */
  latest?: Record<string, string>;
  tone: Tone;
}

export function Counts({ title, counts, of, what, tone, latest = {} }: CountsProps) {
  const entries = Object.entries(counts);
  if (entries.length === 0) return null;
  return (
    <Part title={title}>
      <ul class="tilth-quality-bars">
        {entries.map(([name, n]) => (
          <Bar
            key={name}
            label={name}
            share={of > 0 ? n / of : 0}
            tone={tone}
            source={`${MEASURED}; ${count(n)} of ${count(of)} ${what}${Object.hasOwn(latest, name) ? `; the latest: ${latest[name]}` : ""}`}
          >
            <span class="tilth-number">{count(n)}</span>
            <span class="tilth-muted tilth-quality-share">{share(n, of)}</span>
          </Bar>
        ))}
      </ul>
    </Part>
  );
}

interface BarProps {
  label: string;
  share: number;
  tone: Tone;
  source: string;
  children: ComponentChildren;
}

export function Bar({ label, share, tone, source, children }: BarProps) {
  return (
    <li class="tilth-quality-bar">
      <span class="tilth-quality-name">{label}</span>
      <Figure name={label} source={source}>
        {children}
      </Figure>
      <span class="tilth-quality-track" aria-hidden="true">
        <span
          class={`tilth-quality-fill tilth-quality-${tone}`}
          style={{ width: `${Math.min(1, share) * 100}%` }}
        />
      </span>
    </li>
  );
}

interface TableProps {
  /** What the first column holds, for those who do not see it. */
  of: string;
  columns: readonly string[];
  children: ComponentChildren;
}

/** A table of figures: its rows have a header of their own, then one cell for each column. */
export function Table({ of, columns, children }: TableProps) {
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

/** A part of a whole in per cent, or nothing where there is no whole. */
export const share = (part: number, all: number): string => (all === 0 ? "" : percent(part / all, 0));
