// The left column: how to grow, for how much, what to expect of it, and which strategy to take.

import { Fragment } from "preact";
import { AdviceBox } from "../advice/AdviceBox";
import { SourcedValue } from "../shared/SourcedValue";
import { useView } from "../shared/viewContext";
import { BudgetPlanner } from "./BudgetPlanner";
import { StrategyPicker } from "./StrategyPicker";

export function RunPlanColumn() {
  const { checks } = useView().store.traits.context.value;
  return (
    <section class="tilth-plan" aria-label="Plan">
      <StrategyPicker />
      {checks.length > 0 && (
        <div class="tilth-group tilth-plan-checks">
          <h3 class="tilth-label">Checks that ask</h3>
          <p>
            {checks.map(({ title, about }, i) => (
              <Fragment key={title}>
                {i > 0 && ", "}
                <SourcedValue name={title} source={about}>
                  {title}
                </SourcedValue>
              </Fragment>
            ))}
          </p>
        </div>
      )}
      <BudgetPlanner />
      <AdviceBox />
    </section>
  );
}
