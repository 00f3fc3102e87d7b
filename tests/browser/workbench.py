"""A workbench in a notebook, by the names a person finds its parts under."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from lab import PATIENCE, Lab
from playwright.sync_api import Locator, expect

# In the document the rows stand in no order; the one on top is the first of its set.
TOP_ROW = """([root, least]) => {
  const top = root.querySelector('[role=option][aria-posinset="1"] .tilth-row-arrival');
  const arrival = Number(top?.textContent.slice(1) ?? 0);
  return arrival > least && arrival;
}"""


@dataclass(frozen=True)
class Bench:
    """One view of a workbench."""

    root: Locator

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Clicks a button once it can be used."""
        button = self.button(name)
        expect(button).not_to_have_attribute("aria-disabled", "true")
        button.click()

    @property
    def dialog(self) -> Locator:
        """The question that stands before a run that may cost money."""
        return self.root.get_by_role("alertdialog")

    def agree(self) -> None:
        """Says yes to the question."""
        self.dialog.get_by_role("button", name="Spend and start").click()

    def choose(self, strategy: str) -> None:
        self.root.get_by_role("radio", name=re.compile(rf"^{strategy}\s*\d")).check()

    def limit(self, queries: int) -> None:
        field = self.root.get_by_role("textbox", name="at most").first
        field.fill(str(queries))
        field.press("Enter")

    def tab(self, name: str) -> None:
        self.root.get_by_role("tab", name=name).click()

    def until(self, state: str) -> None:
        """Waits until the bar says this state, such as "Finished"."""
        expect(self.state).to_have_text(re.compile(f"^{state}"), timeout=2 * PATIENCE)

    def until_rows(self, more_than: int = 0) -> int:
        """Waits until a row stands on top that arrived later than this one, and returns its number."""
        found = self.root.page.wait_for_function(TOP_ROW, arg=[self.root.element_handle(), more_than])
        return int(found.json_value())

    def count(self, name: str) -> int:
        """What the bar counts under this name, such as "Rows accepted"."""
        text = self.root.locator(".tilth-counts .tilth-sourced", has_text=f"{name}:").inner_text()
        found = re.search(r"[\d,]+", text)
        assert found, f"no number in {text!r}"
        return int(found[0].replace(",", ""))

    @property
    def state(self) -> Locator:
        return self.root.locator(".tilth-counts-state")

    @property
    def list(self) -> Locator:
        return self.root.get_by_role("listbox", name="Samples, newest first")

    @property
    def rows(self) -> Locator:
        return self.list.get_by_role("option")

    @property
    def detail(self) -> Locator:
        return self.root.locator(".tilth-detail")

    @property
    def errors(self) -> Locator:
        return self.root.locator(".tilth-notice-error")


def open_bench(lab: Lab, *cells: str) -> Bench:
    """A notebook in a folder of its own, its first cell run: the one that shows the workbench."""
    lab.open_notebook(lab.write_notebook(f"{secrets.token_hex(4)}/workbench.ipynb", cells))
    lab.run_cell(0)
    return bench_of(lab, 0)


def bench_of(lab: Lab, cell: int) -> Bench:
    """The workbench that this cell shows, once it is drawn."""
    root = lab.cell(cell).locator(".tilth")
    root.get_by_role("button", name="Pause").wait_for()
    return Bench(root)


def folder_of(lab: Lab) -> Path:
    """The folder of the open notebook, which its kernel works in."""
    path = lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
    return (lab.server.notebooks / path).parent


def told(lab: Lab, cell: int) -> str:
    """Runs a cell and returns what it prints."""
    lab.run_cell(cell)
    return lab.printed(cell).strip()


def endpoint(base_url: str, **settings: object) -> str:
    """The source of a teacher at a local endpoint."""
    more = "".join(f", {name}={value!r}" for name, value in settings.items())
    return f"tilth.Teacher('test-model', base_url={base_url!r}{more})"
