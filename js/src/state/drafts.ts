// The fields of one view that hold what was typed and is not entered yet, and what is wrong with them.

import { computed, type ReadonlySignal, signal } from "@preact/signals";

export class Drafts {
  /** What is wrong, by the field's id; a field that is right or untouched is not in it. */
  readonly problems = signal<ReadonlyMap<string, string>>(new Map());
  /** All that is wrong in one text, or null. */
  readonly problem: ReadonlySignal<string | null> = computed(
    () => [...this.problems.value.values()].join(" ") || null,
  );
  readonly #fields = new Map<string, () => void>();

  /** Adds a field; `enter` enters what stands in it as a draft. Returns what takes the field away. */
  add(id: string, enter: () => void): () => void {
    this.#fields.set(id, enter);
    return () => {
      this.#fields.delete(id);
      this.tell(id, null);
    };
  }

  /** Says what is wrong with a field; null for nothing. */
  tell(id: string, problem: string | null): void {
    if ((this.problems.peek().get(id) ?? null) === problem) return;
    const others = [...this.problems.peek()].filter(([other]) => other !== id);
    this.problems.value = new Map(problem === null ? others : [...others, [id, problem]]);
  }

  /** Enters every draft, as leaving its field does; whether all of them were right. */
  enter(): boolean {
    for (const enter of this.#fields.values()) enter();
    return this.problem.peek() === null;
  }
}
