// Finds out whether the page around a widget is light or dark, and tells when it changes.

const DARK = /(^|\s)(dark|dark-theme|vscode-dark|vscode-high-contrast)(\s|$)/;
const LIGHT = /(^|\s)(light|light-theme|vscode-light|vscode-high-contrast-light)(\s|$)/;

export type Theme = "light" | "dark";

/** JupyterLab's own mark first, then the marks of other hosts, then the system's wish. */
export function currentTheme(): Theme {
  const jupyter = document.body.dataset.jpThemeLight;
  if (jupyter) return jupyter === "true" ? "light" : "dark";
  for (const node of [document.body, document.documentElement]) {
    const marks = `${node.className} ${node.dataset.theme ?? ""}`;
    if (LIGHT.test(marks)) return "light";
    if (DARK.test(marks)) return "dark";
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Calls `apply` now and at every change; returns what ends it. */
export function followTheme(apply: (theme: Theme) => void): () => void {
  const update = () => apply(currentTheme());
  const observer = new MutationObserver(update);
  const filter = { attributes: true, attributeFilter: ["class", "data-theme", "data-jp-theme-light"] };
  observer.observe(document.documentElement, filter);
  observer.observe(document.body, filter);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    system.removeEventListener("change", update);
  };
}
