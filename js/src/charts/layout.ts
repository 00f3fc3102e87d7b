// Draws a chart's specification: loads the bundle that can, once for the whole page, and fits it to its place.

import type { Store } from "../state/store";
import type { Drawing, draw } from "../vega";
import type { Point } from "../wire/study";

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

// What a panel takes beside its plot, in pixels, as the charts draw it: axis and names, or the axis alone.
const PLOT = 290;
const NAMES = 185;
const AXIS = 58;
const HEIGHT = { one: 240, several: 175 } as const;

/** Whether a chart with names beside its lines would have to shrink until its letters are too small to read. */
export const isCramped = (spec: Spec, width: number): boolean =>
  width < 0.9 * Number(spec.columns ?? 1) * (PLOT + NAMES);

/** The chart without its head, which the page writes itself, so that it wraps and can be selected. */
export function headless(spec: Spec): Spec {
  const { title: _title, description: _description, ...rest } = spec;
  return { ...rest, config: { ...(spec.config as Spec), padding: 4 } };
}

/** The chart in `width` pixels: a legend of the page's stands for the names beside its lines. */
export function narrow(spec: Spec, width: number, several: boolean): Spec {
  const columns = several ? 1 : Number(spec.columns ?? 1);
  const plot = Math.max(120, Math.floor(width / columns) - AXIS);
  const beside = ({ encoding }: Panel) => encoding?.x !== undefined && encoding.x.value !== undefined;
  const slim = (panel: Panel): Panel => ({
    ...panel,
    ...(panel.width !== undefined && { width: plot }),
    ...(panel.layer && { layer: panel.layer.filter((layer) => !beside(layer)) }),
  });
  const panels = panelsOf(spec).map((panel): Panel => {
    const [curve, lanes] = (panel.vconcat ?? [panel]).map(slim);
    const tall = { ...curve, height: several ? HEIGHT.several : HEIGHT.one };
    return lanes && !several ? { ...panel, vconcat: [tall, lanes] } : tall;
  });
  const { config, ...rest } = headless(spec);
  return { ...rest, concat: panels, columns, config: { ...(config as Spec), concat: { spacing: 12 } } };
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
