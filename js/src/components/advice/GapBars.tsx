// How far the other arms lie from the advised one: each a mark with its interval, on one scale.

import { count, dollars, percent, signedPoints } from "../../format";
import type { Advice, AdvisedArm } from "../../wire/advice";
import { SourcedValue } from "../shared/SourcedValue";

function sourceOf(arm: AdvisedArm): string {
  const odds = arm.p_best === null ? "" : `; the best of all with ${percent(arm.p_best, 0)}`;
  const price = arm.usd === null ? "" : `, ${dollars(arm.usd)}`;
  return (
    `${signedPoints(arm.gap_low)} to ${signedPoints(arm.gap_high)} points, 90%${odds}; it reaches ` +
    `${percent(arm.mean, 0)} (${percent(arm.low, 0)} to ${percent(arm.high, 0)}) at ` +
    `${count(arm.queries)} queries${price}; forecast`
  );
}

export function GapBars({ advice }: { advice: Advice }) {
  const others = advice.arms.filter(({ advised }) => !advised);
  if (others.length === 0) return null;
  const least = Math.min(0, ...others.map(({ gap_low }) => gap_low));
  const most = Math.max(0, ...others.map(({ gap_high }) => gap_high));
  const place = (gap: number) => `${(100 * (gap - least)) / (most - least || 1)}%`;
  const left = advice.all_arms - advice.arms.length;
  return (
    <div class="tilth-gaps">
      <h4 class="tilth-muted tilth-gaps-title">against it, in points</h4>
      <ul>
        {others.map((arm) => (
          <li key={arm.arm} class="tilth-gap">
            <span class="tilth-cut" title={arm.arm}>
              {arm.arm}
            </span>
            <span class="tilth-gap-track" aria-hidden="true">
              <span class="tilth-gap-zero" style={{ insetInlineStart: place(0) }} />
              <span
                class="tilth-gap-interval"
                style={{
                  insetInlineStart: place(arm.gap_low),
                  insetInlineEnd: `calc(100% - ${place(arm.gap_high)})`,
                }}
              />
              <span class="tilth-gap-mark" style={{ insetInlineStart: place(arm.gap) }} />
            </span>
            <SourcedValue name={arm.arm} source={sourceOf(arm)}>
              <span class="tilth-number">{signedPoints(arm.gap)}</span>
            </SourcedValue>
          </li>
        ))}
      </ul>
      {left > 0 && <p class="tilth-muted">and {count(left)} more, by their means</p>}
    </div>
  );
}
