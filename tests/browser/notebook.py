"""A notebook in the browser: written to with the keyboard, run cell after cell."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import Lab

_IDLE = """() => {
  const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
  return context?.session?.kernel?.status === 'idle';
}"""
_NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"
# What these promise may never come true (a dialog waits), so nothing waits for it.
_RUN = f"""index => {{
  {_NOTEBOOK}.activeCellIndex = index;
  void window.jupyterapp.commands.execute('notebook:run-cell');
}}"""
_COUNT = f"index => {_NOTEBOOK}.widgets[index].model.executionCount ?? 0"
_HAS_RUN = f"([index, before]) => ({_NOTEBOOK}.widgets[index].model.executionCount ?? 0) > before"


class Notebook:
    """One open notebook; cells are counted from 0."""

    def __init__(self, page: Page, lab: Lab, name: str, *cells: str) -> None:
        self.page = page
        # Nothing of an earlier test must be open.
        page.goto(f"{lab.url}/lab/tree/{lab.write(name, *cells)}?reset")
        # A cell that is run before the kernel is ready opens a dialog instead.
        page.wait_for_function(_IDLE)
        page.evaluate("window.jupyterapp.restored.then(() => null)")

    def cell(self, index: int) -> Any:
        """The cell, input and outputs."""
        return self.page.locator(".jp-Notebook:visible .jp-Notebook-cell").nth(index)

    def write(self, index: int, text: str) -> None:
        """Type a text over what the cell holds."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def run(self, index: int) -> Any:
        """Run the cell and wait for its end; its output."""
        before = self.page.evaluate(_COUNT, index)
        self.page.evaluate(_RUN, index)
        self.page.wait_for_function(_HAS_RUN, arg=[index, before])
        return self.cell(index).locator(".jp-OutputArea").first
