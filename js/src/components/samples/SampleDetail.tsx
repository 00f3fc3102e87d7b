// An opened row: the seed beside it, its verdict, what it cost, and every prompt and reply behind it.

import { useEffect, useState } from "preact/hooks";
import { count, dollars } from "../../format";
import type { RowDetail, Sample } from "../../wire/types";
import { DetailPanel } from "../shared/DetailPanel";
import { SourcedValue } from "../shared/SourcedValue";
import { VerdictMark } from "../shared/VerdictMark";
import { useView } from "../shared/viewContext";
import { ExchangeDetail } from "./ExchangeDetail";

type Span = readonly [start: number, end: number];

export function SampleDetail({ row, close }: { row: Sample; close(): void }) {
  const { store } = useView();
  const [detail, setDetail] = useState<RowDetail | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    let gone = false;
    store.open(row.rowId).then(
      (answer) => gone || setDetail(answer),
      (error: Error) => gone || setProblem(error.message),
    );
    return () => {
      gone = true;
    };
  }, [store, row.rowId]);

  return (
    <DetailPanel
      label={`Row ${row.arrival}`}
      of={row.rowId}
      head={
        <>
          <VerdictMark verdict={row.verdict} word />
          {row.reason && <bdi class="tilth-detail-reason">{row.reason}</bdi>}
          <span class="tilth-detail-id">
            {row.strategy} <span class="tilth-number">#{row.arrival}</span>
          </span>
        </>
      }
      closeLabel="Close the row"
      close={close}
      waiting={detail ? null : "Reading the run's file…"}
      problem={problem}
    >
      {detail && <RowContent detail={detail} />}
    </DetailPanel>
  );
}

function RowContent({ detail: { row, seed, exchanges } }: { detail: RowDetail }) {
  const span: Span | null =
    row.span_start === null || row.span_end === null ? null : [row.span_start, row.span_end];
  return (
    <>
      <div class="tilth-pair">
        <div class="tilth-side">
          <h4 class="tilth-label">Seed {seed && <bdi>{seed.seed_id}</bdi>}</h4>
          {seed ? (
            <>
              <Text text={seed.question} />
              {seed.reference !== null && <Labelled label="reference" text={seed.reference} />}
            </>
          ) : (
            <p class="tilth-muted">It is not in this run's file.</p>
          )}
        </div>
        <div class="tilth-side">
          <h4 class="tilth-label">Row</h4>
          <Text text={row.question} />
          <Labelled label="response" text={row.response} span={span} />
          <p class="tilth-facts">
            <span>
              <span class="tilth-muted">read as</span>{" "}
              <bdi class="tilth-number">{row.answer ?? "nothing"}</bdi>
            </span>
            {row.reference !== null && (
              <span>
                <span class="tilth-muted">checked against</span>{" "}
                <bdi title={row.reference}>{row.reference.trim().split("\n").at(-1)}</bdi>
              </span>
            )}
          </p>
        </div>
      </div>
      <h4 class="tilth-label">
        Exchanges
        <SourcedValue
          name="Cost of the row"
          source="measured: the usage reported for each exchange, or estimated where an exchange says so"
          class="tilth-facts"
        >
          <Cost row={row} />
        </SourcedValue>
      </h4>
      {exchanges.map((exchange, index) => (
        <ExchangeDetail key={index} exchange={exchange} />
      ))}
    </>
  );
}

function Cost({ row }: { row: RowDetail["row"] }) {
  return (
    <>
      {row.queries !== null && (
        <span>
          {count(row.queries)} {row.queries === 1 ? "query" : "queries"}
        </span>
      )}
      {row.prompt_tokens !== null && row.completion_tokens !== null && (
        <span>
          {count(row.prompt_tokens)} + {count(row.completion_tokens)} tokens
        </span>
      )}
      <span>{row.usd === null ? "price unknown" : dollars(row.usd)}</span>
      {row.seconds !== null && <span>{row.seconds.toFixed(2)} s</span>}
      {row.reused ? <span>reused: its cost was paid by an earlier run</span> : null}
    </>
  );
}

function Labelled({ label, text, span }: { label: string; text: string; span?: Span | null }) {
  return (
    <div>
      <span class="tilth-muted">{label}</span>
      <Text text={text} span={span ?? null} />
    </div>
  );
}

/** Foreign text as it is, with the part that was read marked. `span` counts characters as Python does. */
function Text({ text, span = null }: { text: string; span?: Span | null }) {
  if (!span) return <p class="tilth-text">{text}</p>;
  const characters = [...text];
  const [start, end] = span;
  return (
    <p class="tilth-text">
      {characters.slice(0, start).join("")}
      <mark class="tilth-read">{characters.slice(start, end).join("")}</mark>
      {characters.slice(end).join("")}
    </p>
  );
}
