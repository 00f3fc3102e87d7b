// The line on top: what is grown from, who answers, and whether that is a simulation.

import { count } from "../../format";
import { isRunActive, isStudyActive } from "../../state/activity";
import { Select } from "../shared/Select";
import { useView } from "../shared/viewContext";

const STATES = {
  ready: "ready",
  unknown: "not asked yet",
  failing: "only fails",
  error: "not usable",
} as const;

export function Header() {
  const { store } = useView();
  const { seeds, teacher, writer, teachers, chosen_teacher } = store.traits.context.value;
  const { status, study_status } = store.traits;
  const isLocked =
    store.pulse.kernel.value !== "there" ||
    isRunActive(status.value.state) ||
    isStudyActive(study_status.value);
  return (
    <header class="tilth-header">
      <div class="tilth-header-line">
        <div class="tilth-header-part">
          <span class="tilth-label">Seeds</span>
          {seeds ? (
            <>
              <strong class="tilth-number">{count(seeds.count)}</strong>
              <span class="tilth-sep" aria-hidden="true" />
              <span>{seeds.task}</span>
              <span class="tilth-sep" aria-hidden="true" />
              <span class="tilth-cut" title={seeds.name}>
                {seeds.name}
              </span>
            </>
          ) : (
            <span class="tilth-muted">none yet</span>
          )}
        </div>
        {teacher && (
          <div class="tilth-header-part">
            {teachers.length > 0 ? (
              <Select
                label="Teacher"
                value={chosen_teacher}
                options={teachers.map(({ name, title }) => ({ value: name, text: title }))}
                disabled={isLocked}
                choose={(name) => store.chooseTeacher(name)}
              />
            ) : (
              <>
                <span class="tilth-label">Teacher</span>
                <strong class="tilth-cut" title={teacher.name}>
                  {teacher.name}
                </strong>
              </>
            )}
            <span class={`tilth-state tilth-state-${teacher.state}`} title={teacher.note ?? ""}>
              {STATES[teacher.state] ?? teacher.state}
            </span>
            {writer && (
              <>
                <span class="tilth-label">Writer</span>
                <strong class="tilth-cut" title={writer.name}>
                  {writer.name}
                </strong>
              </>
            )}
          </div>
        )}
        {teacher?.simulated && (
          <p class="tilth-simulated">
            <strong>Simulated</strong> — a rule-based stand-in, no language model
          </p>
        )}
      </div>
    </header>
  );
}
