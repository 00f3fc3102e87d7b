// The choice of a strategy, each with what it does and what a row of it costs.

import { decimal } from "../../format";
import { isRunActive } from "../../state/activity";
import type { StrategyInfo } from "../../wire/types";
import { useView, useViewId } from "../shared/viewContext";

export function StrategyPicker() {
  const { store } = useView();
  const group = useViewId();
  const { strategies, strategy, status } = store.traits;
  const locked = store.pulse.kernel.value !== "there" || isRunActive(status.value.state);
  return (
    <fieldset class="tilth-group" disabled={locked}>
      <legend class="tilth-label">Strategy</legend>
      {strategies.value.map((info) => (
        <Choice
          key={info.name}
          info={info}
          group={group}
          chosen={info.name === strategy.value}
          choose={() => store.choose("strategy", info.name)}
        />
      ))}
      {strategies.value.length === 0 && <p class="tilth-muted">None can work with these seeds.</p>}
    </fieldset>
  );
}

interface ChoiceProps {
  info: StrategyInfo;
  group: string;
  chosen: boolean;
  choose(): void;
}

function Choice({ info, group, chosen, choose }: ChoiceProps) {
  const id = useViewId();
  const cost = info.queries_per_row;
  return (
    <label class={`tilth-choice${chosen ? " tilth-choice-on" : ""}${info.usable ? "" : " tilth-choice-off"}`}>
      <input
        type="radio"
        name={group}
        value={info.name}
        checked={chosen}
        disabled={!info.usable}
        aria-describedby={id}
        onChange={choose}
      />
      <span class="tilth-choice-title">{info.title}</span>
      {cost !== null && (
        <span class="tilth-choice-cost">
          {decimal(cost)} {cost === 1 ? "query" : "queries"}/row
        </span>
      )}
      <span class="tilth-choice-about" id={id} title={info.about}>
        {info.usable ? info.about : (info.why_not ?? "It cannot work with these seeds.")}
      </span>
    </label>
  );
}
