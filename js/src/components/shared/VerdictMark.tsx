// A verdict as a sign, with its word for those who do not see the sign or its colour.

import type { Verdict } from "../../wire/types";
import { Icon } from "./Icon";

export function VerdictMark({ verdict, word = false }: { verdict: Verdict; word?: boolean }) {
  return (
    <span class={`tilth-mark tilth-mark-${verdict}`}>
      <Icon name={verdict} />
      <span class={word ? "tilth-mark-word" : "tilth-hidden"}>{verdict}</span>
    </span>
  );
}
