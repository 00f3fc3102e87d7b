// The whole workbench of one view.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Drafts } from "../../state/drafts";
import type { Store } from "../../state/store";
import { ExportPanel } from "../export/ExportPanel";
import { QualityPanel } from "../quality/QualityPanel";
import { RegimeExplorer } from "../regimes/RegimeExplorer";
import { StudyBar } from "../regimes/StudyBar";
import { StudyPlanColumn } from "../regimes/StudyPlanColumn";
import { SampleStream } from "../samples/SampleStream";
import { type Tip, type View, ViewContext } from "../shared/viewContext";
import { Announcer } from "./Announcer";
import { ConfirmDialog } from "./ConfirmDialog";
import { Header } from "./Header";
import { Notices } from "./Notices";
import { RunBar } from "./RunBar";
import { RunPlanColumn } from "./RunPlanColumn";
import { type Tab, Tabs } from "./Tabs";
import { TipLayer } from "./TipLayer";

const SAMPLES: Tab = { name: "samples", title: "Samples", body: () => <SampleStream /> };
const REGIMES: Tab = { name: "regimes", title: "Regimes", body: (shown) => <RegimeExplorer shown={shown} /> };
const QUALITY: Tab = { name: "quality", title: "Quality", body: (shown) => <QualityPanel shown={shown} /> };
const EXPORT: Tab = { name: "export", title: "Export", body: () => <ExportPanel /> };

// Each model has its own copy of this module, so that nothing here can count the views of a page.
const newView = (store: Store): View => ({
  store,
  tip: signal<Tip | null>(null),
  drafts: new Drafts(),
  prefix: `tilth-${Math.random().toString(36).slice(2, 12)}`,
});

export function Workbench({ store }: { store: Store }) {
  const [view] = useState<View>(() => newView(store));
  const [shown, show] = useState(SAMPLES.name);
  // Without questions to test on there is nothing to compare strategies by.
  const compares = store.traits.regimes.value.tests.length > 0;
  // A study has a plan and a progress of its own: they stand where those of the run do.
  const study = shown === REGIMES.name;
  return (
    <ViewContext.Provider value={view}>
      <div class={`tilth-frame${study ? " tilth-frame-study" : ""}`}>
        <Header />
        <div class="tilth-body">
          {study ? <StudyPlanColumn /> : <RunPlanColumn />}
          <section class="tilth-main" aria-label="Results">
            <Tabs
              label="Results"
              tabs={compares ? [SAMPLES, REGIMES, QUALITY, EXPORT] : [SAMPLES, QUALITY, EXPORT]}
              shown={shown}
              show={show}
            />
          </section>
        </div>
        <Notices />
        {study ? <StudyBar /> : <RunBar />}
        <ConfirmDialog />
        <TipLayer />
        <Announcer />
      </div>
    </ViewContext.Provider>
  );
}
