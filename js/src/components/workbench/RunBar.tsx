// The bar at the bottom: start, pause and stop, and the run's own count of what it did and spent.

import { clock, count, decimal, dollars } from "../../format";
import type { RunState, RunStatus, Verdict } from "../../wire/types";
import { DraftProblem } from "../shared/DraftProblem";
import { IconButton } from "../shared/IconButton";
import { SourcedValue } from "../shared/SourcedValue";
import { NO_KERNEL, nextTry, withReason } from "../shared/stateText";
import { VerdictMark } from "../shared/VerdictMark";
import { useView, useViewId } from "../shared/viewContext";

const WORDS: Record<RunState, string> = {
  idle: "Not started",
  starting: "Starting",
  running: "Running",
  waiting: "Waiting",
  paused: "Paused",
  stopping: "Stopping: what was started finishes",
  stopped: "Stopped",
  finished: "Finished",
  failed: "Failed",
  aborted: "Aborted",
};

const SHOWN_VERDICTS: readonly Verdict[] = ["accepted", "rejected", "unverified"];

export function RunBar() {
  const { store, drafts } = useView();
  const id = useViewId();
  const { status, plan, context } = store.traits;
  const run = status.value;
  const sent = store.sent.value;
  const resumes = ["paused", "stopped", "aborted", "failed"].includes(run.state);
  const there = store.pulse.kernel.value === "there";
  const working = ["starting", "running", "waiting"].includes(run.state);
  const steered = there && run.holder === null;
  const canStart =
    there &&
    !working &&
    run.state !== "stopping" &&
    sent === null &&
    !plan.value.problem &&
    drafts.problem.value === null &&
    context.value.seeds !== null;
  return (
    <footer class="tilth-bar">
      <div class="tilth-bar-buttons">
        <IconButton
          icon="play"
          text={resumes ? "Resume" : "Generate"}
          main
          can={canStart}
          describedBy={`${id}-problem`}
          press={() => {
            if (run.state === "paused") void store.command("resume");
            else if (drafts.enter()) void store.generate();
          }}
        />
        <IconButton
          icon="pause"
          text="Pause"
          bare
          can={steered && working}
          press={() => void store.command("pause")}
        />
        <IconButton
          icon="stop"
          text="Stop"
          bare
          can={
            steered &&
            (working || run.state === "paused" || (run.state === "stopping" && run.waiting !== null))
          }
          press={() => void store.command("stop")}
        />
      </div>
      <DraftProblem id={`${id}-problem`} />
      <div class="tilth-bar-run">
        <SpentBar run={run} />
        <RunCounts run={run} />
      </div>
    </footer>
  );
}

function SpentBar({ run }: { run: RunStatus }) {
  const byMoney = !run.limit_queries && run.limit_usd !== null && run.limit_usd > 0;
  const most = byMoney ? run.limit_usd : run.limit_queries;
  const now = byMoney ? (run.usd ?? 0) : run.queries;
  return (
    <progress
      class={`tilth-progress tilth-progress-${run.state}`}
      aria-label="Budget spent"
      value={most ? Math.min(now, most) : 0}
      max={most || 1}
    />
  );
}

function stateInWords(run: RunStatus): string {
  // What went wrong stands whole in the notice above.
  const why = run.error ? null : (run.waiting ?? run.reason);
  if (run.holder !== null) return "Running in another process";
  const word = WORDS[run.state];
  if (run.state === "waiting") return `${word}: ${nextTry(run.next_try)}`;
  if (run.next_try !== null) return `${word}, ${nextTry(run.next_try)}: ${why}`;
  return withReason(word, why);
}

function RunCounts({ run }: { run: RunStatus }) {
  const there = useView().store.pulse.kernel.value === "there";
  const state = there ? stateInWords(run) : NO_KERNEL;
  const running = there && run.state === "running" && run.holder === null;
  return (
    <div class="tilth-counts">
      <span class={`tilth-counts-state tilth-counts-state-${run.state}`} title={state}>
        {state}
      </span>
      <SourcedValue
        name="Queries"
        source="measured: completed, billable calls in the run's ledger, with those in doubt"
      >
        <strong class="tilth-number">{count(run.queries)}</strong>
        {run.limit_queries ? (
          <span class="tilth-muted tilth-number"> / {count(run.limit_queries)}</span>
        ) : null}
        <span class="tilth-muted"> queries</span>
      </SourcedValue>
      {run.usd !== null && (
        <SourcedValue
          name="Spent"
          source="measured: reported usage at the teacher's price, calls in doubt at their worst"
        >
          <span class="tilth-number">{dollars(run.usd)}</span>
        </SourcedValue>
      )}
      {SHOWN_VERDICTS.map((verdict) => (
        <SourcedValue key={verdict} name={`Rows ${verdict}`} source="measured: counted by the run">
          <VerdictMark verdict={verdict} /> <span class="tilth-number">{count(run[verdict])}</span>
        </SourcedValue>
      ))}
      {run.rowless > 0 && (
        <SourcedValue name="Rowless" source="measured: queries of units that yielded no row">
          <span class="tilth-number">{count(run.rowless)}</span> <span class="tilth-muted">rowless</span>
        </SourcedValue>
      )}
      {run.in_doubt > 0 && (
        <SourcedValue
          name="In doubt"
          source="measured: calls whose reply never reached the run's file, each counted at its worst case"
        >
          <span class="tilth-number">{count(run.in_doubt)}</span> <span class="tilth-muted">in doubt</span>
        </SourcedValue>
      )}
      {run.rate !== null && running && (
        <SourcedValue name="Rate" source="measured: rows per second of late">
          <span class="tilth-number">{decimal(run.rate)}</span>
          <span class="tilth-muted">/s</span>
        </SourcedValue>
      )}
      {run.state !== "idle" && (
        <SourcedValue name="Time" source="measured: since this session of the run began">
          <span class="tilth-number">{clock(run.seconds)}</span>
        </SourcedValue>
      )}
      {run.eta !== null && running && (
        <SourcedValue name="Time left" source="estimated from the rate and what is left of the budget">
          <span class="tilth-muted">≈ </span>
          <span class="tilth-number">{clock(run.eta)}</span> <span class="tilth-muted">left</span>
        </SourcedValue>
      )}
    </div>
  );
}
