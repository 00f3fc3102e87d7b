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

/** Dollars as a field shows them, every digit of them: 1,500.00, 0.0005. */
export const dollarsTyped = (value: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 9 });

/** A share in per cent: 84.3%. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)}%`;

/** A difference of shares in points, with its sign: +1.2, −0.4, 0.0. */
export function signedPoints(share: number): string {
  const shown = (100 * Math.abs(share)).toFixed(1);
  if (Number(shown) === 0) return shown;
  return `${share < 0 ? "−" : "+"}${shown}`;
}

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

/** A file's name without suffix, of what it holds: "gsm8k-new-question". */
export function fileStem(seeds: string, strategy: string): string {
  const parts = [seeds.replace(/.*[\\/]/, "").replace(/\.\w+$/, ""), strategy];
  return (
    parts
      .map((part) => part.replace(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-|-$/g, ""))
      .filter(Boolean)
      .join("-") || "rows"
  );
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${decimal(value / 1e3)} kB`;
  return `${decimal(value / 1e6)} MB`;
}

const UNGROUPED = /[,\s_'’]/g;
const WHOLE = String.raw`\d+|\d{1,3}(?:([,\s_'’])\d{3})(?:\1\d{3})*`;
const WHOLE_ALONE = new RegExp(`^(?:${WHOLE})$`);
const POINTED = new RegExp(`^(?:${WHOLE})?(?:\\.\\d+)?$`);
// A comma before one or two digits is a decimal comma: to drop it would make $150 of $1,50.
const DECIMAL_COMMA = /^(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}$/;

/** A whole number as a person types it ("2,000", "2 000"); null where it is none. */
export function parseWhole(typed: string): number | null {
  const plain = typed.trim();
  const value = Number(plain.replace(UNGROUPED, ""));
  return WHOLE_ALONE.test(plain) && Number.isSafeInteger(value) ? value : null;
}

/** Dollars as a person types them ("1,500.50", "$20", "20$", "1,50", "20 USD"); null where they are none. */
export function parseDollars(typed: string): number | null {
  const plain = typed
    .trim()
    .replace(/^(?:us ?)?\$\s*|^usd\s*/i, "")
    .replace(/\s*(?:(?:us ?)?\$|usd|dollars?)$/i, "");
  if (DECIMAL_COMMA.test(plain)) return Number(plain.replace(/\./g, "").replace(",", "."));
  return plain !== "" && POINTED.test(plain) ? Number(plain.replace(UNGROUPED, "")) : null;
}

/** Numbers between commas or spaces; null where one of them is none, or none is there. */
export function parseNumbers(typed: string, whole: boolean): number[] | null {
  const parts = typed.split(/[\s,;]+/).filter((part) => part !== "");
  const right = (part: string) =>
    (whole ? /^\d+$/ : /^\d+(\.\d+)?$|^\.\d+$/).test(part) && Number(part) > 0 && Number(part) < 1e9;
  return parts.length > 0 && parts.every(right) ? parts.map(Number) : null;
}
