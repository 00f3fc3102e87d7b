// A line of the advice that opens: what stands behind it.

import type { ComponentChildren } from "preact";

/** Without children there is nothing to open, and the line stands alone. */
export function AdviceFold({ head, children }: { head: string; children?: ComponentChildren }) {
  if (!children) return <p class="tilth-advice-line">{head}</p>;
  return (
    <details class="tilth-advice-fold">
      <summary>{head}</summary>
      {children}
    </details>
  );
}
