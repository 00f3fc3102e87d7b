// Draws a chart's specification, by a bundle that is loaded once for the whole page.

import type { Store } from "../state/store";
import type { Drawing, draw } from "../vega";
import type { Spec } from "./layout";

interface Bundle {
  draw: typeof draw;
}

// One page may hold many widgets, each with a bundle of its own; the charts' is worth sharing.
const PLACE = Symbol.for("tilth.vega");
const shared = globalThis as { [PLACE]?: Promise<Bundle> | undefined };

async function fetchBundle(store: Store): Promise<Bundle> {
  const [code] = (await store.ask("vega", {})).buffers;
  if (!code) throw new Error("the bundle that draws charts came without its code");
  const bytes = new Uint8Array(code.buffer as ArrayBuffer, code.byteOffset, code.byteLength);
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try {
    return (await import(/* @vite-ignore */ url)) as Bundle;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Draws a specification; `picked` is told of each mark that is clicked. */
export async function drawChart(store: Store, spec: Spec, picked: (datum: Spec) => void): Promise<Drawing> {
  shared[PLACE] ??= fetchBundle(store);
  let bundle: Bundle;
  try {
    bundle = await shared[PLACE];
  } catch (error) {
    shared[PLACE] = undefined; // the next chart asks again
    throw error;
  }
  return bundle.draw(spec, picked);
}
