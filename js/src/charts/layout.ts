// Fits a chart's specification to its place, and tells what stands in it.

import type { AccuracyPoint } from "../wire/types";

/** A chart in Vega-Lite, with its data inside. */
export type Spec = Record<string, unknown>;

interface Titled {
  title?: { text?: unknown; subtitle?: unknown };
}

/** What a chart says above itself: its title, and where its numbers come from. */
export function headOf(spec: Spec): { title: string; subtitle: string[] } {
  const { text, subtitle } = (spec as Titled).title ?? {};
  const lines = Array.isArray(subtitle) ? subtitle : subtitle === undefined ? [] : [subtitle];
  return { title: text === undefined ? "" : String(text), subtitle: lines.map(String) };
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
const LOW = 175;

/** Whether a chart with names beside its lines would have to shrink until its letters are too small to read. */
export function isCramped(spec: Spec, width: number): boolean {
  const [first] = panelsOf(spec);
  const plot = Number((first?.vconcat?.[0] ?? first)?.width ?? PLOT);
  return width < 0.9 * Number(spec.columns ?? 1) * (plot + NAMES);
}

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
    const [curve, ...lanes] = (panel.vconcat ?? [panel]).map(slim);
    if (several) return { ...curve, height: LOW };
    return lanes.length > 0 ? { ...panel, vconcat: [curve as Panel, ...lanes] } : (curve as Panel);
  });
  const { config, ...rest } = headless(spec);
  return { ...rest, concat: panels, columns, config: { ...(config as Spec), concat: { spacing: 12 } } };
}

interface LegendEntry {
  strategy: string;
  color: string;
  shape: string;
}

/** What is told apart by colour, with its shape where it has one, as the chart draws it. */
export function legendOf(spec: Spec): LegendEntry[] {
  const layers = panelsOf(spec).flatMap((panel) => (panel.vconcat?.[0] ?? panel).layer ?? []);
  const scaleOf = (name: string) => layers.find(({ encoding }) => encoding?.[name]?.scale?.domain);
  const { domain = [], range: colors = [] } = scaleOf("color")?.encoding?.color?.scale ?? {};
  const { domain: shaped = [], range: shapes = [] } = scaleOf("shape")?.encoding?.shape?.scale ?? {};
  return domain.map((strategy, place) => ({
    strategy,
    color: String(colors[place] ?? "currentcolor"),
    shape: String(shapes[shaped.indexOf(strategy)] ?? "square"),
  }));
}

/** Whether a drawn mark stands for this point: of a study, or measured among forecasts, which have one size. */
export const isPoint = (datum: unknown, point: AccuracyPoint): boolean => {
  const mark = (datum ?? {}) as Partial<AccuracyPoint> & { kind?: string };
  const here = mark.kind === "measured" || (mark.accuracy !== undefined && mark.seeds === point.seeds);
  return here && mark.strategy === point.strategy && mark.ratio === point.ratio;
};
