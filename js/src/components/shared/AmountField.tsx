// A field for an amount: written to Python when it is left or entered, never while it is wrong.

import { useId } from "preact/hooks";
import { parseAmount } from "../../format";
import { useDraft } from "./useDraft";

interface Props {
  label: string;
  unit: string;
  /** 0 stands for no limit and is shown as an empty field. */
  value: number;
  show(value: number): string;
  whole?: boolean;
  disabled: boolean;
  commit(value: number): void;
}

export function AmountField({ label, unit, value, show, whole = false, disabled, commit }: Props) {
  const id = useId();

  const { draft, problem, handlers } = useDraft((typed) => {
    const amount = typed.trim() === "" ? 0 : parseAmount(typed);
    if (amount === null || (whole && !Number.isSafeInteger(amount))) {
      return whole
        ? `"${typed}" is no whole number; write one like 2,000, or nothing for no limit.`
        : `"${typed}" is no amount in dollars; write one like 1.50, or nothing for no limit.`;
    }
    if (amount !== value) commit(amount);
    return null;
  });

  return (
    <div class="tilth-amount">
      <label for={`${id}-input`}>{label}</label>
      <input
        id={`${id}-input`}
        class="tilth-input tilth-number"
        type="text"
        inputMode={whole ? "numeric" : "decimal"}
        autocomplete="off"
        placeholder="no limit"
        value={draft ?? (value > 0 ? show(value) : "")}
        disabled={disabled}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-unit ${id}-problem`}
        {...handlers}
      />
      <span class="tilth-muted" id={`${id}-unit`}>
        {unit}
      </span>
      <span class="tilth-problem" id={`${id}-problem`} role="alert">
        {problem}
      </span>
    </div>
  );
}
