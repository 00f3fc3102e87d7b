// Saves the rows as a training file or as a folder for a trainer, and says what was written and where.

import { useState } from "preact/hooks";
import { bytes, count, fileStem } from "../../format";
import {
  type Existing,
  type ExportFormat,
  KEPT_VERDICTS,
  type Replies,
  VERDICTS,
  type Verdict,
} from "../../wire/types";
import { ReplaceQuestion } from "../shared/ReplaceQuestion";
import { SourcedValue } from "../shared/SourcedValue";
import { VerdictMark } from "../shared/VerdictMark";
import { useView, useViewId } from "../shared/viewContext";

interface Format {
  name: ExportFormat;
  title: string;
  about: string;
  /** What its name ends in. */
  suffix: string;
  folder?: true;
}

const FORMATS: readonly [Format, ...Format[]] = [
  { name: "parquet", title: "Parquet", about: "every column, for Polars and friends", suffix: ".parquet" },
  { name: "chat", title: "Chat JSONL", about: "one conversation a line, for fine-tuning", suffix: ".jsonl" },
  { name: "alpaca", title: "Alpaca", about: "instruction, input, output", suffix: ".json" },
  { name: "csv", title: "CSV", about: "flat columns, for spreadsheets", suffix: ".csv" },
  { name: "trl", title: "TRL", about: "rows, with settings to train", suffix: "-trl", folder: true },
  { name: "axolotl", title: "Axolotl", about: "the same for Axolotl", suffix: "-axolotl", folder: true },
  {
    name: "llama-factory",
    title: "LLaMA-Factory",
    about: "the same for LLaMA-Factory",
    suffix: "-llama-factory",
    folder: true,
  },
];

type Outcome = { reply: Replies["save"] } | { problem: string } | "saving" | null;

export function ExportPanel() {
  const { store } = useView();
  const id = useViewId();
  const [format, setFormat] = useState<Format>(FORMATS[0]);
  // Until another is typed, the name tells the run's seeds and its strategy.
  const [typed, setPath] = useState<string | null>(null);
  const { context, status: run, strategy } = store.traits;
  const stem = fileStem(context.value.seeds?.name ?? "", run.value.strategy ?? strategy.value);
  const path = typed ?? stem + format.suffix;
  const [chosen, setChosen] = useState<readonly Verdict[]>(KEPT_VERDICTS);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const status = store.traits.status.value;
  const rows = chosen.reduce((sum, verdict) => sum + status[verdict], 0);

  const choose = (next: Format) => {
    if (typed?.endsWith(format.suffix)) setPath(typed.slice(0, -format.suffix.length) + next.suffix);
    setFormat(next);
    setOutcome(null);
  };

  const toggle = (verdict: Verdict, yes: boolean) => {
    setChosen(VERDICTS.filter((other) => (other === verdict ? yes : chosen.includes(other))));
    setOutcome(null);
  };

  const save = async (existing: Existing) => {
    if (path.trim() === "") {
      setOutcome({ problem: `The path is empty; write one like ${stem}${format.suffix}.` });
      return;
    }
    if (chosen.length === 0) {
      setOutcome({ problem: "No verdict is chosen; choose at least one." });
      return;
    }
    setOutcome("saving");
    try {
      setOutcome({ reply: await store.save(format.name, path.trim(), chosen, existing) });
    } catch (error) {
      setOutcome({ problem: (error as Error).message });
    }
  };

  const reply = outcome !== null && outcome !== "saving" && "reply" in outcome ? outcome.reply : null;
  return (
    <form
      class="tilth-export"
      onSubmit={(event) => {
        event.preventDefault();
        if (outcome !== "saving") void save("ask");
      }}
    >
      <fieldset class="tilth-group">
        <legend class="tilth-label">Format</legend>
        <div class="tilth-formats">
          {FORMATS.map((each) => (
            <label key={each.name} class={`tilth-choice${each === format ? " tilth-choice-on" : ""}`}>
              <input
                type="radio"
                name={`${id}-format`}
                value={each.name}
                checked={each === format}
                onChange={() => choose(each)}
              />
              <span class="tilth-choice-title">{each.title}</span>
              <span class="tilth-choice-cost">{each.folder ? "folder" : each.suffix}</span>
              <span class="tilth-choice-about">{each.about}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset class="tilth-group">
        <legend class="tilth-label">Rows</legend>
        <div class="tilth-verdicts">
          {VERDICTS.map((verdict) => (
            <label key={verdict} class="tilth-check">
              <input
                type="checkbox"
                value={verdict}
                checked={chosen.includes(verdict)}
                onChange={(event) => toggle(verdict, event.currentTarget.checked)}
              />
              <VerdictMark verdict={verdict} word />
              <span class="tilth-muted tilth-number">{count(status[verdict])}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="tilth-group">
        <label class="tilth-label" for={`${id}-path`}>
          {format.folder ? "Folder" : "File"}
        </label>
        <div class="tilth-save">
          <input
            id={`${id}-path`}
            class="tilth-input"
            type="text"
            spellcheck={false}
            autocomplete="off"
            value={path}
            onInput={(event) => {
              setPath(event.currentTarget.value);
              setOutcome(null);
            }}
          />
          <button type="submit" class="tilth-button tilth-button-main" aria-disabled={outcome === "saving"}>
            {outcome === "saving" ? "Saving…" : "Save rows"}
          </button>
          <SourcedValue name="Rows to save" source="measured: counted by the run so far">
            <span class="tilth-number">{count(rows)}</span>
            <span class="tilth-muted"> rows so far</span>
          </SourcedValue>
        </div>
      </div>
      {reply?.type === "exists" && (
        <ReplaceQuestion
          found={reply}
          answer={(existing) => (existing ? void save(existing) : setOutcome(null))}
        />
      )}
      <div class="tilth-saved" role="status">
        {reply?.type === "saved" && (
          <>
            <p>
              Saved <strong class="tilth-number">{count(reply.rows)}</strong> rows,{" "}
              <span class="tilth-number">{bytes(reply.bytes)}</span>, to <code>{reply.path}</code>
            </p>
            {reply.notices.map((notice) => (
              <p key={notice} class="tilth-muted">
                {notice}
              </p>
            ))}
          </>
        )}
      </div>
      <p class="tilth-problem" role="alert">
        {outcome !== null && outcome !== "saving" && "problem" in outcome ? outcome.problem : ""}
      </p>
    </form>
  );
}
