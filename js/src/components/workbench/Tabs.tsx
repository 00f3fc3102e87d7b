// Tabs by the usual keys: arrows move between them, Tab leads into the panel.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useViewId } from "../shared/viewContext";

export interface Tab {
  name: string;
  title: string;
  body(shown: boolean): ComponentChildren;
}

interface Props {
  label: string;
  tabs: readonly Tab[];
  shown: string;
  show(name: string): void;
}

export function Tabs({ label, tabs, shown, show }: Props) {
  const id = useViewId();
  const strip = useRef<HTMLDivElement>(null);

  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ name }) => name === shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + tabs.length) % tabs.length;
    show(tabs[index]?.name ?? shown);
    strip.current?.querySelectorAll<HTMLElement>('[role="tab"]')[index]?.focus();
  };

  return (
    <div class="tilth-tabs">
      <div class="tilth-tab-strip" role="tablist" aria-label={label} ref={strip} onKeyDown={move}>
        {tabs.map(({ name, title }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-tab-${name}`}
            class="tilth-tab"
            aria-selected={name === shown}
            aria-controls={`${id}-panel-${name}`}
            tabIndex={name === shown ? 0 : -1}
            onClick={() => show(name)}
          >
            {title}
          </button>
        ))}
      </div>
      {tabs.map(({ name, body }) => (
        // A panel stays mounted, so that a filter or a place in the list survives a look elsewhere.
        <div
          key={name}
          role="tabpanel"
          class="tilth-panel"
          id={`${id}-panel-${name}`}
          aria-labelledby={`${id}-tab-${name}`}
          hidden={name !== shown}
        >
          {body(name === shown)}
        </div>
      ))}
    </div>
  );
}
