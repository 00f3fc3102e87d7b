// What one view of a study shows: which chart of which test sets, drawn again as cells are measured.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Theme } from "../host/theme";
import type {
  AccuracyPoint,
  Axis,
  Chart,
  ChartChoices,
  ChartKind,
  Existing,
  Replies,
  StudyStatus,
} from "../wire/types";
import { isStudyActive } from "./activity";
import type { Store } from "./store";

// A chart that grows is drawn again at most this often.
const PAUSE_MS = 1_000;

/** Stands for all test sets side by side. */
export const ALL = "";

/** A chart of one test set. */
export interface TestChart extends Chart {
  test: string;
}

/** A point, and the test set it was seen on. */
export interface PickedPoint {
  point: AccuracyPoint;
  test: string;
}

export class StudyCharts {
  readonly kind = signal<ChartKind>("regimes");
  readonly axis = signal<Axis>("ratio");
  /** A test set's name, or ALL. */
  readonly test = signal(ALL);
  readonly drawn = signal<readonly TestChart[]>([]);
  readonly picked = signal<PickedPoint | null>(null);
  /** Whether its tab is open: until it is, nothing is drawn. */
  readonly shown = signal(false);
  /** True while Python draws what was chosen last. */
  readonly drawing = signal(false);

  readonly #store: Store;
  readonly #theme: ReadonlySignal<Theme>;
  readonly #stop: () => void;
  #wanted = "";
  #chosen = "";
  #place = "";
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(store: Store, theme: ReadonlySignal<Theme>) {
    this.#store = store;
    this.#theme = theme;
    this.test.value = store.traits.regimes.peek().tests[0]?.name ?? ALL;
    this.#stop = effect(() => {
      const status = store.traits.study_status.value;
      const chosen = [this.kind.value, this.axis.value, this.test.value, theme.value, status.path].join("\n");
      if (this.shown.value) this.#want(status, chosen);
    });
  }

  /** The test sets that are shown, validation only where it is chosen by name. */
  tests(): readonly string[] {
    const { tests } = this.#store.traits.regimes.peek();
    const all = tests.filter(({ decides }) => !decides).map(({ name }) => name);
    return this.test.peek() === ALL ? all : [this.test.peek()];
  }

  async save(path: string, existing: Existing): Promise<Replies["regimes-save"]> {
    const wanted = { ...this.#choices(), path, tests: this.tests(), existing };
    return (await this.#store.ask("regimes-save", wanted)).content;
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#stop();
  }

  #choices(): ChartChoices {
    return { kind: this.kind.peek(), axis: this.axis.peek(), theme: this.#theme.peek() };
  }

  #want(status: StudyStatus, chosen: string): void {
    const wanted = `${chosen}\n${status.cells}\n${isStudyActive(status)}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    const urgent = chosen !== this.#chosen;
    this.#chosen = chosen;
    const place = `${status.path}\n${this.test.peek()}`;
    if (place !== this.#place) this.picked.value = null;
    this.#place = place;
    if (status.cells === 0) {
      this.drawn.value = [];
      return;
    }
    this.drawing.value ||= urgent;
    if (this.#busy) return;
    if (urgent) clearTimeout(this.#timer);
    else if (this.#timer) return;
    void this.#load();
  }

  async #load(): Promise<void> {
    const wanted = this.#wanted;
    const chosen = this.#chosen;
    const choices = this.#choices();
    this.#busy = true;
    this.#timer = undefined;
    try {
      const charts: TestChart[] = [];
      for (const test of this.tests()) {
        charts.push({ ...(await this.#store.ask("regimes-chart", { ...choices, test })).content, test });
      }
      if (chosen === this.#chosen && !this.#disposed) this.drawn.value = charts;
    } catch (error) {
      this.#store.tell(error as Error);
    } finally {
      this.#busy = false;
      this.#next(wanted, chosen);
    }
  }

  #next(wanted: string, chosen: string): void {
    if (this.#disposed) return;
    if (chosen !== this.#chosen) {
      void this.#load();
      return;
    }
    this.drawing.value = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (wanted !== this.#wanted && !this.#busy) void this.#load();
    }, PAUSE_MS);
  }
}
