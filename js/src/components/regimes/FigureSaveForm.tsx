// Saves the figure that is shown, by Python, to a file of the kernel's machine.

import { useState } from "preact/hooks";
import { bytes } from "../../format";
import type { StudyCharts } from "../../state/studyCharts";
import type { Existing, Replies } from "../../wire/types";
import { ReplaceQuestion } from "../shared/ReplaceQuestion";

const FORMATS = ["svg", "png", "html"] as const;

type Outcome = { reply: Replies["regimes-save"] } | { problem: string } | "saving" | null;

export function FigureSaveForm({ charts }: { charts: StudyCharts }) {
  const [path, setPath] = useState("regimes.svg");
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const known = charts.drawn.value.some(({ spec }) => spec !== null);
  const format = FORMATS.find((each) => path.toLowerCase().endsWith(`.${each}`)) ?? "";

  const save = async (existing: Existing) => {
    setOutcome("saving");
    try {
      setOutcome({ reply: await charts.save(path, existing) });
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
  const reply = outcome !== null && outcome !== "saving" && "reply" in outcome ? outcome.reply : null;

  return (
    <>
      {toggle}
      <form
        class="tilth-figure-save"
        onSubmit={(event) => {
          event.preventDefault();
          if (known && outcome !== "saving") void save("ask");
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
          {reply?.type === "regimes-save" && (
            <p>
              Saved <code>{reply.paths.join(", ")}</code>, {bytes(reply.bytes)}
            </p>
          )}
          {reply?.type === "exists" && (
            <ReplaceQuestion
              found={reply}
              answer={(existing) => (existing ? void save(existing) : setOutcome(null))}
            />
          )}
          {outcome !== null && outcome !== "saving" && "problem" in outcome && (
            <p class="tilth-problem">{outcome.problem}</p>
          )}
        </div>
      </form>
    </>
  );
}
