// Counts by name, each as a bar of its share.

import type { ComponentChildren } from "preact";
import { count } from "../../format";
import { Section } from "./Section";
import { ShareBar, type Tone } from "./ShareBar";
import { COUNTED, shareText } from "./shares";

interface Props {
  title: string;
  counts: Record<string, number>;
  of: number;
  what: string;
  /** The entry that tells of something bad, whatever the others do. */
  bad?: string;
  /** What stands below the bars. */
  children?: ComponentChildren;
  tone: Tone;
}

export function CountBars({ title, counts, of, what, tone, bad, children }: Props) {
  const entries = Object.entries(counts);
  if (entries.length === 0) return null;
  return (
    <Section title={title}>
      <ul class="tilth-quality-bars">
        {entries.map(([name, n]) => (
          <ShareBar
            key={name}
            label={name}
            share={of > 0 ? n / of : 0}
            tone={name === bad ? "bad" : tone}
            source={`${COUNTED}; ${count(n)} of ${count(of)} ${what}`}
          >
            <span class="tilth-number">{count(n)}</span>
            <span class="tilth-muted tilth-quality-share">{shareText(n, of)}</span>
          </ShareBar>
        ))}
      </ul>
      {children}
    </Section>
  );
}
