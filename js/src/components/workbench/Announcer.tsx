// Tells screen readers how the run and the study go, and what is advised, at most once in five seconds.

import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../../format";
import type { Advice } from "../../wire/advice";
import type { RunStatus, StudyStatus } from "../../wire/types";
import { useView } from "../shared/viewContext";

const EVERY_MS = 5_000;

function sentence(status: RunStatus): string {
  if (status.state === "idle") return "";
  const limit = status.limit_queries ? ` of ${count(status.limit_queries)}` : "";
  return (
    `Run ${status.state}: ${count(status.queries)}${limit} queries, ${count(status.accepted)} accepted, ` +
    `${count(status.rejected)} rejected, ${count(status.unverified)} unverified.`
  );
}

function studySentence(study: StudyStatus): string {
  if (study.state === "idle") return "";
  return `Study ${study.state}: ${count(study.cells)} of ${count(study.all_cells)} cells.`;
}

function adviceSentence({ mean, words, title }: Advice): string {
  return mean === null ? "" : `Advice: ${title}, ${words}.`;
}

export function Announcer() {
  const { status, study_status, advice } = useView().store.traits;
  const text = [sentence(status.value), studySentence(study_status.value), adviceSentence(advice.value)]
    .filter(Boolean)
    .join(" ");
  const [said, setSaid] = useState("");
  const saidAt = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const wait = saidAt.current + EVERY_MS - performance.now();
    const say = () => {
      saidAt.current = performance.now();
      setSaid(text);
    };
    if (wait <= 0) {
      say();
      return;
    }
    const timer = setTimeout(say, wait);
    return () => clearTimeout(timer);
  }, [text]);

  return (
    <div class="tilth-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
