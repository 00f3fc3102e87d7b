// The Quality tab: verdicts and their reasons, what checks found, and the price of an accepted row.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { count, DASH, decimal, dollars } from "../format";
import { type Calibration, meanScore, type Quality, type QualityReply, type Rate, sum } from "../quality";
import { useView } from "./context";
import { Figure } from "./Figure";
import { Mark } from "./Mark";

const EVERY_MS = 1_000;
const MEASURED = "measured: counted in the run's file";

export function QualityPanel({ shown }: { shown: boolean }) {
  const found = useQuality(shown);
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
  return (
    <div class="tilth-quality">
      <Verdicts quality={quality} />
      <Price quality={quality} />
      <Counts
        title="Rejected because"
        counts={quality.rejected_by}
        of={quality.rejected}
        what="rejected rows"
        tone="bad"
      />
      <Counts
        title="Unverified because"
        counts={quality.unverified_by}
        of={quality.unverified}
        what="unverified rows"
        tone="unsure"
      />
      <Counts
        title="No row because"
        counts={quality.rowless_by}
        of={sum(quality.rowless_by)}
        what="units that were paid for and gave no row"
        tone="unsure"
      />
      {quality.agreement && (
        <Counts
          title="Agreement"
          counts={quality.agreement.by_share}
          of={quality.agreement.questions}
          what="questions that were put to a vote"
          tone="good"
        />
      )}
      <Scores scores={quality.scores} />
      {calibration && <Calibrated calibration={calibration} />}
    </div>
  );
}

/** Asks while the tab is looked at, once a second at most, and whenever the run has moved. */
function useQuality(shown: boolean): QualityReply | { problem: string } | null {
  const { store } = useView();
  const [found, setFound] = useState<QualityReply | { problem: string } | null>(null);
  const asked = useRef(0);
  const { state, last, queries, path } = store.traits.status.value;
  useEffect(() => {
    if (!shown || state === "idle") return;
    let current = true;
    const wait = Math.max(0, asked.current + EVERY_MS - Date.now());
    const timer = setTimeout(() => {
      asked.current = Date.now();
      store.ask("quality", {}).then(
        (reply) => current && setFound(reply.content),
        (error: Error) => current && setFound({ problem: error.message }),
      );
    }, wait);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [shown, state, last, queries, path]);
  return found;
}

function Part({ title, wide, children }: { title: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <section class={`tilth-quality-part${wide ? " tilth-quality-wide" : ""}`} aria-label={title}>
      <h4 class="tilth-label">{title}</h4>
      {children}
    </section>
  );
}

function Verdicts({ quality }: { quality: Quality }) {
  const all = quality.accepted + quality.rejected + quality.unverified;
  return (
    <Part title="Rows" wide>
      <div class="tilth-quality-strip" aria-hidden="true">
        {(["accepted", "unverified", "rejected"] as const).map((verdict) => (
          <span
            key={verdict}
            class={`tilth-quality-fill tilth-quality-${verdict}`}
            style={{ flexGrow: quality[verdict] }}
          />
        ))}
      </div>
      <ul class="tilth-quality-legend">
        {(["accepted", "unverified", "rejected"] as const).map((verdict) => (
          <li key={verdict}>
            <Mark verdict={verdict} word />
            <Figure name={`Rows ${verdict}`} source={MEASURED}>
              <span class="tilth-number">{count(quality[verdict])}</span>
              <span class="tilth-muted tilth-quality-share">{percent(quality[verdict], all)}</span>
            </Figure>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Price({ quality }: { quality: Quality }) {
  const judged = quality.queries.judge ?? 0;
  const spent = sum(quality.queries);
  return (
    <Part title="An accepted row costs" wide>
      <ul class="tilth-quality-legend">
        <li>
          <Figure
            name="Queries for each accepted row"
            source={`measured: ${count(spent)} queries spent${judged > 0 ? `, ${count(judged)} of them by the judge` : ""}, for ${count(quality.accepted)} accepted rows; those in doubt count`}
          >
            <span class="tilth-number tilth-quality-big">
              {quality.queries_per_accepted === null ? DASH : decimal(quality.queries_per_accepted)}
            </span>
            <span class="tilth-muted"> queries</span>
          </Figure>
        </li>
        <li>
          <Figure
            name="Dollars for each accepted row"
            source={
              quality.usd === null
                ? "unknown: a model's price is not known"
                : `measured: ${dollars(quality.usd)} spent, by the usage that the endpoint reported`
            }
          >
            <span class="tilth-number tilth-quality-big">
              {quality.usd_per_accepted === null ? DASH : dollars(quality.usd_per_accepted)}
            </span>
            <span class="tilth-muted"> US dollars</span>
          </Figure>
        </li>
      </ul>
    </Part>
  );
}

interface CountsProps {
  title: string;
  counts: Record<string, number>;
  of: number;
  what: string;
  tone: "good" | "bad" | "unsure";
}

function Counts({ title, counts, of, what, tone }: CountsProps) {
  const entries = Object.entries(counts);
  if (entries.length === 0) return null;
  return (
    <Part title={title}>
      <ul class="tilth-quality-bars">
        {entries.map(([name, n]) => (
          <Bar
            key={name}
            label={name}
            share={of > 0 ? n / of : 0}
            tone={tone}
            source={`${MEASURED}; ${count(n)} of ${count(of)} ${what}`}
          >
            <span class="tilth-number">{count(n)}</span>
            <span class="tilth-muted tilth-quality-share">{percent(n, of)}</span>
          </Bar>
        ))}
      </ul>
    </Part>
  );
}

function Scores({ scores }: { scores: Quality["scores"] }) {
  const criteria = Object.entries(scores);
  if (criteria.length === 0) return null;
  return (
    <Part title="The judge's scores">
      <ul class="tilth-quality-bars">
        {criteria.map(([criterion, counts]) => {
          const mean = meanScore(counts);
          const spread = counts.map((n, i) => `${i + 1}: ${count(n)}`).join(", ");
          return (
            <Bar
              key={criterion}
              label={criterion}
              share={mean === null ? 0 : (mean - 1) / 4}
              tone="good"
              source={`measured: mean of the judge's scores from 1 to 5, a model's opinion; rows by score ${spread}`}
            >
              <span class="tilth-number">{mean === null ? DASH : decimal(mean)}</span>
              <span class="tilth-muted"> of 5</span>
            </Bar>
          );
        })}
      </ul>
    </Part>
  );
}

function Calibrated({ calibration }: { calibration: Calibration }) {
  const source = `measured: on ${count(calibration.rows)} good responses and the same with a known error; interval of 95 % (Wilson)`;
  const rates: [string, Rate, CountsProps["tone"]][] = [
    ["sees known errors", calibration.hit, "good"],
    ["rejects good responses", calibration.false_alarm, "bad"],
    ...calibration.by_error.map((each): [string, Rate, CountsProps["tone"]] => [each.error, each, "good"]),
  ];
  return (
    <Part title={`Calibration of ${calibration.judge}`}>
      <ul class="tilth-quality-bars">
        {rates.map(([label, rate, tone]) => (
          <Bar key={label} label={label} share={rate.rate ?? 0} tone={tone} source={source}>
            <span class="tilth-number">{rate.rate === null ? DASH : percent(rate.rate, 1)}</span>
            <span class="tilth-muted">
              {rate.low !== null && rate.high !== null
                ? ` ${percent(rate.low, 1)} to ${percent(rate.high, 1)}`
                : ""}
            </span>
          </Bar>
        ))}
      </ul>
    </Part>
  );
}

interface BarProps {
  label: string;
  share: number;
  tone: CountsProps["tone"];
  source: string;
  children: ComponentChildren;
}

function Bar({ label, share, tone, source, children }: BarProps) {
  return (
    <li class="tilth-quality-bar">
      <span class="tilth-quality-name">{label}</span>
      <Figure name={label} source={source}>
        {children}
      </Figure>
      <span class="tilth-quality-track" aria-hidden="true">
        <span
          class={`tilth-quality-fill tilth-quality-${tone}`}
          style={{ width: `${Math.min(1, share) * 100}%` }}
        />
      </span>
    </li>
  );
}

const percent = (part: number, all: number): string =>
  all === 0 ? "" : `${Math.round((100 * part) / all)} %`;
