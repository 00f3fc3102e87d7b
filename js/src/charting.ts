// Draws a chart's specification: loads the bundle that can, once for the whole page, and fits it to its place.

import type { Point } from "./protocol";
import type { Store } from "./store";
import type { Drawing, draw } from "./vega";

type Spec = Record<string, unknown>;

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

interface Titled {
  title?: { text?: unknown; subtitle?: unknown };
}

/** What a chart says above itself: its title, and where its figures come from. */
export function headOf(spec: Spec): { title: string; lines: string[] } {
  const { text, subtitle } = (spec as Titled).title ?? {};
  const lines = Array.isArray(subtitle) ? subtitle : subtitle === undefined ? [] : [subtitle];
  return { title: text === undefined ? "" : String(text), lines: lines.map(String) };
}

interface Panel {
  vconcat?: Panel[];
  layer?: Panel[];
  encoding?: Record<string, { value?: unknown; scale?: { domain?: string[]; range?: string[] } } | undefined>;
  [key: string]: unknown;
}

const panelsOf = (spec: Spec): Panel[] => (Array.isArray(spec.concat) ? (spec.concat as Panel[]) : []);

/** The chart without its head, which the page writes itself, so that it wraps and can be selected. */
export function headless(spec: Spec): Spec {
  const { title: _title, description: _description, ...rest } = spec;
  return { ...rest, config: { ...(spec.config as Spec), padding: 4 } };
}

/** One narrow column of panels: no names beside the lines and no lanes below; a legend stands for them. */
export function narrow(spec: Spec, width: number, height: number): Spec {
  const beside = ({ encoding }: Panel) => encoding?.x !== undefined && encoding.x.value !== undefined;
  const slim = (panel: Panel): Panel => {
    const curve = panel.vconcat?.[0] ?? panel;
    const layers = curve.layer?.filter((layer) => !beside(layer));
    return { ...curve, width, height, ...(layers && { layer: layers }) };
  };
  return { ...headless(spec), concat: panelsOf(spec).map(slim), columns: 1 };
}

export interface Sign {
  strategy: string;
  color: string;
  shape: string;
}

/** Strategies with their colour and shape, as the chart draws them. */
export function legendOf(spec: Spec): Sign[] {
  const layers = panelsOf(spec).flatMap((panel) => (panel.vconcat?.[0] ?? panel).layer ?? []);
  const found = layers.find(({ encoding }) => encoding?.shape?.scale?.domain)?.encoding;
  const { domain = [], range: shapes = [] } = found?.shape?.scale ?? {};
  const colors = found?.color?.scale?.range ?? [];
  return domain.map((strategy, place) => ({
    strategy,
    color: String(colors[place] ?? "currentcolor"),
    shape: String(shapes[place] ?? "circle"),
  }));
}

/** Whether a drawn mark stands for this point. */
export const isPoint = (datum: unknown, point: Point): boolean => {
  const { strategy, seeds, ratio, accuracy } = (datum ?? {}) as Partial<Point>;
  return (
    accuracy !== undefined && strategy === point.strategy && seeds === point.seeds && ratio === point.ratio
  );
};
