// The list of samples, newest on top: only the rows in sight are drawn, and reading is never disturbed.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { indexOfArrival } from "../../state/sampleWindow";
import type { Sample } from "../../wire/types";
import { Icon } from "../shared/Icon";
import { useView, useViewId } from "../shared/viewContext";
import { SampleRow } from "./SampleRow";
import { useVirtualRows } from "./useVirtualRows";

const ROW_HEIGHT = 28;
const NEAR_END = 40;
// Answers of other tasks, such as SQL, are lines to read and need more than a column for a number.
const SHORT_ANSWERS = new Set(["numeric", "choice"]);

interface Props {
  /** Ascending by arrival; drawn the other way round. */
  rows: readonly Sample[];
  follow: boolean;
  setFollow(follow: boolean): void;
  /** The newest arrival there is, shown or not. */
  newest: number;
  openedRow: string | null;
  open(row: Sample): void;
  close(): void;
  nearEnd(): void;
}

export function SampleList({ rows, follow, setFollow, newest, openedRow, open, close, nearEnd }: Props) {
  const id = useViewId();
  const task = useView().store.traits.context.value.seeds?.task;
  const long = task !== undefined && !SHORT_ANSWERS.has(task);
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ arrival: number; offset: number } | null>(null);
  const [active, setActive] = useState<number | null>(null);
  const at = (index: number): Sample | undefined => rows[rows.length - 1 - index];
  const indexOf = (arrival: number) => rows.length - 1 - indexOfArrival(rows, arrival);
  // New rows go in above: either the list stays at its top, or the row being read stays where it is.
  const place = () =>
    follow ? 0 : anchor.current && indexOf(anchor.current.arrival) * ROW_HEIGHT + anchor.current.offset;
  // Between new rows whoever scrolls says where it stands.
  const earlier = useRef(rows);
  const moves = earlier.current !== rows;
  earlier.current = rows;
  const { items, height, reveal } = useVirtualRows(rows.length, ROW_HEIGHT, scroller, moves ? place() : null);
  const activeIndex = active === null ? -1 : Math.min(indexOf(active), rows.length - 1);
  const seen = useRef(0);
  const unseen = follow ? 0 : Math.max(0, newest - seen.current);

  const askNearEnd = (box: HTMLElement) => {
    if (box.scrollTop + box.clientHeight > (rows.length - NEAR_END) * ROW_HEIGHT) nearEnd();
  };

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const top = place();
    if (top !== null) box.scrollTop = top;
    if (follow) {
      anchor.current = null;
      seen.current = newest;
    }
    // Whoever waits at the end sees older rows come without scrolling again.
    askNearEnd(box);
  }, [rows, follow, newest]);

  const remember = () => {
    const box = scroller.current;
    if (!box) return;
    const index = Math.floor(box.scrollTop / ROW_HEIGHT);
    const row = at(index);
    anchor.current = row ? { arrival: row.arrival, offset: box.scrollTop - index * ROW_HEIGHT } : null;
    seen.current = Math.max(seen.current, row?.arrival ?? 0);
  };

  const scrolled = () => {
    const box = scroller.current;
    if (!box) return;
    if (follow && box.scrollTop > ROW_HEIGHT / 2) setFollow(false);
    remember();
    askNearEnd(box);
  };

  // Whoever walks the list or presses on it reads it: a row that moves on before the release is not clicked.
  const holdStill = () => {
    if (follow) {
      remember();
      setFollow(false);
    }
  };

  const activate = (index: number) => {
    const row = at(Math.max(0, Math.min(index, rows.length - 1)));
    if (!row) return;
    holdStill();
    setActive(row.arrival);
    reveal(indexOf(row.arrival));
  };

  const keys = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const to: Record<string, number> = {
      ArrowDown: activeIndex + 1,
      ArrowUp: Math.max(0, activeIndex - 1),
      PageDown: Math.max(0, activeIndex) + page,
      PageUp: activeIndex - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = to[event.key];
    const row = at(activeIndex);
    if (target !== undefined) activate(target);
    else if ((event.key === "Enter" || event.key === " ") && activeIndex >= 0 && row) open(row);
    else if (event.key === "Escape" && openedRow !== null) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="tilth-list-box">
      <div
        class={`tilth-list${long ? " tilth-list-long-answers" : ""}`}
        role="listbox"
        tabIndex={0}
        aria-label="Samples, newest first"
        aria-activedescendant={activeIndex >= 0 ? `${id}-${active}` : undefined}
        ref={scroller}
        onScroll={scrolled}
        onKeyDown={keys}
        onPointerDown={holdStill}
      >
        <div class="tilth-list-inner" role="presentation" style={{ height: `${height}px` }}>
          {items.map((item) => {
            const row = at(item.index);
            return (
              row && (
                <SampleRow
                  key={row.arrival}
                  id={`${id}-${row.arrival}`}
                  row={row}
                  top={item.start}
                  position={item.index + 1}
                  of={rows.length}
                  active={row.arrival === active}
                  opened={row.rowId === openedRow}
                  open={() => {
                    activate(item.index);
                    open(row);
                  }}
                />
              )
            );
          })}
        </div>
      </div>
      {unseen > 0 && (
        <button type="button" class="tilth-newer" onClick={() => setFollow(true)}>
          <Icon name="up" />
          <span class="tilth-number">{unseen.toLocaleString("en-US")}</span> newer
        </button>
      )}
    </div>
  );
}
