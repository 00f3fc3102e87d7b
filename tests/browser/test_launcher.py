"""The way in: a launcher card and a palette command that open a notebook ready to run."""

from __future__ import annotations

from lab import Lab

WORKBENCH = "import tilth\n\ntilth.Workbench()"


def holds_the_workbench(lab: Lab) -> None:
    lab.wait_for_kernel()
    cells = lab.sources()
    assert [kind for kind, _ in cells] == ["markdown", "code"]
    assert "no key and no network" in cells[0][1]
    assert cells[1][1] == WORKBENCH


def is_quiet(lab: Lab) -> None:
    assert lab.console_errors == []
    assert lab.foreign_requests == []


def test_the_launcher_card_opens_a_notebook_with_the_workbench(lab: Lab) -> None:
    card = lab.page.locator(".jp-LauncherCard", has_text="Tilth")
    card.wait_for()
    lab.screenshot("launcher-light")
    card.click()
    holds_the_workbench(lab)
    lab.screenshot("launched")
    is_quiet(lab)


def test_the_palette_command_opens_a_notebook_with_the_workbench(lab: Lab) -> None:
    lab.command("apputils:activate-command-palette")
    lab.page.locator(".lm-CommandPalette-input").fill("Tilth")
    item = lab.page.locator(".lm-CommandPalette-item", has_text="New Tilth Notebook")
    item.wait_for()
    lab.screenshot("palette")
    item.click()
    holds_the_workbench(lab)
    is_quiet(lab)


def test_the_card_is_legible_on_a_dark_page(lab: Lab) -> None:
    lab.set_theme("dark")
    card = lab.page.locator(".jp-LauncherCard", has_text="Tilth")
    fill = card.locator("svg g").evaluate("node => getComputedStyle(node).fill")
    red, green, blue = (int(part) for part in fill.removeprefix("rgb(").removesuffix(")").split(","))
    assert min(red, green, blue) > 150, f"the icon is drawn in {fill}"
    lab.screenshot("launcher-dark")
    is_quiet(lab)
