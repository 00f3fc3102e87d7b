// How a text field takes what is typed: a draft while it is typed, entered on leaving the field or by Enter.

import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";

/** `enter` takes what was typed and returns null, or says what is wrong with it: then it stays a draft. */
export function useDraft(enter: (typed: string) => string | null) {
  const [draft, setDraft] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const take = (typed: string) => {
    const wrong = enter(typed);
    setDraft(wrong === null ? null : typed);
    setProblem(wrong);
  };

  return {
    draft,
    problem,
    handlers: {
      onInput: (event: TargetedEvent<HTMLInputElement>) => setDraft(event.currentTarget.value),
      onChange: (event: TargetedEvent<HTMLInputElement>) => take(event.currentTarget.value),
      onKeyDown: (event: TargetedKeyboardEvent<HTMLInputElement>) => {
        // A field that belongs to no form has no change to tell of when Enter is pressed in it.
        if (event.key === "Enter") take(event.currentTarget.value);
      },
    },
  };
}
