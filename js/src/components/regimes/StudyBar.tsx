// The bar at the bottom of the Regimes tab: run, stop, and how far the study is.

import { clock, count } from "../../format";
import { isStudyActive } from "../../state/activity";
import type { StudyStatus } from "../../wire/types";
import { DraftProblem } from "../shared/DraftProblem";
import { IconButton } from "../shared/IconButton";
import { SourcedValue } from "../shared/SourcedValue";
import { NO_KERNEL, nextTry, withReason } from "../shared/stateText";
import { useView, useViewId } from "../shared/viewContext";

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

export function StudyBar() {
  const { store, drafts } = useView();
  const id = useViewId();
  const { study_status, regimes } = store.traits;
  const study = study_status.value;
  const there = store.pulse.kernel.value === "there";
  const live = there && isStudyActive(study);
  const done = study.chosen && study.state === "finished";
  const resumes = study.chosen && ["stopped", "aborted", "failed"].includes(study.state);
  const can =
    there &&
    !live &&
    !done &&
    store.sent.value === null &&
    !regimes.value.plan.problem &&
    drafts.problem.value === null;
  const waits = study.state === "waiting" ? nextTry(study.next_try) : study.waiting;
  const why = waits ?? study.reason ?? (study.path !== null && !study.chosen ? "of other choices" : null);
  const state = there ? withReason(WORDS[study.state], why) : NO_KERNEL;
  return (
    <footer class="tilth-bar">
      <div class="tilth-bar-buttons">
        <IconButton
          icon="play"
          text={resumes ? "Resume study" : "Run study"}
          main
          can={can}
          describedBy={`${id}-problem`}
          press={() => {
            if (drafts.enter()) void store.runStudy();
          }}
        />
        <IconButton
          icon="stop"
          text="Stop study"
          bare
          can={live}
          press={() => void store.command("regimes-stop")}
        />
      </div>
      <DraftProblem id={`${id}-problem`} />
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
              <SourcedValue name="Cells" source="measured: students trained and tested, of all in the grid">
                <strong class="tilth-number">{count(study.cells)}</strong>
                <span class="tilth-muted tilth-number"> / {count(study.all_cells)}</span>
                <span class="tilth-muted"> cells</span>
              </SourcedValue>
              <SourcedValue
                name="Queries"
                source="measured: completed, billable calls in the ledger of the study's file"
              >
                <span class="tilth-number">{count(study.queries)}</span>
                <span class="tilth-muted tilth-number"> / ≤ {count(study.most_queries)}</span>
                <span class="tilth-muted"> queries</span>
              </SourcedValue>
              {study.seconds !== null && (
                <SourcedValue name="Time" source="measured: since this session of the study began">
                  <span class="tilth-number">{clock(study.seconds)}</span>
                </SourcedValue>
              )}
              {study.training !== null && (
                <SourcedValue name="Training" source="measured: by the student that is being trained">
                  <span class="tilth-muted">{study.training}</span>
                </SourcedValue>
              )}
            </>
          )}
        </div>
      </div>
    </footer>
  );
}
