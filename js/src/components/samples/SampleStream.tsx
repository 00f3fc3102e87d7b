// The Samples tab: the stream, what to see of it, and the row that is opened.

import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../../format";
import { SampleFilter } from "../../state/sampleFilter";
import type { Sample } from "../../wire/types";
import { useView, useViewId } from "../shared/viewContext";
import { SampleDetail } from "./SampleDetail";
import { SampleList } from "./SampleList";
import { TypingReply } from "./TypingReply";

export function SampleStream() {
  const { store } = useView();
  const id = useViewId();
  const [filter] = useState(() => new SampleFilter(store));
  const [follow, setFollow] = useState(true);
  const [opened, setOpened] = useState<Sample | null>(null);
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => () => filter.dispose(), [filter]);

  const rows = filter.rows.value;
  const filtered = filter.typed.value !== "";
  // The window is followed through its version, so that a row let go or come in redraws this.
  store.samples.version.value;

  const startFollowing = (yes: boolean) => {
    setFollow(yes);
    if (yes) store.samples.attach();
  };

  const close = () => {
    setOpened(null);
    pane.current?.querySelector<HTMLElement>('[role="listbox"]')?.focus();
  };

  return (
    <div class={`tilth-samples${opened ? " tilth-samples-split" : ""}`} ref={pane}>
      <div class="tilth-stream">
        <TypingReply />
        {rows.length > 0 ? (
          <SampleList
            rows={rows}
            follow={follow}
            setFollow={startFollowing}
            newest={filtered ? (rows.at(-1)?.arrival ?? 0) : store.samples.newest}
            openedRow={opened?.rowId ?? null}
            open={setOpened}
            close={close}
            nearEnd={() => {
              if (!filtered) void store.samples.loadOlder();
            }}
          />
        ) : (
          <EmptyStream searching={filter.searching.value} filtered={filtered} />
        )}
        <div class="tilth-tools">
          <label class="tilth-check">
            <input
              type="checkbox"
              checked={follow}
              onChange={(event) => startFollowing(event.currentTarget.checked)}
            />
            follow
          </label>
          <label class="tilth-filter" for={`${id}-filter`}>
            filter
            <input
              id={`${id}-filter`}
              class="tilth-input"
              type="search"
              aria-label="Filter samples"
              autocomplete="off"
              spellcheck={false}
              placeholder="text in the whole run"
              value={filter.typed.value}
              onInput={(event) => filter.setText(event.currentTarget.value)}
            />
          </label>
          <label class="tilth-check">
            <input
              type="checkbox"
              checked={filter.rejected.value}
              onChange={(event) => filter.showRejected(event.currentTarget.checked)}
            />
            rejected
          </label>
          <span class="tilth-tools-count tilth-muted">
            {filtered && (
              <>
                <span class="tilth-number">{count(rows.length)}</span>{" "}
                {filter.searching.value ? "found so far…" : "found"}
              </>
            )}
          </span>
        </div>
      </div>
      {opened && <SampleDetail key={opened.rowId} row={opened} close={close} />}
    </div>
  );
}

function EmptyStream({ searching, filtered }: { searching: boolean; filtered: boolean }) {
  const { store } = useView();
  const { state, rows } = store.traits.status.value;
  const words = filtered
    ? searching
      ? "Searching the whole run…"
      : "Nothing in this run holds that text."
    : state === "idle"
      ? "No rows yet. Choose a strategy and a budget, then Generate."
      : rows > 0
        ? "No row to show."
        : "Rows appear here as they arrive.";
  return (
    <div class="tilth-nothing">
      <p>{words}</p>
    </div>
  );
}
