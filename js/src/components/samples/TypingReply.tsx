// The newest reply, typing itself out above the list.

import { useView } from "../shared/viewContext";

const SHOWN_CHARACTERS = 400;

export function TypingReply() {
  const { pulse, streamedReply } = useView().store;
  const reply = streamedReply.value;
  if (!reply || pulse.kernel.value === "gone") return null;
  const { text, purpose, unit, done } = reply;
  return (
    // A screen reader is told how the run goes, not every word of it.
    <div class="tilth-typing" aria-hidden="true">
      <span class="tilth-typing-what">
        {purpose} <span class="tilth-number">· unit {unit}</span>
      </span>
      <div class="tilth-typing-text">
        <div>
          <bdi>{text.slice(-SHOWN_CHARACTERS)}</bdi>
          {!done && <span class="tilth-caret" />}
        </div>
      </div>
    </div>
  );
}
