// A labelled choice of one out of few.

interface Props<V extends string> {
  label: string;
  value: V;
  options: readonly { value: V; text: string }[];
  disabled?: boolean;
  choose(value: V): void;
}

export function Select<V extends string>({ label, value, options, disabled, choose }: Props<V>) {
  return (
    <label class="tilth-select">
      <span class="tilth-muted">{label}</span>
      <select
        class="tilth-input"
        value={value}
        disabled={disabled}
        onChange={(event) => choose(event.currentTarget.value as V)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}
