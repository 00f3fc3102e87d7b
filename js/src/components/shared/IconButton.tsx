// A button with a sign, which keeps the focus when it goes dead.

import { Icon, type IconName } from "./Icon";

interface Props {
  icon: IconName;
  text: string;
  main?: boolean;
  /** Shows the sign alone; its word is said and stands in the tooltip. */
  bare?: boolean;
  can: boolean;
  /** The id of what says why it cannot be pressed. */
  describedBy?: string;
  press(): void;
}

// aria-disabled instead of disabled: a button that goes dead under the finger must not lose the focus.
export function IconButton({ icon, text, main = false, bare = false, can, describedBy, press }: Props) {
  return (
    <button
      type="button"
      class={`tilth-button${main ? " tilth-button-main" : ""}`}
      aria-disabled={!can}
      aria-label={text}
      aria-describedby={describedBy}
      title={bare ? text : undefined}
      onClick={() => {
        if (can) press();
      }}
    >
      <Icon name={icon} />
      {!bare && text}
    </button>
  );
}
