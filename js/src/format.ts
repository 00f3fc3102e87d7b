// How numbers are written: grouped thousands, dollars, durations, sizes; and what is typed taken for one.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

export const DASH = "–";

export const count = (value: number): string => whole.format(value);

export const decimal = (value: number): string => oneDigit.format(value);

/** Dollars with the digits that matter: $12.50, $0.084, $0.0003. */
export function dollars(value: number): string {
  if (value === 0) return "$0.00";
  const digits = Math.abs(value) >= 0.1 ? 2 : Math.abs(value) >= 0.001 ? 4 : 6;
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}

/** A share in per cent: 84.3%. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;

/** A running clock: 4:12, 1:04:12. */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** A rough length of time: 40 s, 4 min, 2.5 h. */
export function roughly(seconds: number): string {
  if (seconds < 1) return "< 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${decimal(seconds / 3600)} h`;
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${decimal(value / 1e3)} kB`;
  return `${decimal(value / 1e6)} MB`;
}

/** What a person typed as an amount ("2,000", "$1.50"); null where it is none. */
export function parseAmount(typed: string): number | null {
  const plain = typed
    .trim()
    .replace(/^\$\s*/, "")
    .replace(/[,\s_]/g, "");
  if (!/^\d+(\.\d+)?$|^\.\d+$/.test(plain)) return null;
  return Number(plain);
}

/** Numbers between commas or spaces; null where one of them is none, or none is there. */
export function parseNumbers(typed: string, whole: boolean): number[] | null {
  const parts = typed.split(/[\s,;]+/).filter((part) => part !== "");
  const numbers = parts.map(parseAmount);
  const right = (value: number | null): value is number =>
    value !== null && value > 0 && (!whole || Number.isSafeInteger(value));
  return numbers.length > 0 && numbers.every(right) ? numbers : null;
}
