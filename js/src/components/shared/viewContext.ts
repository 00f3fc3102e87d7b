// What every component of one view can reach: the model's store, and what is the view's own.

import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useId } from "preact/hooks";
import type { Drafts } from "../../state/drafts";
import type { Store } from "../../state/store";

export interface Tip {
  text: string;
  anchor: HTMLElement;
}

export interface View {
  store: Store;
  tip: Signal<Tip | null>;
  drafts: Drafts;
  /** What the ids of this view begin with: a page may show several, of one model or of many. */
  prefix: string;
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("a component was drawn outside a Workbench");
  return view;
}

/** An id, or the name of a radio group, that no other view in the page has: Preact counts its own per view. */
export function useViewId(): string {
  return `${useView().prefix}-${useId()}`;
}
