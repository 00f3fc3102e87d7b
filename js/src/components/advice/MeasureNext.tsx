// What would change the advice: the cells worth measuring next with what they cost, or why there is none.

import { count, decimal, dollars, signedPoints } from "../../format";
import type { Advice } from "../../wire/advice";
import { AdviceFold } from "./AdviceFold";

export function MeasureNext({ advice: { next, next_note } }: { advice: Advice }) {
  return (
    <AdviceFold head="what would tell more">
      {next.map(({ arm, ratio, queries, usd, points }) => (
        <p key={arm}>
          {arm} at ratio {decimal(ratio)}: {count(queries)} more queries
          {usd === null ? "" : `, ${dollars(usd)}`}, expected to add{" "}
          <span class="tilth-number">{signedPoints(points)}</span> points
        </p>
      ))}
      {next_note && <p>{next_note}</p>}
    </AdviceFold>
  );
}
