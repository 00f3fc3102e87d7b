// What one view of a study shows: which chart of which test sets, drawn again as cells are measured.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
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

const OF_ADVICE: readonly ChartKind[] = ["forecast", "gap", "spending"];

/** Whether a chart is of what is advised or decided, on validation questions, not of a study's test sets. */
export const isOfAdvice = (kind: ChartKind): boolean => OF_ADVICE.includes(kind);

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
  /** What is chosen; what is shown may be another kind, or stand on another axis. */
  readonly chosenKind = signal<ChartKind>("regimes");
  readonly chosenAxis = signal<Axis>("ratio");
  /** A chart of advice is there only while there is something of it to draw. */
  readonly kinds = computed<readonly ChartKind[]>(() => {
    const { charted, decisions } = this.#store.traits.advice.value;
    const kinds: ChartKind[] = ["regimes", "spread"];
    if (charted) kinds.push("forecast", "gap");
    if (decisions.length > 0) kinds.push("spending");
    return kinds;
  });
  readonly kind = computed<ChartKind>(() =>
    this.kinds.value.includes(this.chosenKind.value) ? this.chosenKind.value : "regimes",
  );
  /** Those that the shown kind can stand on; none where it has no axis to choose. */
  readonly axes = computed<readonly Axis[]>(() => {
    const { axes } = this.#store.traits.regimes.value;
    if (this.kind.value === "gap" || this.kind.value === "spending") return [];
    return this.kind.value === "forecast" ? axes.filter((axis) => axis === "ratio" || axis === "usd") : axes;
  });
  readonly axis = computed<Axis>(() =>
    this.axes.value.includes(this.chosenAxis.value) ? this.chosenAxis.value : "ratio",
  );
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
      const advised = isOfAdvice(this.kind.value) ? JSON.stringify(store.traits.advice.value) : "";
      if (this.shown.value) this.#want(status, chosen, advised);
    });
  }

  /** The test sets that are shown, validation only where it is chosen by name, or advice is shown. */
  tests(): readonly string[] {
    const { tests } = this.#store.traits.regimes.peek();
    if (isOfAdvice(this.kind.peek())) return [tests.find(({ decides }) => decides)?.name ?? "validation"];
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

  #want(status: StudyStatus, chosen: string, advised: string): void {
    const measured = `${status.cells}\n${isStudyActive(status)}`;
    const wanted = `${chosen}\n${advised || measured}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    const urgent = chosen !== this.#chosen;
    this.#chosen = chosen;
    const place = `${status.path}\n${this.tests().join("\n")}`;
    if (place !== this.#place) this.picked.value = null;
    this.#place = place;
    if (status.cells === 0 && !advised) {
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
