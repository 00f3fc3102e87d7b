// The whole workbench of one view.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Store } from "../store";
import { Announcer } from "./Announcer";
import { BottomBar } from "./BottomBar";
import { Confirm } from "./Confirm";
import { type Tip, type View, ViewContext } from "./context";
import { ExportPanel } from "./ExportPanel";
import { Header } from "./Header";
import { Notices } from "./Notices";
import { PlanColumn } from "./PlanColumn";
import { Samples } from "./Samples";
import { type Tab, Tabs } from "./Tabs";
import { TipLayer } from "./TipLayer";

const TABS: readonly Tab[] = [
  { name: "samples", title: "Samples", body: () => <Samples /> },
  { name: "export", title: "Export", body: () => <ExportPanel /> },
];

export function Workbench({ store }: { store: Store }) {
  const [view] = useState<View>(() => ({ store, tip: signal<Tip | null>(null) }));
  return (
    <ViewContext.Provider value={view}>
      {/* JupyterLab would otherwise take the keys pressed in here for its own: "d d" deletes a cell. */}
      <div class="tilth-frame" data-lm-suppress-shortcuts="true">
        <Header />
        <div class="tilth-body">
          <PlanColumn />
          <section class="tilth-main" aria-label="Results">
            <Tabs label="Results" tabs={TABS} />
          </section>
        </div>
        <Notices />
        <BottomBar />
        <Confirm />
        <TipLayer />
        <Announcer />
      </div>
    </ViewContext.Provider>
  );
}
