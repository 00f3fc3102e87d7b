// Which strategy to spend the budget on: how sure that is, what it would reach, and why, each a click away.

import { useRef } from "preact/hooks";
import { count, percent } from "../../format";
import { isRunActive } from "../../state/activity";
import type { Advice } from "../../wire/advice";
import { SourcedValue } from "../shared/SourcedValue";
import { useView } from "../shared/viewContext";
import { AdviceFold } from "./AdviceFold";
import { GapBars } from "./GapBars";
import { MeasureNext } from "./MeasureNext";

const TONES: Partial<Record<Advice["words"], string>> = {
  clear: "clear",
  leaning: "leaning",
  "too close to call": "close",
};

export function AdviceBox() {
  const { store } = useView();
  const box = useRef<HTMLElement>(null);
  const advice = store.traits.advice.value;
  const { words, problem, notices, reasons, assumptions, split, seeds_worth, decisions } = advice;
  return (
    <section class="tilth-group tilth-advice" aria-label="Advice" tabIndex={-1} ref={box}>
      <div class="tilth-advice-head">
        <h3 class="tilth-label">Advice</h3>
        <strong class={`tilth-advice-words tilth-advice-${TONES[words] ?? "none"}`}>{words}</strong>
      </div>
      {problem !== null && <p class="tilth-advice-problem">{problem}</p>}
      {words !== "" && (
        <>
          <Advised advice={advice} used={() => box.current?.focus()} />
          {notices.map((notice) => (
            <p key={notice} class="tilth-advice-notice">
              {notice}
            </p>
          ))}
          <GapBars advice={advice} />
          <div class="tilth-advice-folds">
            {reasons.map(({ head, text }, index) => (
              // by its place: what it says changes with every cell, and one that was opened stays open
              <AdviceFold key={index} head={head}>
                {text && <p>{text}</p>}
              </AdviceFold>
            ))}
            <MeasureNext advice={advice} />
            {split.length > 1 && (
              <AdviceFold head="what the budget goes into">
                <p>{split.map(({ part, queries }) => `${count(queries)} queries for ${part}`).join(", ")}</p>
              </AdviceFold>
            )}
            {seeds_worth !== null && (
              <AdviceFold head="real seeds instead">
                <p>{seeds_worth}</p>
              </AdviceFold>
            )}
            {assumptions.length > 0 && (
              <AdviceFold head="taken for granted">
                {assumptions.map((assumption) => (
                  <p key={assumption}>{assumption}</p>
                ))}
              </AdviceFold>
            )}
          </div>
        </>
      )}
      {decisions.length > 0 && (
        <div class="tilth-advice-folds">
          <h4 class="tilth-muted tilth-advice-part">what the run decided</h4>
          {decisions.map(({ head, text }) => (
            <AdviceFold key={head} head={head}>
              <p>{text}</p>
            </AdviceFold>
          ))}
        </div>
      )}
    </section>
  );
}

/** The advised arm, its figure, and the button that chooses it; `used` is told that it was pressed. */
function Advised({ advice, used }: { advice: Advice; used(): void }) {
  const { store } = useView();
  const { strategy, status } = store.traits;
  const { title, mean, low, high, queries, source } = advice;
  const locked = store.pulse.kernel.value !== "there" || isRunActive(status.value.state);
  const chosen = strategy.value === advice.strategy;
  return (
    <>
      <div class="tilth-advice-arm">
        <strong class="tilth-cut" title={title}>
          {title}
        </strong>
        {advice.offered &&
          (chosen ? (
            <span class="tilth-muted">chosen</span>
          ) : (
            <button
              type="button"
              class="tilth-button"
              aria-disabled={locked}
              aria-label={`Use ${title}`}
              onClick={() => {
                if (locked) return;
                store.choose("strategy", advice.strategy);
                used(); // the button goes, and must not take the focus with it
              }}
            >
              Use
            </button>
          ))}
      </div>
      {mean === null || low === null || high === null ? (
        <SourcedValue name={title} source={source}>
          <span class="tilth-muted">the default</span>
        </SourcedValue>
      ) : (
        <SourcedValue name={`Accuracy at ${count(queries ?? 0)} queries`} source={source}>
          <span class="tilth-number">{percent(mean, 0)}</span>{" "}
          <span class="tilth-muted tilth-number">
            ({percent(low, 0)} to {percent(high, 0)})
          </span>
        </SourcedValue>
      )}
    </>
  );
}
