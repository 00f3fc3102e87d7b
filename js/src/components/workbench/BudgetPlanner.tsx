// The budget, and what it is expected to buy.

import { count, DASH, decimal, dollars, dollarsTyped, roughly } from "../../format";
import { isPlanned, isRunActive } from "../../state/activity";
import { AmountField } from "../shared/AmountField";
import { ExpectedValue } from "../shared/ExpectedValue";
import { useView } from "../shared/viewContext";

export function BudgetPlanner() {
  const { store } = useView();
  const { budget_queries, budget_usd, plan, status } = store.traits;
  const locked = store.pulse.kernel.value !== "there" || isRunActive(status.value.state);
  const { ratio, rows, rows_per_seed, usd, seconds, sources, problem } = plan.value;

  const source = (key: string, otherwise: string) => sources[key] ?? otherwise;
  const none = isPlanned(plan.value) ? DASH : "";
  const about = (value: number | null, show: (value: number) => string) => {
    if (value === null) return none;
    const shown = show(value);
    return shown.startsWith("<") ? shown : `≈ ${shown}`;
  };

  return (
    <>
      <div class="tilth-group">
        <h3 class="tilth-label">Budget</h3>
        <AmountField
          label="at most"
          unit="queries"
          value={budget_queries.value}
          show={count}
          whole
          disabled={locked}
          commit={(value) => store.choose("budget_queries", value)}
        />
        <AmountField
          label="at most"
          unit="US dollars"
          value={budget_usd.value}
          show={dollarsTyped}
          disabled={locked}
          commit={(value) => store.choose("budget_usd", value)}
        />
        <p class="tilth-problem" role="alert">
          {problem}
        </p>
      </div>
      <div class="tilth-group">
        <h3 class="tilth-label">Expected</h3>
        <ul class="tilth-expected">
          <ExpectedValue name="Rows" value={about(rows, count)} source={source("rows", "estimated")} strong />
          <ExpectedValue
            name="Cost"
            value={usd === null ? none && "unknown" : usd === 0 ? dollars(0) : about(usd, dollars)}
            source={source("usd", usd === null ? "no price is known for this teacher" : "estimated")}
          />
          <ExpectedValue
            name="Time"
            value={about(seconds, roughly)}
            source={source("seconds", "estimated")}
          />
          <ExpectedValue
            name="Ratio"
            value={ratio === null ? none : decimal(ratio)}
            source={source("ratio", "budget in queries divided by the number of seeds")}
          />
          <ExpectedValue
            name="Rows per seed"
            value={about(rows_per_seed, decimal)}
            source={source("rows_per_seed", "estimated")}
          />
        </ul>
      </div>
    </>
  );
}
