// The panel of what was opened: it takes the focus, Escape or its button closes it, and it says what it waits for.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";

interface Props {
  label: string;
  class?: string;
  /** What is open: where another is opened, the panel takes the focus again. */
  of?: string;
  head: ComponentChildren;
  closeLabel: string;
  close(): void;
  /** What is being waited for, while there is nothing to show. */
  waiting: string | null;
  problem: string | null;
  children: ComponentChildren;
}

export function DetailPanel({
  label,
  class: extra,
  of,
  head,
  closeLabel,
  close,
  waiting,
  problem,
  children,
}: Props) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => box.current?.focus(), [of]);
  return (
    <section
      class={`tilth-detail${extra ? ` ${extra}` : ""}`}
      aria-label={label}
      tabIndex={-1}
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <header class="tilth-detail-head">
        {head}
        <button type="button" class="tilth-bare" aria-label={closeLabel} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div class="tilth-detail-body">
        {problem && (
          <p class="tilth-problem" role="alert">
            {problem}
          </p>
        )}
        {waiting && !problem && <p class="tilth-muted">{waiting}</p>}
        {children}
      </div>
    </section>
  );
}
