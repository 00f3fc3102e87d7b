// What checks that ask found, as the Quality tab shows it: votes, a judge's scores, second askings.

import { count, DASH, decimal, percent } from "../../format";
import type { Calibration, Quality, Rate } from "../../state/qualityReport";
import { Figure } from "../shared/SourcedValue";
import { Bar, Counts, MEASURED, Part, Table, type Tone } from "./QualityParts";

const TITLES: Record<string, string> = { "re-solve": "Solved again", answerable: "Answerable" };

export function Agreement({ agreement }: { agreement: NonNullable<Quality["agreement"]> }) {
  const { questions, by_share, mean_share } = agreement;
  return (
    <Counts
      title="Agreement"
      counts={by_share}
      of={questions}
      what="questions that were put to a vote"
      tone="good"
      bad="no majority"
    >
      <p class="tilth-quality-note">
        <Figure
          name="Mean share of a question's answers that agree"
          source={`measured: over ${count(questions)} questions that were put to a vote; a mistake that a model makes each time agrees with itself`}
        >
          mean share <span class="tilth-number">{percent(mean_share, 0)}</span>
        </Figure>
      </p>
    </Counts>
  );
}

export function Judgement({ judge }: { judge: NonNullable<Quality["judge"]> }) {
  const { rows, malformed, scores, means } = judge;
  return (
    <Part title="The judge's scores">
      <Table of="Criterion" columns={["1", "2", "3", "4", "5", "mean"]}>
        {Object.entries(scores).map(([criterion, counts]) => {
          const most = Math.max(1, ...counts);
          const mean = means[criterion];
          return (
            <tr key={criterion}>
              <th scope="row">{criterion}</th>
              {counts.map((n, i) => (
                <td key={i} class="tilth-quality-score">
                  <span
                    class="tilth-quality-column tilth-quality-fill tilth-quality-good"
                    style={{ height: `${(22 * n) / most}px` }}
                    aria-hidden="true"
                  />
                  <Figure name={`Rows with ${i + 1} of 5 for ${criterion}`} source={MEASURED}>
                    <span class="tilth-number">{count(n)}</span>
                  </Figure>
                </td>
              ))}
              <td>
                <Figure
                  name={`Mean score for ${criterion}`}
                  source="measured: from 1 to 5, over the rows that were judged; a model's opinion"
                >
                  <span class="tilth-number">{mean === undefined ? DASH : decimal(mean)}</span>
                </Figure>
              </td>
            </tr>
          );
        })}
      </Table>
      <p class="tilth-quality-note">
        <Figure name="Rows judged" source={MEASURED}>
          <span class="tilth-number">{count(rows)}</span> judged
        </Figure>
        {malformed > 0 && (
          <Figure
            name="Judgements that could not be used"
            source={`${MEASURED}; malformed again after a correction`}
          >
            <span class="tilth-number">{count(malformed)}</span> malformed
          </Figure>
        )}
      </p>
    </Part>
  );
}

export function SecondAskings({ asked }: { asked: Quality["asked"] }) {
  const checks = Object.entries(asked);
  if (checks.length === 0) return null;
  return (
    <Part title="Asked once more">
      <Table of="Check" columns={["rows", "failed", "unreadable"]}>
        {checks.map(([check, { rows, failed, unread }]) => {
          const title = TITLES[check] ?? check;
          return (
            <tr key={check}>
              <th scope="row">{title}</th>
              {(
                [
                  ["rows asked about", rows],
                  ["rows that did not pass", failed],
                  ["replies that could not be read", unread],
                ] as const
              ).map(([what, n]) => (
                <td key={what}>
                  <Figure name={`${title}, ${what}`} source={MEASURED}>
                    <span class="tilth-number">{count(n)}</span>
                  </Figure>
                </td>
              ))}
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
