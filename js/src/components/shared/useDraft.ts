// How a text field takes what is typed: a draft while it is typed, entered on leaving the field or by Enter.

import type { TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useView } from "./viewContext";

/**
 * `shown` is the value that holds, as the field shows it. `enter` takes what was typed and returns null, or
 * says what is wrong with it: then it stays a draft, and nothing can be started until it is mended.
 */
export function useDraft(id: string, shown: string, enter: (typed: string) => string | null) {
  const { drafts } = useView();
  const [draft, setDraft] = useState<string | null>(null);
  const latest = useRef<string | null>(null);
  const problem = drafts.problems.value.get(id) ?? null;

  const keep = (typed: string | null, wrong: string | null) => {
    latest.current = typed;
    setDraft(typed);
    drafts.tell(id, wrong);
  };
  const take = (typed: string) => {
    const wrong = enter(typed);
    keep(wrong === null ? null : typed, wrong);
  };
  const pending = useRef<() => void>(() => undefined);
  pending.current = () => {
    if (latest.current !== null) take(latest.current);
  };

  useEffect(() => drafts.add(id, () => pending.current()), [drafts, id]);

  return {
    problem,
    field: {
      value: draft ?? shown,
      onInput: (event: TargetedEvent<HTMLInputElement>) => {
        latest.current = event.currentTarget.value;
        setDraft(latest.current);
      },
      onChange: (event: TargetedEvent<HTMLInputElement>) => take(event.currentTarget.value),
      onKeyDown: (event: TargetedKeyboardEvent<HTMLInputElement>) => {
        // A field that belongs to no form has no change to tell of when Enter is pressed in it.
        if (event.key === "Enter") take(event.currentTarget.value);
        if (event.key === "Escape") keep(null, null);
      },
    },
  };
}
