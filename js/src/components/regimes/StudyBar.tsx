// The bar at the bottom of the Regimes tab: run, stop, and how far the study is.

import { clock, count } from "../../format";
import { isLive } from "../../state/studyCharts";
import type { StudyStatus } from "../../wire/study";
import { useView } from "../shared/context";
import { Figure } from "../shared/SourcedValue";
import { Action, withReason } from "../workbench/RunBar";
import { nextTry } from "../workbench/WaitingNotice";

const WORDS: Record<StudyStatus["state"], string> = {
  idle: "Not started",
  starting: "Starting",
  running: "Growing and measuring",
  waiting: "Waiting",
  stopped: "Stopped",
  finished: "Finished",
  failed: "Failed",
  aborted: "Aborted",
};

export function RegimesBar() {
  const { store } = useView();
  const { study_status, regimes } = store.traits;
  const study = study_status.value;
  const live = isLive(study);
  const done = study.chosen && study.state === "finished";
  const resumes = study.chosen && ["stopped", "aborted", "failed"].includes(study.state);
  const can = !live && !done && store.sent.value === null && !regimes.value.plan.problem;
  const waits = study.state === "waiting" ? nextTry(study.next_try) : study.waiting;
  const why = waits ?? study.reason ?? (study.path !== null && !study.chosen ? "of other choices" : null);
  const state = withReason(WORDS[study.state], why);
  return (
    <footer class="tilth-bar">
      <div class="tilth-bar-buttons">
        <Action
          icon="play"
          text={resumes ? "Resume study" : "Run study"}
          main
          can={can}
          run={() => void store.command("regimes-run")}
        />
        <Action
          icon="stop"
          text="Stop study"
          bare
          can={live}
          run={() => void store.command("regimes-stop")}
        />
      </div>
      <div class="tilth-bar-run">
        <progress
          class={`tilth-progress tilth-progress-${study.state}`}
          aria-label="Cells measured"
          value={study.cells}
          max={study.all_cells || 1}
        />
        <div class="tilth-counts">
          <span class={`tilth-counts-state tilth-counts-state-${study.state}`} title={state}>
            {state}
          </span>
          {study.state !== "idle" && (
            <>
              <Figure name="Cells" source="measured: students trained and tested, of all in the grid">
                <strong class="tilth-number">{count(study.cells)}</strong>
                <span class="tilth-muted tilth-number"> / {count(study.all_cells)}</span>
                <span class="tilth-muted"> cells</span>
              </Figure>
              <Figure
                name="Queries"
                source="measured: completed, billable calls in the ledger of the study's file"
              >
                <span class="tilth-number">{count(study.queries)}</span>
                <span class="tilth-muted tilth-number"> / ≤ {count(study.most_queries)}</span>
                <span class="tilth-muted"> queries</span>
              </Figure>
              {study.seconds !== null && (
                <Figure name="Time" source="measured: since this session of the study began">
                  <span class="tilth-number">{clock(study.seconds)}</span>
                </Figure>
              )}
            </>
          )}
        </div>
      </div>
    </footer>
  );
}
