// How well a judge sees known errors, and how often it rejects good responses.

import { count, DASH, percent } from "../../format";
import type { Calibration, Proportion } from "../../wire/quality";
import { Section } from "./Section";
import { ShareBar, type Tone } from "./ShareBar";

export function JudgeCalibration({ calibration }: { calibration: Calibration }) {
  const source = `measured: on ${count(calibration.rows)} good responses and the same with a known error; interval of 95% (Wilson)`;
  const proportions: [string, Proportion, Tone][] = [
    ["sees known errors", calibration.hit, "good"],
    ["rejects good responses", calibration.false_alarm, "bad"],
    ...calibration.by_error.map((each): [string, Proportion, Tone] => [each.error, each, "good"]),
  ];
  return (
    <Section title={`Calibration of ${calibration.judge}`}>
      <ul class="tilth-quality-bars">
        {proportions.map(([label, { rate, low, high }, tone]) => (
          <ShareBar key={label} label={label} share={rate ?? 0} tone={tone} source={source}>
            <span class="tilth-number">{rate === null ? DASH : percent(rate, 0)}</span>
            <span class="tilth-muted">
              {low !== null && high !== null ? ` ${percent(low, 0)} to ${percent(high, 0)}` : ""}
            </span>
          </ShareBar>
        ))}
      </ul>
    </Section>
  );
}
