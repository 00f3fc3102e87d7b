// Draws Vega-Lite charts: a second bundle, sent once when the first chart is shown.

import { type Loader, parse, View, Warn } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";

export interface Drawing {
  /** The chart as SVG, not yet in the page. */
  node: HTMLElement;
  /** Ends its listeners. */
  finalize(): void;
}

const refuse = (): Promise<never> =>
  Promise.reject(new Error("a chart of Tilth holds its data and asks for nothing"));

const LOADER: Loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

/**
 * Draws a specification whose data stand inside it. `picked` is given what a clicked mark stands for.
 *
 * Expressions are interpreted, not compiled to code, so that a page may forbid `eval`.
 */
export async function draw(
  spec: Record<string, unknown>,
  picked: (datum: Record<string, unknown>) => void,
): Promise<Drawing> {
  const runtime = parse(compile(spec as unknown as TopLevelSpec).spec, undefined, { ast: true });
  const node = document.createElement("div");
  const view = new View(runtime, {
    container: node,
    expr: expressionInterpreter,
    hover: true,
    loader: LOADER,
    logLevel: Warn,
    renderer: "svg",
  });
  view.addEventListener("click", (_event, item) => {
    if (item?.datum && typeof item.datum === "object") picked(item.datum as Record<string, unknown>);
  });
  await view.runAsync();
  return { node, finalize: () => view.finalize() };
}
