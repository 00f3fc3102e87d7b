// A titled section of the Quality tab.

import type { ComponentChildren } from "preact";

export function Section({
  title,
  wide,
  children,
}: {
  title: string;
  wide?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class={`tilth-quality-section${wide ? " tilth-quality-wide" : ""}`} aria-label={title}>
      <h4 class="tilth-label">{title}</h4>
      {children}
    </section>
  );
}
