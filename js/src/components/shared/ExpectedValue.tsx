// One line of a plan: what is expected, and where that comes from.

import { SourcedValue } from "./SourcedValue";

interface Props {
  name: string;
  value: string;
  source: string;
  strong?: boolean;
}

export function ExpectedValue({ name, value, source, strong = false }: Props) {
  return (
    <li class={strong ? "tilth-strong" : ""}>
      <SourcedValue name={name} source={source} class="tilth-expected-value">
        <span>{name.toLowerCase()}</span>
        <span class="tilth-leader" aria-hidden="true" />
        <span class="tilth-number">{value}</span>
      </SourcedValue>
    </li>
  );
}
