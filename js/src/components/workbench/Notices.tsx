// What Tilth has to tell: errors and news, each until it is taken away.

import { Icon } from "../shared/Icon";
import { useView } from "../shared/viewContext";
import { KernelNotice } from "./KernelNotice";
import { RunNotice } from "./RunNotice";
import { WaitingNotice } from "./WaitingNotice";

export function Notices() {
  const { store } = useView();
  const failure = store.traits.status.value.error;
  const notices = store.notices.value.filter(({ text }) => text !== failure?.message);
  return (
    <>
      <div class="tilth-notices" role="alert">
        <KernelNotice />
        {failure && (
          <div class="tilth-notice tilth-notice-error">
            <p>{failure.message}</p>
          </div>
        )}
        {notices
          .filter(({ level }) => level === "error")
          .map((notice) => (
            <NoticeText
              key={notice.id}
              text={notice.text}
              level="error"
              dismiss={() => store.dismiss(notice.id)}
            />
          ))}
      </div>
      {/* Its counts change with every unit: a screen reader would be told of each. */}
      <div class="tilth-notices">
        <RunNotice />
      </div>
      <div class="tilth-notices" role="status">
        <WaitingNotice />
        {notices
          .filter(({ level }) => level !== "error")
          .map((notice) => (
            <NoticeText
              key={notice.id}
              text={notice.text}
              level="info"
              dismiss={() => store.dismiss(notice.id)}
            />
          ))}
      </div>
    </>
  );
}

function NoticeText({ text, level, dismiss }: { text: string; level: "info" | "error"; dismiss(): void }) {
  return (
    <div class={`tilth-notice tilth-notice-${level}`}>
      <p>{text}</p>
      <button type="button" class="tilth-bare" aria-label="Dismiss" onClick={dismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}
