// Draws the view's one tooltip above everything, where nothing cuts it off.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useView } from "../shared/viewContext";

const GAP = 6;

export function TipLayer() {
  const { tip } = useView();
  const box = useRef<HTMLDivElement>(null);
  const shown = tip.value;

  useLayoutEffect(() => {
    const node = box.current;
    const frame = node?.offsetParent;
    if (!node || !frame || !shown) return;
    const at = shown.anchor.getBoundingClientRect();
    const around = frame.getBoundingClientRect();
    const above = at.top - around.top - node.offsetHeight - GAP;
    const top = above >= 0 ? above : at.bottom - around.top + GAP;
    const middle = at.left - around.left + at.width / 2 - node.offsetWidth / 2;
    const left = Math.max(GAP, Math.min(middle, around.width - node.offsetWidth - GAP));
    node.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [shown]);

  // The text itself is read out from beside its value; this copy is for the eye.
  return shown ? (
    <div class="tilth-tip" ref={box} aria-hidden="true">
      {shown.text}
    </div>
  ) : null;
}
