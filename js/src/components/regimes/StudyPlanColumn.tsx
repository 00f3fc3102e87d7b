// The left column of the Regimes tab: what to compare, and what that would take.

import { count, DASH, dollars, roughly } from "../../format";
import { isPlanned, isStudyActive } from "../../state/activity";
import type { StudyChoices } from "../../wire/types";
import { ExpectedValue } from "../shared/ExpectedValue";
import { NumberListField } from "../shared/NumberListField";
import { useView, useViewId } from "../shared/viewContext";

export function StudyPlanColumn() {
  const { store } = useView();
  const group = useViewId();
  const { regimes, strategies, study_status } = store.traits;
  const { choices, students, strategies: offered, plan } = regimes.value;
  const locked = store.pulse.kernel.value !== "there" || isStudyActive(study_status.value);
  const choose = (change: Partial<StudyChoices>) => store.chooseStudy(change);
  const toggle = (name: string, on: boolean) =>
    choose({
      strategies: offered.filter((each) => (each === name ? on : choices.strategies.includes(each))),
    });
  const titles = new Map(strategies.value.map(({ name, title }) => [name, title]));
  const none = isPlanned(plan) ? DASH : "";
  const student = students.find(({ name }) => name === choices.student);

  return (
    <section class="tilth-plan" aria-label="Study plan">
      <fieldset class="tilth-group" disabled={locked}>
        <legend class="tilth-label">Compare</legend>
        {offered.map((name) => (
          <label key={name} class="tilth-choice">
            <input
              type="checkbox"
              value={name}
              checked={choices.strategies.includes(name)}
              onChange={(event) => toggle(name, event.currentTarget.checked)}
            />
            <span class="tilth-choice-title">{titles.get(name) ?? name}</span>
          </label>
        ))}
      </fieldset>
      <div class="tilth-group">
        <h3 class="tilth-label">Over</h3>
        <NumberListField
          label="seeds"
          values={choices.sizes}
          whole
          disabled={locked}
          commit={(sizes) => choose({ sizes })}
        />
        <NumberListField
          label="ratios"
          values={choices.ratios}
          disabled={locked}
          commit={(ratios) => choose({ ratios })}
        />
        <NumberListField
          label="replicates"
          values={[choices.replicates]}
          whole
          single
          disabled={locked}
          commit={([replicates]) => choose({ replicates: replicates ?? choices.replicates })}
        />
      </div>
      <fieldset class="tilth-group" disabled={locked}>
        <legend class="tilth-label">Student</legend>
        <div class="tilth-segments">
          {students.map(({ name }) => (
            <label key={name} class={`tilth-segment${name === choices.student ? " tilth-segment-on" : ""}`}>
              <input
                type="radio"
                class="tilth-hidden"
                name={group}
                checked={name === choices.student}
                onChange={() => choose({ student: name })}
              />
              {name}
            </label>
          ))}
        </div>
        {student && (
          <p class="tilth-about" title={student.cost}>
            {student.about}
          </p>
        )}
      </fieldset>
      <div class="tilth-group">
        <h3 class="tilth-label">Expected</h3>
        <ul class="tilth-expected">
          <ExpectedValue
            name="Cells"
            value={plan.cells === null ? none : count(plan.cells)}
            source={plan.sources.cells ?? ""}
            strong
          />
          <ExpectedValue
            name="Queries"
            value={plan.queries === null ? none : `≤ ${count(plan.queries)}`}
            source={plan.sources.queries ?? ""}
          />
          <ExpectedValue
            name="Rows"
            value={plan.rows === null ? none : `≈ ${count(plan.rows)}`}
            source={plan.sources.rows ?? ""}
          />
          <ExpectedValue
            name="Cost"
            value={
              plan.usd === null ? none && "unknown" : plan.usd === 0 ? dollars(0) : `≈ ${dollars(plan.usd)}`
            }
            source={plan.sources.usd ?? ""}
          />
          <ExpectedValue
            name="Time"
            value={plan.seconds === null ? none : `≈ ${roughly(plan.seconds)}`}
            source={plan.sources.seconds ?? ""}
          />
        </ul>
        <p class="tilth-problem" role="alert">
          {plan.problem}
        </p>
      </div>
    </section>
  );
}
