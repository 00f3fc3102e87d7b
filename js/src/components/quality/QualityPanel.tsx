// The Quality tab: verdicts and their causes, what checks found, and the price of a row.

import { useEffect, useState } from "preact/hooks";
import { count, DASH, decimal, dollars } from "../../format";
import { QualityReport } from "../../state/qualityReport";
import type { Quality } from "../../wire/quality";
import { VERDICTS } from "../../wire/types";
import { SourcedValue } from "../shared/SourcedValue";
import { VerdictMark } from "../shared/VerdictMark";
import { useView } from "../shared/viewContext";
import { CheckTable } from "./CheckTable";
import { CountBars } from "./CountBars";
import { JudgeCalibration } from "./JudgeCalibration";
import { NumberTable } from "./NumberTable";
import { Section } from "./Section";
import { COUNTED, shareText } from "./shares";

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, each) => total + each, 0);

export function QualityPanel({ shown }: { shown: boolean }) {
  const { store } = useView();
  const [report] = useState(() => new QualityReport(store));
  useEffect(() => () => report.dispose(), [report]);
  useEffect(() => {
    report.shown.value = shown;
  }, [report, shown]);

  const found = report.found.value;
  if (found === null) {
    return (
      <p class="tilth-quality tilth-muted">What the rows are worth is shown here once there are some.</p>
    );
  }
  if ("problem" in found) {
    return (
      <p class="tilth-quality tilth-problem" role="alert">
        {found.problem}
      </p>
    );
  }
  const { quality, calibration } = found;
  const inDoubt: Record<string, number> = quality.in_doubt > 0 ? { "in doubt": quality.in_doubt } : {};
  const spent = { ...quality.queries, ...inDoubt };
  return (
    <div class="tilth-quality">
      <Verdicts quality={quality} />
      <Price quality={quality} />
      <CountBars title="Queries spent on" counts={spent} of={sum(spent)} what="queries" tone="unsure" />
      <CountBars
        title="Rejected because"
        counts={quality.rejected_by}
        latest={quality.latest.rejected}
        of={quality.rejected}
        what="rejected rows"
        tone="bad"
      />
      <CountBars
        title="Unverified because"
        counts={quality.unverified_by}
        latest={quality.latest.unverified}
        of={quality.unverified}
        what="unverified rows"
        tone="unsure"
      />
      <CountBars
        title="No row because"
        counts={quality.rowless_by}
        latest={quality.latest.rowless}
        of={sum(quality.rowless_by)}
        what="units that were paid for and gave no row"
        tone="unsure"
      />
      {Object.entries(quality.checks).flatMap(([check, tables]) =>
        tables.map((table) => <CheckTable key={`${check} ${table.title}`} table={table} />),
      )}
      {calibration && <JudgeCalibration calibration={calibration} />}
    </div>
  );
}

function Verdicts({ quality }: { quality: Quality }) {
  const all = quality.accepted + quality.rejected + quality.unverified;
  return (
    <Section title="Rows" wide>
      <div class="tilth-quality-strip" aria-hidden="true">
        {VERDICTS.map((verdict) => (
          <span
            key={verdict}
            class={`tilth-quality-fill tilth-quality-${verdict}`}
            style={{ flexGrow: quality[verdict] }}
          />
        ))}
      </div>
      <ul class="tilth-quality-legend">
        {VERDICTS.map((verdict) => (
          <li key={verdict}>
            <VerdictMark verdict={verdict} word />
            <SourcedValue name={`Rows ${verdict}`} source={COUNTED}>
              <span class="tilth-number">{count(quality[verdict])}</span>
              <span class="tilth-muted tilth-quality-share">{shareText(quality[verdict], all)}</span>
            </SourcedValue>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Price({ quality }: { quality: Quality }) {
  const spent = sum(quality.queries) + quality.in_doubt;
  const dollarSource =
    quality.usd === null
      ? "unknown: a model's price is not known"
      : `measured: ${dollars(quality.usd)} spent, by the usage that the endpoint reported`;
  const rows = [
    ["accepted", quality.accepted, quality.queries_per_accepted, quality.usd_per_accepted],
    [
      "accepted or unverified",
      quality.accepted + quality.unverified,
      quality.queries_per_kept,
      quality.usd_per_kept,
    ],
  ] as const;
  return (
    <Section title="What a row costs">
      <NumberTable of="Row" columns={["queries", "US dollars"]}>
        {rows.map(([kind, n, queries, usd]) => (
          <tr key={kind}>
            <th scope="row">{kind}</th>
            <td>
              <SourcedValue
                name={`Queries for each row ${kind}`}
                source={`measured: ${count(spent)} queries spent, those in doubt with them, for ${count(n)} rows`}
              >
                <span class="tilth-number">{queries === null ? DASH : decimal(queries)}</span>
              </SourcedValue>
            </td>
            <td>
              <SourcedValue name={`Dollars for each row ${kind}`} source={dollarSource}>
                <span class="tilth-number">{usd === null ? DASH : dollars(usd)}</span>
              </SourcedValue>
            </td>
          </tr>
        ))}
      </NumberTable>
    </Section>
  );
}
