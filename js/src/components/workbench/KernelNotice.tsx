// What is said where the kernel has gone: what is safe in which file, and what to do.

import { count } from "../../format";
import type { Kernel } from "../../state/pulse";
import { useView } from "../shared/viewContext";

const WORDS: Record<Exclude<Kernel, "there">, string> = {
  gone: "The kernel has gone: it was restarted, or it died. Nothing is at work here any more.",
  silent: "The kernel does not answer, though work was going on. It may have gone, or be held up.",
};

export function KernelNotice() {
  const { pulse, samples, traits } = useView().store;
  const kernel = pulse.kernel.value;
  if (kernel === "there") return null;
  const { path, rows } = traits.status.value;
  const grown = Math.max(rows, samples.newest);
  const study = traits.study_status.value.path;
  return (
    <div class="tilth-notice tilth-notice-error tilth-notice-kernel">
      <p>
        {WORDS[kernel]}{" "}
        {path && (
          <>
            What was grown is safe in <code>{path}</code>, {count(grown)} {grown === 1 ? "row" : "rows"} when
            last heard of.{" "}
          </>
        )}
        {study && (
          <>
            What was measured is safe in <code>{study}</code>.{" "}
          </>
        )}
        Run the cell again to go on.
      </p>
    </div>
  );
}
