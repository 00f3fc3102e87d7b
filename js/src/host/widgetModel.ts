// The part of anywidget's AFM model that every host offers, and nothing more.

export type Listener = (...args: never[]) => void;

export interface WidgetModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
}
