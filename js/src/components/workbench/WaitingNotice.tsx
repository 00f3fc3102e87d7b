// What is said while an endpoint gives nothing but failures: why, and what comes of it.

import { useView } from "../shared/viewContext";

export function WaitingNotice() {
  const { pulse, traits } = useView().store;
  const { status, study_status } = traits;
  if (pulse.kernel.value !== "there") return null;
  const run = status.value;
  const stuck = run.state === "stopping" && run.waiting !== null;
  const why = stuck || run.state === "waiting" ? run.waiting : null;
  return (
    <>
      {why !== null && (
        <Explanation
          why={why}
          next={
            stuck
              ? "What was started waits for it. Stop once more ends the run at once; what it has is kept."
              : "The run goes on when it is back. Stop ends it; what it has is kept."
          }
        />
      )}
      {study_status.value.state === "waiting" && study_status.value.waiting !== null && (
        <Explanation
          why={study_status.value.waiting}
          next="The study goes on when it is back. Stop ends it; what was measured is kept."
        />
      )}
    </>
  );
}

function Explanation({ why, next }: { why: string; next: string }) {
  return (
    <div class="tilth-notice tilth-notice-waiting">
      <p>
        {why}
        <span class="tilth-muted">{next}</span>
      </p>
    </div>
  );
}
