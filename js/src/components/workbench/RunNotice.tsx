// What is worth a look while a run works, though nothing ends of it.

import { useView } from "../shared/viewContext";

export function RunNotice() {
  const { pulse, traits } = useView().store;
  const { notice, holder } = traits.status.value;
  if (pulse.kernel.value !== "there") return null;
  const held =
    holder && `It is at work in ${holder}, not in this kernel. What it grows shows here; stop it there.`;
  return (
    <>
      {[held, notice].filter(Boolean).map((text) => (
        <div key={text === held} class="tilth-notice tilth-notice-run">
          <p>{text}</p>
        </div>
      ))}
    </>
  );
}
