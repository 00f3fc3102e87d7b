// What every component of one view can reach: the model's store and the view's own tooltip.

import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Store } from "../../state/store";

export interface Tip {
  text: string;
  anchor: HTMLElement;
}

export interface View {
  store: Store;
  tip: Signal<Tip | null>;
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("a component was drawn outside a Workbench");
  return view;
}
