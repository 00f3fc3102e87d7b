// The left column: how to grow, for how much, and what to expect of it.

import { BudgetPlanner } from "./BudgetPlanner";
import { useView } from "./context";
import { StrategyPicker } from "./StrategyPicker";

export function PlanColumn() {
  const { checks } = useView().store.traits.context.value;
  return (
    <section class="tilth-plan" aria-label="Plan">
      <StrategyPicker />
      {checks.length > 0 && (
        <div class="tilth-group">
          <h3 class="tilth-label">Checks that ask</h3>
          <ul>
            {checks.map(({ title, about }) => (
              <li key={title} title={about}>
                {title}
              </li>
            ))}
          </ul>
        </div>
      )}
      <BudgetPlanner />
    </section>
  );
}
