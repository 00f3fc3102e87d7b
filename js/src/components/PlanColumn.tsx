// The left column: how to grow, for how much, and what to expect of it.

import { BudgetPlanner } from "./BudgetPlanner";
import { StrategyPicker } from "./StrategyPicker";

export function PlanColumn() {
  return (
    <section class="tilth-plan" aria-label="Plan">
      <StrategyPicker />
      <BudgetPlanner />
    </section>
  );
}
