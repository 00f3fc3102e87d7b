// A value that names its source, on hover and on focus.

import type { ComponentChildren } from "preact";
import { useView, useViewId } from "./viewContext";

interface Props {
  /** What the value is, as the tooltip opens: "Expected rows". */
  name: string;
  /** Where it comes from: "estimated from …", "measured: …", "published: …". */
  source: string;
  class?: string;
  children: ComponentChildren;
}

export function SourcedValue({ name, source, class: extra, children }: Props) {
  const { tip } = useView();
  const id = useViewId();
  const text = `${name}: ${source}`;
  const show = (event: { currentTarget: HTMLElement }) => {
    tip.value = { text, anchor: event.currentTarget };
  };
  const hide = () => {
    tip.value = null;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it does nothing but show where it comes from
    <span
      class={`tilth-sourced${extra ? ` ${extra}` : ""}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a source that only a mouse finds would be no source
      tabIndex={0}
      aria-describedby={id}
      onMouseEnter={show}
      onMouseLeave={hide}
      onFocus={show}
      onBlur={hide}
      onKeyDown={(event) => {
        if (event.key === "Escape") hide();
      }}
    >
      {children}
      <span class="tilth-hidden" role="tooltip" id={id}>
        {text}
      </span>
    </span>
  );
}
