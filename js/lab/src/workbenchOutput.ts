// Shows a workbench's output in a notebook: its widget while there is one, else the still picture beside it.
import type { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Panel, Widget } from "@lumino/widgets";

const MIME = "application/vnd.tilth.workbench+json";
const WIDGET_VIEW = "application/vnd.jupyter.widget-view+json";
// Before ipywidgets' own, which shows an error where a notebook is opened without the kernel that ran it.
const RANK = -20;
const LOOK_MS = 500;
// A widget takes a moment to come; the picture would only flash before it.
const LOOKS_BEFORE_PICTURE = 3;
// The manager of a notebook's widgets may come this many looks after its outputs.
const MOST_LOOKS = 240;

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
  #factory: IRenderMime.IRendererFactory | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #looks = 0;

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
    if (model.trusted && WIDGET_VIEW in model.data) {
      this.#timer = setInterval(() => this.#look(model), LOOK_MS);
      this.#revive(model);
    }
    this.#choose();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#forget();
    super.dispose();
  }

  #look(model: IRenderMime.IMimeModel): void {
    this.#looks += 1;
    if (this.#hasLive() || this.#looks === MOST_LOOKS) this.#endLooking();
    // A page that is loaded again draws outputs before ipywidgets gives their notebook a manager. It hands that
    // to renderers of its own in the outputs, but not within others, and from then on makes them by a new factory.
    else if (this.#rendermime.getFactory(WIDGET_VIEW) !== this.#factory) this.#revive(model);
    this.#choose();
  }

  #revive(model: IRenderMime.IMimeModel): void {
    this.#dropLive();
    this.#factory = this.#rendermime.getFactory(WIDGET_VIEW);
    if (!this.#factory) return;
    const live = this.#rendermime.createRenderer(WIDGET_VIEW);
    this.#live = live;
    this.addWidget(live);
    this.#observer.observe(live.node, { childList: true });
    // Without a kernel this is never done, and the notebook must not wait for it.
    void live.renderModel(model);
  }

  /** Shows the one of the two that has something to show. */
  #choose(): void {
    const there = this.#hasLive();
    this.#live?.setHidden(!there);
    this.#still.setHidden(there || (this.#timer !== undefined && this.#looks < LOOKS_BEFORE_PICTURE));
  }

  /** Whether there is a widget. ipywidgets' own words are text without elements. */
  #hasLive(): boolean {
    return this.#live !== null && this.#live.node.childElementCount > 0;
  }

  #forget(): void {
    this.#endLooking();
    this.#looks = 0;
    this.#dropLive();
  }

  #endLooking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #dropLive(): void {
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
