// Why nothing can be started: a field of this view holds what could not be entered. It stands beside the button.

import { useView } from "./viewContext";

export function DraftProblem({ id }: { id: string }) {
  const { problem } = useView().drafts;
  return (
    <p class="tilth-bar-problem tilth-problem" id={id}>
      {problem.value !== null && `Put the plan right first. ${problem.value}`}
    </p>
  );
}
