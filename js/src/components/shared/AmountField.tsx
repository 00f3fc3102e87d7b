// A field for an amount: written to Python when it is left or entered, never while it is wrong.

import { parseDollars, parseWhole } from "../../format";
import { useDraft } from "./useDraft";
import { useViewId } from "./viewContext";

/** As much as Python takes. */
const MOST = 1e12;

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
  const id = useViewId();

  const { problem, field } = useDraft(id, value > 0 ? show(value) : "", (typed) => {
    const amount = typed.trim() === "" ? 0 : whole ? parseWhole(typed) : parseDollars(typed);
    if (amount === null) {
      return whole
        ? `"${typed}" is no whole number; write one like 2,000, or nothing for no limit.`
        : `"${typed}" is no amount in dollars; write one like 1.50, or nothing for no limit.`;
    }
    if (amount === 0 && typed.trim() !== "") return `${unit} of 0 buy nothing; for no limit leave it empty.`;
    if (amount >= MOST) return `"${typed}" is too much; write less than a million million.`;
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
        disabled={disabled}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-unit ${id}-problem`}
        {...field}
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
