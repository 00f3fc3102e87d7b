// How a text field takes what is typed: a draft while it is typed, entered on leaving the field or by Enter.

import type { TargetedEvent, TargetedKeyboardEvent } from "preact";

type Take = (typed: string) => void;

export function entering(draft: Take, enter: Take) {
  return {
    onInput: (event: TargetedEvent<HTMLInputElement>) => draft(event.currentTarget.value),
    onChange: (event: TargetedEvent<HTMLInputElement>) => enter(event.currentTarget.value),
    onKeyDown: (event: TargetedKeyboardEvent<HTMLInputElement>) => {
      // A field that belongs to no form has no change to tell of when Enter is pressed in it.
      if (event.key === "Enter") enter(event.currentTarget.value);
    },
  };
}
