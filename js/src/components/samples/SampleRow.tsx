// One sample on one line.

import type { Sample } from "../../wire/types";
import { Icon } from "../shared/Icon";
import { VerdictMark } from "../shared/VerdictMark";

// More than any line can show; a reply of a megabyte must not become a megabyte of layout.
const SHOWN_CHARACTERS = 300;

interface Props {
  id: string;
  row: Sample;
  top: number;
  position: number;
  of: number;
  active: boolean;
  opened: boolean;
  open(): void;
}

export function SampleRow({ id, row, top, position, of, active, opened, open }: Props) {
  const note = row.verdict === "accepted" ? row.strategy : (row.reason ?? row.verdict);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys for all its rows
    <div
      class={`tilth-row${active ? " tilth-row-active" : ""}${opened ? " tilth-row-opened" : ""}`}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={opened}
      aria-posinset={position}
      aria-setsize={of}
      style={{ transform: `translateY(${top}px)` }}
      onClick={open}
    >
      <VerdictMark verdict={row.verdict} />
      <bdi class="tilth-row-question">{row.question.slice(0, SHOWN_CHARACTERS)}</bdi>
      <span class="tilth-row-answer">
        <Icon name="arrow" />
        <span class="tilth-hidden">answer</span>
        {row.answer === null ? (
          <span class="tilth-muted">
            <span aria-hidden="true">?</span>
            <span class="tilth-hidden">none</span>
          </span>
        ) : (
          <bdi class="tilth-number" title={row.answer.slice(0, SHOWN_CHARACTERS)}>
            {row.answer.slice(0, SHOWN_CHARACTERS)}
          </bdi>
        )}
      </span>
      <bdi class="tilth-row-note" title={note.slice(0, SHOWN_CHARACTERS)}>
        {note.slice(0, SHOWN_CHARACTERS)}
      </bdi>
      <span class="tilth-row-arrival tilth-number">#{row.arrival}</span>
    </div>
  );
}
