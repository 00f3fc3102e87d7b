// The bar at the bottom: start, pause and stop, and the run's own count of what it did and spent.

import { clock, count, decimal, dollars } from "../../format";
import type { RunState, Status, Verdict } from "../../wire/types";
import { useView } from "../shared/context";
import { Icon, type IconName } from "../shared/Icon";
import { Figure } from "../shared/SourcedValue";
import { Mark } from "../shared/VerdictMark";
import { nextTry } from "./WaitingNotice";

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

const VERDICTS: readonly Verdict[] = ["accepted", "rejected", "unverified"];

export function BottomBar() {
  const { store } = useView();
  const { status, plan, context } = store.traits;
  const run = status.value;
  const sent = store.sent.value;
  const resumes = ["paused", "stopped", "aborted", "failed"].includes(run.state);
  const working = ["starting", "running", "waiting"].includes(run.state);
  const canStart =
    !working &&
    run.state !== "stopping" &&
    sent === null &&
    !plan.value.problem &&
    context.value.seeds !== null;
  return (
    <footer class="tilth-bar">
      <div class="tilth-bar-buttons">
        <Action
          icon="play"
          text={resumes ? "Resume" : "Generate"}
          main
          can={canStart}
          run={() => void store.command(run.state === "paused" ? "resume" : "generate")}
        />
        <Action icon="pause" text="Pause" bare can={working} run={() => void store.command("pause")} />
        <Action
          icon="stop"
          text="Stop"
          bare
          can={working || run.state === "paused" || (run.state === "stopping" && run.waiting !== null)}
          run={() => void store.command("stop")}
        />
      </div>
      <div class="tilth-bar-run">
        <Progress run={run} />
        <Counts run={run} />
      </div>
    </footer>
  );
}

interface ActionProps {
  icon: IconName;
  text: string;
  main?: boolean;
  /** Shows the sign alone; its word is said and stands in the tooltip. */
  bare?: boolean;
  can: boolean;
  run(): void;
}

// aria-disabled instead of disabled: a button that goes dead under the finger must not lose the focus.
export function Action({ icon, text, main = false, bare = false, can, run }: ActionProps) {
  return (
    <button
      type="button"
      class={`tilth-button${main ? " tilth-button-main" : ""}`}
      aria-disabled={!can}
      aria-label={text}
      title={bare ? text : undefined}
      onClick={() => {
        if (can) run();
      }}
    >
      <Icon name={icon} />
      {!bare && text}
    </button>
  );
}

function Progress({ run }: { run: Status }) {
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

function told(run: Status): string {
  // What went wrong stands whole in the notice above.
  const why = run.error ? null : (run.waiting ?? run.reason);
  const word = WORDS[run.state];
  if (run.state === "waiting") return `${word}: ${nextTry(run.next_try)}`;
  if (run.next_try !== null) return `${word}, ${nextTry(run.next_try)}: ${why}`;
  return withReason(word, why);
}

/** "Finished: the budget is used up"; and not "Stopped: stopped by the user". */
export function withReason(word: string, why: string | null): string {
  if (!why) return word;
  return why.startsWith(word.toLowerCase()) ? word + why.slice(word.length) : `${word}: ${why}`;
}

function Counts({ run }: { run: Status }) {
  const state = told(run);
  return (
    <div class="tilth-counts">
      <span class={`tilth-counts-state tilth-counts-state-${run.state}`} title={state}>
        {state}
      </span>
      <Figure
        name="Queries"
        source="measured: completed, billable calls in the run's ledger, with those in doubt"
      >
        <strong class="tilth-number">{count(run.queries)}</strong>
        {run.limit_queries ? (
          <span class="tilth-muted tilth-number"> / {count(run.limit_queries)}</span>
        ) : null}
        <span class="tilth-muted"> queries</span>
      </Figure>
      {run.usd !== null && (
        <Figure
          name="Spent"
          source="measured: reported usage at the teacher's price, calls in doubt at their worst"
        >
          <span class="tilth-number">{dollars(run.usd)}</span>
        </Figure>
      )}
      {VERDICTS.map((verdict) => (
        <Figure key={verdict} name={`Rows ${verdict}`} source="measured: counted by the run">
          <Mark verdict={verdict} /> <span class="tilth-number">{count(run[verdict])}</span>
        </Figure>
      ))}
      {run.rowless > 0 && (
        <Figure name="Rowless" source="measured: queries of units that yielded no row">
          <span class="tilth-number">{count(run.rowless)}</span> <span class="tilth-muted">rowless</span>
        </Figure>
      )}
      {run.in_doubt > 0 && (
        <Figure
          name="In doubt"
          source="measured: calls whose reply never reached the run's file, each counted at its worst case"
        >
          <span class="tilth-number">{count(run.in_doubt)}</span> <span class="tilth-muted">in doubt</span>
        </Figure>
      )}
      {run.rate !== null && run.state === "running" && (
        <Figure name="Rate" source="measured: rows per second of late">
          <span class="tilth-number">{decimal(run.rate)}</span>
          <span class="tilth-muted">/s</span>
        </Figure>
      )}
      {run.state !== "idle" && (
        <Figure name="Time" source="measured: since this session of the run began">
          <span class="tilth-number">{clock(run.seconds)}</span>
        </Figure>
      )}
      {run.eta !== null && run.state === "running" && (
        <Figure name="Time left" source="estimated from the rate and what is left of the budget">
          <span class="tilth-muted">≈ </span>
          <span class="tilth-number">{clock(run.eta)}</span> <span class="tilth-muted">left</span>
        </Figure>
      )}
    </div>
  );
}
