// A share of a whole: its name, its number and a bar.

import type { ComponentChildren } from "preact";
import { SourcedValue } from "../shared/SourcedValue";

export type Tone = "good" | "bad" | "unsure";

interface Props {
  label: string;
  share: number;
  tone: Tone;
  source: string;
  children: ComponentChildren;
}

export function ShareBar({ label, share, tone, source, children }: Props) {
  return (
    <li class="tilth-quality-bar">
      <span class="tilth-quality-name">{label}</span>
      <SourcedValue name={label} source={source}>
        {children}
      </SourcedValue>
      <span class="tilth-quality-track" aria-hidden="true">
        <span
          class={`tilth-quality-fill tilth-quality-${tone}`}
          style={{ width: `${Math.min(1, share) * 100}%` }}
        />
      </span>
    </li>
  );
}
