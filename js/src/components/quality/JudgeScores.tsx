// The scores that a judge gave, by criterion.

import { count, DASH, decimal } from "../../format";
import type { Quality } from "../../wire/types";
import { SourcedValue } from "../shared/SourcedValue";
import { NumberTable } from "./NumberTable";
import { Section } from "./Section";
import { COUNTED } from "./shares";

export function JudgeScores({ judge }: { judge: NonNullable<Quality["judge"]> }) {
  const { rows, malformed, scores, means } = judge;
  return (
    <Section title="The judge's scores">
      <NumberTable of="Criterion" columns={["1", "2", "3", "4", "5", "mean"]}>
        {Object.entries(scores).map(([criterion, counts]) => {
          const most = Math.max(1, ...counts);
          const mean = means[criterion];
          return (
            <tr key={criterion}>
              <th scope="row">{criterion}</th>
              {counts.map((n, i) => (
                <td key={i}>
                  <span
                    class="tilth-quality-column tilth-quality-fill tilth-quality-good"
                    style={{ height: `${(22 * n) / most}px` }}
                    aria-hidden="true"
                  />
                  <SourcedValue name={`Rows with ${i + 1} of 5 for ${criterion}`} source={COUNTED}>
                    <span class="tilth-number">{count(n)}</span>
                  </SourcedValue>
                </td>
              ))}
              <td>
                <SourcedValue
                  name={`Mean score for ${criterion}`}
                  source="measured: from 1 to 5, over the rows that were judged; a model's opinion"
                >
                  <span class="tilth-number">{mean === undefined ? DASH : decimal(mean)}</span>
                </SourcedValue>
              </td>
            </tr>
          );
        })}
      </NumberTable>
      <p class="tilth-quality-note">
        <SourcedValue name="Rows judged" source={COUNTED}>
          <span class="tilth-number">{count(rows)}</span> judged
        </SourcedValue>
        {malformed > 0 && (
          <SourcedValue
            name="Judgements that could not be used"
            source={`${COUNTED}; malformed again after a correction`}
          >
            <span class="tilth-number">{count(malformed)}</span> malformed
          </SourcedValue>
        )}
      </p>
    </Section>
  );
}
