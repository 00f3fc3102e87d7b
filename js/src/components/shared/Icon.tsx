// The few signs the workbench draws itself, so that they look alike with every font.

const PATHS = {
  accepted: "M3 8.5 6.5 12 13 4.5",
  rejected: "M4 4 12 12 M12 4 4 12",
  close: "M4 4 12 12 M12 4 4 12",
  arrow: "M2.5 8 H13 M9 4 13 8 9 12",
  up: "M8 13 V3.5 M4 7.5 8 3.5 12 7.5",
} as const;

const SHAPES = {
  play: "M4 2.5 13.5 8 4 13.5 Z",
  pause: "M3.5 2.5 H6.5 V13.5 H3.5 Z M9.5 2.5 H12.5 V13.5 H9.5 Z",
  stop: "M3 3 H13 V13 H3 Z",
  unverified: "M5.5 8 a2.5 2.5 0 1 0 5 0 a2.5 2.5 0 1 0 -5 0",
} as const;

export type IconName = keyof typeof PATHS | keyof typeof SHAPES;

/** Decoration only: whatever it means is said in words beside it. */
export function Icon({ name }: { name: IconName }) {
  const filled = name in SHAPES;
  const d = filled ? SHAPES[name as keyof typeof SHAPES] : PATHS[name as keyof typeof PATHS];
  return (
    <svg class={`tilth-icon${filled ? " tilth-icon-filled" : ""}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={d} />
    </svg>
  );
}
