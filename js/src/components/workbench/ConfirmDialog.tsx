// Asks before dollars may be spent, inside the page, with "no" as the answer at hand.

import { useLayoutEffect, useRef } from "preact/hooks";
import { useView, useViewId } from "../shared/viewContext";

export function ConfirmDialog() {
  const { store } = useView();
  const id = useViewId();
  const box = useRef<HTMLDivElement>(null);
  const confirmation = store.confirmation.value;
  const token = confirmation?.token;

  // The focus moves with the dialog: a frame later it would take it from where the user went meanwhile, and
  // JupyterLab's active cell with it.
  useLayoutEffect(() => {
    if (token === undefined) return;
    const root = box.current?.getRootNode() as Document | ShadowRoot | undefined;
    const before = root?.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>("[data-tilth-no]")?.focus();
    return () => before?.focus();
  }, [token]);

  if (!confirmation) return null;

  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      store.confirm(confirmation, false);
    } else if (event.key === "Tab") {
      // Two buttons: Tab in either direction goes to the other one.
      event.preventDefault();
      const root = box.current?.getRootNode() as Document | ShadowRoot;
      const buttons = [...(box.current?.querySelectorAll<HTMLElement>("button") ?? [])];
      buttons.find((button) => button !== root.activeElement)?.focus();
    }
  };

  return (
    <div class="tilth-veil">
      <div
        class="tilth-dialog"
        role="alertdialog"
        aria-modal="true"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-text`}
        ref={box}
        onKeyDown={keys}
      >
        <h3 id={`${id}-title`}>
          {confirmation.priced ? "This spends real money" : "This may cost real money"}
        </h3>
        <p id={`${id}-text`}>{confirmation.text}</p>
        <div class="tilth-dialog-buttons">
          <button
            type="button"
            class="tilth-button"
            data-tilth-no
            onClick={() => store.confirm(confirmation, false)}
          >
            Do not start
          </button>
          <button
            type="button"
            class="tilth-button tilth-button-main"
            onClick={() => store.confirm(confirmation, true)}
          >
            Spend and start
          </button>
        </div>
      </div>
    </div>
  );
}
