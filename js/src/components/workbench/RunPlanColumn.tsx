// The left column: how to grow, for how much, and what to expect of it.

import { Fragment } from "preact";
import { useView } from "../shared/context";
import { Figure } from "../shared/SourcedValue";
import { BudgetPlanner } from "./BudgetPlanner";
import { StrategyPicker } from "./StrategyPicker";

export function PlanColumn() {
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
                <Figure name={title} source={about}>
                  {title}
                </Figure>
              </Fragment>
            ))}
          </p>
        </div>
      )}
      <BudgetPlanner />
    </section>
  );
}
