// The state of one model: its traits as signals, its samples, and what can be asked of Python.

import { batch, type Signal, signal } from "@preact/signals";
import type { Listener, WidgetModel } from "../host/widgetModel";
import { EMPTY } from "../wire/emptyTraits";
import { KernelGone, type Reply, Rpc } from "../wire/rpc";
import { decodeSamples } from "../wire/samples";
import type {
  Command,
  Confirmation,
  Existing,
  ExportFormat,
  Notice,
  Push,
  Replies,
  Requests,
  RowDetail,
  Sample,
  StreamedReply,
  StudyChoices,
  Traits,
  Verdict,
} from "../wire/types";
import { isRunActive, isStudyActive } from "./activity";
import { FrameQueue } from "./frameQueue";
import { Pulse } from "./pulse";
import { SampleWindow } from "./sampleWindow";

type TraitSignals = { readonly [K in keyof Traits]: Signal<Traits[K]> };

const NAMES = Object.keys(EMPTY) as (keyof Traits)[];
// A batch and the status that counts it travel apart; only a batch that stays away this long was lost.
const LOST_AFTER_MS = 1_500;

interface SamplePage {
  rows: Sample[];
  more: boolean;
}

export class Store {
  readonly traits: TraitSignals;
  readonly samples: SampleWindow;
  /** The newest reply while it is being written, or null. */
  readonly streamedReply = signal<StreamedReply | null>(null);
  /** What Python asks before it spends, or null. */
  readonly confirmation = signal<Confirmation | null>(null);
  /** What there is to tell, newest last; the user takes them away one by one. */
  readonly notices = signal<readonly Notice[]>([]);
  /** The request that a button waits for, so that it is not sent twice. */
  readonly sent = signal<keyof Requests | null>(null);

  /** Whether the kernel is there. */
  readonly pulse = new Pulse(() => this.ask("view", { open: this.#open > 0, views: this.#views }));

  readonly #model: WidgetModel;
  readonly #rpc: Rpc;
  readonly #frames = new FrameQueue();
  readonly #listeners: [string, Listener][] = [];
  readonly #stale = new Set<keyof Traits>();
  #open = 0;
  #views = 0;
  #choosing = 0;
  #ownNotices = 0;
  #path: string | null = null;
  #latest: StreamedReply | null = null;
  #lost: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(model: WidgetModel) {
    this.#model = model;
    this.#rpc = new Rpc(
      (message) => model.send(message),
      () => this.pulse.lost(),
    );
    this.traits = Object.fromEntries(
      NAMES.map((name) => [name, signal(this.#valueOf(name))]),
    ) as TraitSignals;
    this.samples = new SampleWindow({
      page: async (after, most) => (await this.page(after, most, null, "")).rows,
      changed: () => this.#frames.schedule(this.#samplesChanged),
      failed: (error) => this.tell(error),
    });
    for (const name of NAMES) {
      this.#listen(`change:${name}`, () => {
        this.#stale.add(name);
        this.#frames.schedule(this.#refresh);
      });
    }
    this.#listen("msg:custom", (message: unknown, buffers: unknown) =>
      this.#receive(message as Record<string, unknown>, (buffers ?? []) as DataView[]),
    );
    // ipywidgets tells so that a kernel was restarted; a model that is told tries whether it can still send.
    this.#listen("comm_live_update", () => this.#tellView());
    this.#path = this.traits.status.value.path;
    this.#takeNotice();
    this.#followPulse();
  }

  /** Writes a choice of the user to Python. */
  choose<K extends "strategy" | "budget_queries" | "budget_usd">(name: K, value: Traits[K]): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  /** Sends any request; rejects with what Python says against it. */
  ask<K extends keyof Requests>(type: K, payload: Requests[K]): Promise<Reply<Replies[K]>> {
    return this.#rpc.request(type, payload);
  }

  /** Chooses another grid; Python answers with what it would take. */
  chooseStudy(change: Partial<StudyChoices>): void {
    const { regimes } = this.traits;
    const choices = { ...regimes.peek().choices, ...change };
    // Shown at once and kept until Python has taken the last, so that no choice undoes another.
    regimes.value = { ...regimes.peek(), choices };
    this.#choosing++;
    this.#rpc
      .request("regimes-plan", choices)
      .catch((error: Error) => this.tell(error))
      .finally(() => {
        this.#choosing--;
        if (this.#choosing === 0) regimes.value = this.#valueOf("regimes");
      });
  }

  /** Has another of the offered teachers answer; what was shown of the last one's run goes. */
  async chooseTeacher(name: string): Promise<void> {
    const { context } = this.traits;
    const { chosen_teacher: before } = context.peek();
    context.value = { ...context.peek(), chosen_teacher: name };
    try {
      await this.#rpc.request("teacher", { name });
      if (this.#valueOf("status").path === null) {
        this.#path = null;
        this.samples.clear();
      }
    } catch (error) {
      context.value = { ...context.peek(), chosen_teacher: before };
      this.tell(error as Error);
    }
  }

  /** Starts the run of the plan in sight, or goes on with it. */
  generate(): Promise<void> {
    return this.#button("generate", {
      strategy: this.#valueOf("strategy"),
      budget_queries: this.#valueOf("budget_queries"),
      budget_usd: this.#valueOf("budget_usd"),
    });
  }

  /** Starts the study of the choices in sight, or goes on with it. */
  runStudy(): Promise<void> {
    return this.#button("regimes-run", this.traits.regimes.peek().choices);
  }

  /** Sends a command of the bottom bar. */
  command(type: Command): Promise<void> {
    return this.#button(type, {});
  }

  /** Sends what a button asks for; a refusal becomes a notice. */
  async #button<K extends keyof Requests>(type: K, payload: Requests[K]): Promise<void> {
    this.sent.value = type;
    try {
      await this.#rpc.request(type, payload);
    } catch (error) {
      this.tell(error as Error);
    } finally {
      if (this.sent.value === type) this.sent.value = null;
    }
  }

  async page(
    after: number,
    most: number,
    verdicts: readonly Verdict[] | null,
    contains: string,
  ): Promise<SamplePage> {
    const reply = await this.#rpc.request("page", { after, limit: most, verdicts, contains });
    return {
      rows: decodeSamples(reply.buffers[0]),
      more: Boolean(reply.content.more),
    };
  }

  async open(rowId: string): Promise<RowDetail> {
    return (await this.#rpc.request("open", { row_id: rowId })).content.detail;
  }

  async save(
    format: ExportFormat,
    path: string,
    verdicts: readonly Verdict[],
    existing: Existing,
  ): Promise<Replies["save"]> {
    return (await this.#rpc.request("save", { format, path, verdicts, existing })).content;
  }

  confirm({ token }: Confirmation, yes: boolean): void {
    this.confirmation.value = null;
    this.#rpc.request("confirm", { token, yes }).catch((error: Error) => this.tell(error));
  }

  /** Counts the views, in sight or not: a workbench without one may end where a newer one shows its run. */
  viewMade(): void {
    this.#views++;
  }

  viewEnded(): void {
    this.#views--;
    if (this.#views === 0 && this.#open === 0) this.#tellView();
  }

  /** Counts the views that can be seen; rows and replies are sent only while there is one. */
  viewOpened(): void {
    this.#open++;
    if (this.#open === 1) this.#tellView();
    this.samples.expect(this.traits.status.value.last);
  }

  viewClosed(): void {
    this.#open--;
    if (this.#open === 0) this.#tellView();
  }

  tell(error: Error): void {
    if (this.#disposed || error instanceof KernelGone) return;
    this.#ownNotices--;
    this.#show({ id: this.#ownNotices, level: "error", text: error.message });
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((notice) => notice.id !== id);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const [event, listener] of this.#listeners) this.#model.off(event, listener);
    clearTimeout(this.#lost);
    this.pulse.end();
    this.#frames.cancel();
    this.#rpc.close();
  }

  readonly #samplesChanged = (): void => {
    this.samples.version.value++;
  };

  readonly #refresh = (): void => {
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const name of stale) {
      (this.traits[name] as Signal<unknown>).value = this.#valueOf(name);
    }
    if (stale.includes("status") || stale.includes("study_status")) {
      this.pulse.heard();
      this.#followPulse();
    }
    if (stale.includes("status")) this.#followStatus();
    if (stale.includes("notice")) this.#takeNotice();
  };

  #listen(event: string, listener: Listener): void {
    this.#model.on(event, listener);
    this.#listeners.push([event, listener]);
  }

  #valueOf<K extends keyof Traits>(name: K): Traits[K] {
    const empty = EMPTY[name];
    const value = this.#model.get(name);
    if (name === "regimes" && this.#choosing > 0) {
      const { choices } = this.traits.regimes.peek();
      return { ...EMPTY.regimes, ...(value as object | null), choices } as Traits[K];
    }
    if (Array.isArray(empty)) return (Array.isArray(value) ? value : empty) as Traits[K];
    if (typeof empty === "object") return { ...(empty as object), ...(value as object | null) } as Traits[K];
    return (value ?? empty) as Traits[K];
  }

  #followPulse(): void {
    const { status, study_status } = this.traits;
    const { state } = status.value;
    // A run that is paused, or waits for what was started, says nothing new for as long as it likes.
    this.pulse.expect((isRunActive(state) && state !== "paused") || isStudyActive(study_status.value));
  }

  #receive(message: Record<string, unknown>, buffers: DataView[]): void {
    this.pulse.heard();
    if (this.#rpc.settle(message, buffers)) return;
    const push = message as unknown as Push;
    // A message of a kind this page does not know comes from a newer Python and is left alone.
    if (push.type === "rows") this.#takeRows(buffers);
    else if (push.type === "text") this.#takeReply(push);
    else if (push.type === "confirm")
      this.confirmation.value = { token: push.token, text: push.text, priced: push.priced };
  }

  #takeRows(buffers: DataView[]): void {
    try {
      this.samples.push(decodeSamples(buffers[0]));
    } catch (error) {
      this.tell(new Error(`A batch of rows could not be read: ${(error as Error).message}`));
    }
  }

  readonly #showReply = (): void => {
    // The last words of a run may come after it has ended.
    this.streamedReply.value = isRunActive(this.traits.status.value.state) ? this.#latest : null;
  };

  #takeReply(reply: StreamedReply): void {
    this.#latest = { unit: reply.unit, purpose: reply.purpose, text: String(reply.text), done: reply.done };
    this.#frames.schedule(this.#showReply);
  }

  #followStatus(): void {
    const status = this.traits.status.value;
    if (!isRunActive(status.state)) {
      this.#latest = null;
      this.streamedReply.value = null;
    }
    if (status.path !== this.#path) {
      const other = this.#path !== null && status.path !== null;
      this.#path = status.path ?? this.#path;
      if (other) this.samples.clear();
    }
    clearTimeout(this.#lost);
    if (status.last > this.samples.last && this.#open > 0) {
      this.#lost = setTimeout(() => this.samples.expect(this.traits.status.value.last), LOST_AFTER_MS);
    }
  }

  #takeNotice(): void {
    const notice = this.traits.notice.value;
    if (notice.text && !this.notices.peek().some(({ id }) => id === notice.id)) this.#show(notice);
  }

  #show(notice: Notice): void {
    batch(() => {
      // The same words twice say nothing new.
      const others = this.notices.peek().filter(({ text }) => text !== notice.text);
      this.notices.value = [...others, notice].slice(-3);
    });
  }

  #tellView(): void {
    // Only the display of rows and replies hangs on it: a kernel too busy to answer is no one's concern.
    this.#rpc.request("view", { open: this.#open > 0, views: this.#views }).catch(() => undefined);
  }
}
