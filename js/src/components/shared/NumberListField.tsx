// A field for a list of numbers: written to Python when it is left or entered, never while it is wrong.

import { parseNumbers } from "../../format";
import { useDraft } from "./useDraft";
import { useViewId } from "./viewContext";

interface Props {
  label: string;
  values: readonly number[];
  whole?: boolean;
  /** Takes one number. */
  single?: boolean;
  disabled: boolean;
  commit(values: readonly number[]): void;
}

export function NumberListField({ label, values, whole = false, single = false, disabled, commit }: Props) {
  const id = useViewId();
  const { problem, field } = useDraft(id, values.join(", "), (typed) => {
    const numbers = parseNumbers(typed, whole);
    if (numbers === null || (single && numbers.length > 1)) {
      return single
        ? `"${typed}" is no whole number above 0; write one like 3.`
        : `"${typed}" is no list of ${whole ? "whole " : ""}numbers above 0; write one like 25, 100.`;
    }
    if (numbers.join() !== values.join()) commit(numbers);
    return null;
  });

  return (
    <div class="tilth-list-field">
      <label class="tilth-muted" for={`${id}-input`}>
        {label}
      </label>
      <input
        id={`${id}-input`}
        class="tilth-input tilth-number"
        type="text"
        inputMode="decimal"
        autocomplete="off"
        spellcheck={false}
        disabled={disabled}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem`}
        {...field}
      />
      <span class="tilth-problem" id={`${id}-problem`} role="alert">
        {problem}
      </span>
    </div>
  );
}
