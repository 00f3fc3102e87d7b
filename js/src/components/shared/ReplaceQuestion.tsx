// Asks what becomes of files that are there already, before anything is written over them.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { AlreadyThere, Existing } from "../../wire/types";

interface Props {
  found: AlreadyThere;
  /** Saves all the same; null for not at all. */
  answer(existing: Exclude<Existing, "ask"> | null): void;
}

export function ReplaceQuestion({ found, answer }: Props) {
  const box = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => box.current?.querySelector<HTMLElement>("button")?.focus(), []);
  const several = found.there.length > 1;
  return (
    <fieldset
      class="tilth-replace"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        answer(null);
      }}
    >
      <legend class="tilth-hidden">Replace?</legend>
      <p role="alert">
        <code>{found.there.join(", ")}</code> {several ? "are" : "is"} there already. Keep both saves beside{" "}
        {several ? "them" : "it"}, as <code>{found.free.join(", ")}</code>.
      </p>
      <button type="button" class="tilth-button" onClick={() => answer("keep-both")}>
        Keep both
      </button>
      <button type="button" class="tilth-button" onClick={() => answer("replace")}>
        Replace
      </button>
      <button type="button" class="tilth-button" onClick={() => answer(null)}>
        Cancel
      </button>
    </fieldset>
  );
}
