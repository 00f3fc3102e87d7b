// The anywidget module: one store per model, one tree of components per view.

import "./widget.css";
import { h, render as mount } from "preact";
import { Workbench } from "./components/workbench/Workbench";
import { followTheme } from "./host/theme";
import { watchVisible } from "./host/visibility";
import type { WidgetModel } from "./host/widgetModel";
import { Store } from "./state/store";

interface InitializeProps {
  model: WidgetModel;
  signal?: AbortSignal;
}

interface RenderProps extends InitializeProps {
  el: HTMLElement;
}

type Cleanup = () => void;

// JupyterLab would otherwise take the keys pressed in here for its own: "d d" deletes a cell, and an arrow
// leaves a radio button. Its marks against that do not spare the focused element itself, so none gets out
// but the one that saves the notebook.
const keepKeys = (event: KeyboardEvent): void => {
  if (!((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s")) event.stopPropagation();
};

const once = (run: Cleanup): Cleanup => {
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    run();
  };
};

// A host hands `initialize` and every `render` a proxy of its own, so a model cannot be a key to its store.
// Hosts call this function once per model: what it encloses is the model's.
export default () => {
  let store: Store | undefined;

  return {
    initialize({ model, signal }: InitializeProps): Cleanup {
      const own = new Store(model);
      store = own;
      const end = once(() => own.dispose());
      signal?.addEventListener("abort", end);
      return end;
    },

    render({ model, el, signal }: RenderProps): Cleanup {
      store ??= new Store(model);
      const own = store;
      el.classList.add("tilth");
      el.addEventListener("keydown", keepKeys);
      const endTheme = followTheme((theme) => {
        el.style.colorScheme = theme;
        el.dataset.tilthTheme = theme;
      });
      mount(h(Workbench, { store: own }), el);
      own.viewMade();
      const endVisible = watchVisible(el, (visible) => (visible ? own.viewOpened() : own.viewClosed()));
      const end = once(() => {
        own.viewEnded(); // first, so that the last one says both in one message
        endVisible();
        endTheme();
        el.removeEventListener("keydown", keepKeys);
        mount(null, el);
      });
      signal?.addEventListener("abort", end);
      return end;
    },
  };
};
