// Shows a workbench's output in a notebook: its widget while there is one, else the still picture beside it.
import type { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Panel, Widget } from "@lumino/widgets";

const MIME = "application/vnd.tilth.workbench+json";
const WIDGET_VIEW = "application/vnd.jupyter.widget-view+json";
// Before ipywidgets' own, which shows an error where a notebook is opened without the kernel that ran it.
const RANK = -20;
// A widget takes a moment to come; the picture would only flash before it.
const PATIENCE_MS = 1_500;

/** What `tilth.jupyter.fallback` puts into the bundle. All of it is text. */
interface Still {
  line: string;
  caption: string;
  columns: string[];
  rows: string[][];
  advice: string;
  path: string;
}

/** Has a notebook's outputs show workbenches this way. */
export function showWorkbenches(rendermime: IRenderMimeRegistry): void {
  const createRenderer = () => new WorkbenchOutput(rendermime);
  rendermime.addFactory({ safe: true, mimeTypes: [MIME], createRenderer }, RANK);
}

class WorkbenchOutput extends Panel implements IRenderMime.IRenderer {
  readonly #rendermime: IRenderMimeRegistry;
  readonly #still = new Widget();
  readonly #observer = new MutationObserver(() => this.#choose());
  #live: IRenderMime.IRenderer | null = null;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(rendermime: IRenderMimeRegistry) {
    super();
    this.#rendermime = rendermime;
    this.#still.addClass("jp-RenderedHTMLCommon");
    this.#still.addClass("tilth-still");
    this.#still.hide();
    this.addWidget(this.#still);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.#forget();
    this.#still.node.replaceChildren(...drawn(model.data[MIME] as unknown as Still));
    if (model.trusted && WIDGET_VIEW in model.data && this.#rendermime.getFactory(WIDGET_VIEW)) {
      const live = this.#rendermime.createRenderer(WIDGET_VIEW);
      this.#live = live;
      this.addWidget(live);
      this.#observer.observe(live.node, { childList: true });
      this.#waiting = setTimeout(() => {
        this.#waiting = undefined;
        this.#choose();
      }, PATIENCE_MS);
      // Without a kernel this is never done, and the notebook must not wait for it.
      void live.renderModel(model);
    }
    this.#choose();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#forget();
    super.dispose();
  }

  /** Shows the one of the two that has something to show. ipywidgets' own words are text without elements. */
  #choose(): void {
    const live = this.#live;
    const there = live !== null && live.node.childElementCount > 0;
    live?.setHidden(!there);
    this.#still.setHidden(there || this.#waiting !== undefined);
  }

  #forget(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#observer.disconnect();
    this.#live?.dispose();
    this.#live = null;
  }
}

function drawn(still: Still): HTMLElement[] {
  const path = element("code", still.path);
  const advice = element("p", `${still.advice} Its run is kept in `);
  advice.append(path);
  const table = element("table");
  const head = element("tr");
  head.append(...still.columns.map((name) => cell("th", name)));
  const rows = still.rows.map((texts) => {
    const row = element("tr");
    row.append(...texts.map((text) => cell("td", text)));
    return row;
  });
  table.append(element("caption", still.caption), head, ...rows);
  return [advice, element("p", still.line), table];
}

/** A cell of texts: JupyterLab sets cells to the right, as numbers want it. */
function cell(name: "td" | "th", text: string): HTMLElement {
  const node = element(name, text);
  node.style.textAlign = "left";
  return node;
}

function element(name: string, text = ""): HTMLElement {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}
