// What checks found that asked about a row once more.

import { count } from "../../format";
import type { Quality } from "../../wire/types";
import { SourcedValue } from "../shared/SourcedValue";
import { NumberTable } from "./NumberTable";
import { Section } from "./Section";
import { COUNTED } from "./shares";

const TITLES: Record<string, string> = { "re-solve": "Solved again", answerable: "Answerable" };

export function SecondAskings({ asked }: { asked: Quality["asked"] }) {
  const checks = Object.entries(asked);
  if (checks.length === 0) return null;
  return (
    <Section title="Asked once more">
      <NumberTable of="Check" columns={["rows", "failed", "unreadable"]}>
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
                  <SourcedValue name={`${title}, ${what}`} source={COUNTED}>
                    <span class="tilth-number">{count(n)}</span>
                  </SourcedValue>
                </td>
              ))}
            </tr>
          );
        })}
      </NumberTable>
    </Section>
  );
}
