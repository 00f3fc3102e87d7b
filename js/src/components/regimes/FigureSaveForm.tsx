// Saves the figure that is shown, by Python, to a file of the kernel's machine.

import { useState } from "preact/hooks";
import { bytes } from "../../format";
import type { StudyCharts } from "../../state/studyCharts";

const FORMATS = ["svg", "png", "html"] as const;

type Outcome = { saved: readonly string[]; bytes: number } | { problem: string } | "saving" | null;

export function FigureSaveForm({ charts }: { charts: StudyCharts }) {
  const [path, setPath] = useState("regimes.svg");
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const known = charts.drawn.value.some(({ spec }) => spec !== null);
  const format = FORMATS.find((each) => path.toLowerCase().endsWith(`.${each}`)) ?? "";

  const save = async () => {
    setOutcome("saving");
    try {
      const { paths, bytes: size } = await charts.save(path);
      setOutcome({ saved: paths, bytes: size });
    } catch (error) {
      setOutcome({ problem: (error as Error).message });
    }
  };

  const toggle = (
    <button
      type="button"
      class="tilth-button tilth-figure-open"
      aria-expanded={open}
      aria-disabled={!known}
      onClick={() => {
        if (known || open) setOpen(!open);
      }}
    >
      Save figure…
    </button>
  );
  if (!open) return toggle;

  return (
    <>
      {toggle}
      <form
        class="tilth-figure-save"
        onSubmit={(event) => {
          event.preventDefault();
          if (known && outcome !== "saving") void save();
        }}
      >
        <input
          class="tilth-input"
          type="text"
          aria-label="File of the figure"
          spellcheck={false}
          autocomplete="off"
          value={path}
          onInput={(event) => {
            setPath(event.currentTarget.value);
            setOutcome(null);
          }}
        />
        <select
          class="tilth-input"
          aria-label="Format of the figure"
          value={format}
          onChange={(event) => {
            const next = event.currentTarget.value;
            setPath(format ? path.slice(0, -format.length) + next : `${path}.${next}`);
            setOutcome(null);
          }}
        >
          {format === "" && <option value="">?</option>}
          {FORMATS.map((each) => (
            <option key={each} value={each}>
              {each.toUpperCase()}
            </option>
          ))}
        </select>
        <button
          type="submit"
          class="tilth-button tilth-button-main"
          aria-disabled={!known || outcome === "saving"}
        >
          {outcome === "saving" ? "Saving…" : "Save"}
        </button>
        <div class="tilth-figure-saved" role="status">
          {outcome !== null && outcome !== "saving" && "saved" in outcome && (
            <p>
              Saved <code>{outcome.saved.join(", ")}</code>, {bytes(outcome.bytes)}
            </p>
          )}
          {outcome !== null && outcome !== "saving" && "problem" in outcome && (
            <p class="tilth-problem">{outcome.problem}</p>
          )}
        </div>
      </form>
    </>
  );
}
