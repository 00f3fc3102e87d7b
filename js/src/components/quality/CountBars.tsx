// Counts by name, each as a bar of its share.

import { count } from "../../format";
import { Section } from "./Section";
import { ShareBar, type Tone } from "./ShareBar";
import { COUNTED, shareText } from "./shares";

interface Props {
  title: string;
  counts: Record<string, number>;
  of: number;
  what: string;
  /** The latest reason for some of the entries, told with where the number comes from. */
  latest?: Record<string, string>;
  tone: Tone;
}

export function CountBars({ title, counts, of, what, tone, latest = {} }: Props) {
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
            tone={tone}
            source={`${COUNTED}; ${count(n)} of ${count(of)} ${what}${Object.hasOwn(latest, name) ? `; the latest: ${latest[name]}` : ""}`}
          >
            <span class="tilth-number">{count(n)}</span>
            <span class="tilth-muted tilth-quality-share">{shareText(n, of)}</span>
          </ShareBar>
        ))}
      </ul>
    </Section>
  );
}
