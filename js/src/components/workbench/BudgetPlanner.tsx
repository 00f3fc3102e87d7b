// The budget, and what it is expected to buy.

import { count, DASH, decimal, dollars, roughly } from "../../format";
import { isActive } from "../../state/store";
import { isPlanned } from "../../wire/types";
import { AmountField } from "../shared/AmountField";
import { useView } from "../shared/context";
import { Figure } from "../shared/SourcedValue";

export function BudgetPlanner() {
  const { store } = useView();
  const { budget_queries, budget_usd, plan, status } = store.traits;
  const locked = isActive(status.value.state);
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
          show={(value) => value.toFixed(2)}
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
          <Expected name="Rows" value={about(rows, count)} source={source("rows", "estimated")} strong />
          <Expected
            name="Cost"
            value={usd === null ? none && "unknown" : usd === 0 ? dollars(0) : about(usd, dollars)}
            source={source("usd", usd === null ? "no price is known for this teacher" : "estimated")}
          />
          <Expected name="Time" value={about(seconds, roughly)} source={source("seconds", "estimated")} />
          <Expected
            name="Ratio"
            value={ratio === null ? none : decimal(ratio)}
            source={source("ratio", "budget in queries divided by the number of seeds")}
          />
          <Expected
            name="Rows per seed"
            value={about(rows_per_seed, decimal)}
            source={source("rows_per_seed", "estimated")}
          />
        </ul>
      </div>
    </>
  );
}

interface ExpectedProps {
  name: string;
  value: string;
  source: string;
  strong?: boolean;
}

export function Expected({ name, value, source, strong = false }: ExpectedProps) {
  return (
    <li class={strong ? "tilth-strong" : ""}>
      <Figure name={name} source={source} class="tilth-expected-figure">
        <span>{name.toLowerCase()}</span>
        <span class="tilth-leader" aria-hidden="true" />
        <span class="tilth-number">{value}</span>
      </Figure>
    </li>
  );
}
