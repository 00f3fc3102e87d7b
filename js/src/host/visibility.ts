// Tells whether an element can be seen: scrolled away or in a hidden tab it cannot.

/** Calls `tell` at every change, `true` first; returns what ends it, telling `false` where needed. */
export function watchVisible(element: Element, tell: (visible: boolean) => void): () => void {
  let visible = false;
  const set = (next: boolean) => {
    if (next === visible) return;
    visible = next;
    tell(next);
  };
  set(true);
  const observer = new IntersectionObserver((entries) => set(entries.at(-1)?.isIntersecting ?? true));
  observer.observe(element);
  return () => {
    observer.disconnect();
    set(false);
  };
}
