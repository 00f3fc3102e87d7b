// The Quality tab: verdicts and their causes, what checks found, and the price of a row.

import { useEffect, useState } from "preact/hooks";
import { count, DASH, decimal, dollars } from "../format";
import { VERDICTS } from "../protocol";
import { type Quality, QualityQuery, sum } from "../quality";
import { useView } from "./context";
import { Figure } from "./Figure";
import { Mark } from "./Mark";
import { Calibrated, Checked } from "./QualityChecks";
import { Counts, MEASURED, Part, share, Table } from "./QualityParts";

export function QualityPanel({ shown }: { shown: boolean }) {
  const { store } = useView();
  const [query] = useState(() => new QualityQuery(store));
  useEffect(() => () => query.dispose(), [query]);
  useEffect(() => {
    query.shown.value = shown;
  }, [query, shown]);

  const found = query.found.value;
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
      <Counts title="Queries spent on" counts={spent} of={sum(spent)} what="queries" tone="unsure" />
      <Counts
        title="Rejected because"
        counts={quality.rejected_by}
        latest={quality.latest.rejected}
        of={quality.rejected}
        what="rejected rows"
        tone="bad"
      />
      <Counts
        title="Unverified because"
        counts={quality.unverified_by}
        latest={quality.latest.unverified}
        of={quality.unverified}
        what="unverified rows"
        tone="unsure"
      />
      <Counts
        title="No row because"
        counts={quality.rowless_by}
        latest={quality.latest.rowless}
        of={sum(quality.rowless_by)}
        what="units that were paid for and gave no row"
        tone="unsure"
      />
      {Object.entries(quality.checks).flatMap(([check, tables]) =>
        tables.map((table) => <Checked key={`${check} ${table.title}`} table={table} />),
      )}
      {calibration && <Calibrated calibration={calibration} />}
    </div>
  );
}

function Verdicts({ quality }: { quality: Quality }) {
  const all = quality.accepted + quality.rejected + quality.unverified;
  return (
    <Part title="Rows" wide>
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
            <Mark verdict={verdict} word />
            <Figure name={`Rows ${verdict}`} source={MEASURED}>
              <span class="tilth-number">{count(quality[verdict])}</span>
              <span class="tilth-muted tilth-quality-share">{share(quality[verdict], all)}</span>
            </Figure>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Price({ quality }: { quality: Quality }) {
  const spent = sum(quality.queries) + quality.in_doubt;
  const dear =
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
    <Part title="What a row costs">
      <Table of="Row" columns={["queries", "US dollars"]}>
        {rows.map(([kind, n, queries, usd]) => (
          <tr key={kind}>
            <th scope="row">{kind}</th>
            <td>
              <Figure
                name={`Queries for each row ${kind}`}
                source={`measured: ${count(spent)} queries spent, those in doubt with them, for ${count(n)} rows`}
              >
                <span class="tilth-number">{queries === null ? DASH : decimal(queries)}</span>
              </Figure>
            </td>
            <td>
              <Figure name={`Dollars for each row ${kind}`} source={dear}>
                <span class="tilth-number">{usd === null ? DASH : dollars(usd)}</span>
              </Figure>
            </td>
          </tr>
        ))}
      </Table>
    </Part>
  );
}
