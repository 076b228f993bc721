"""What a user sees of the gateway in JupyterLab: status bar, panel, highlighted prompts."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.conftest import Lab
from tests.browser.notebook import Notebook

STATUS = ".nx-StatusItem-button"
PROMPT = """%%nexhina -m local/chat -o answer
Context: The Aare is 288 km long and flows into the Rhine at Koblenz.
Question: How long is the {{river}}?"""
LETTERS = """%load_ext nexhina_nb
import pandas as pd
from nexhina_nb.demo import tickets

letters = pd.DataFrame(tickets())
river = "Aare\""""
RERANK = """%%nexhina rerank -q "I paid twice" --from letters --column text -n 3"""
COMMAND = "name => void window.jupyterapp.commands.execute(name)"
MIME = "window.jupyterapp.shell.currentWidget.content.activeCell.model.mimeType"


def test_the_tour_is_open_and_the_gateway_runs(page: Page, lab: Lab, pictures: Path) -> None:
    page.goto(f"{lab.url}/?token=visitor")
    expect(page.locator(".jp-Notebook:visible h1").first).to_contain_text("Quickstart")
    assert "/lab/tree/nexhina-tour/01_quickstart.ipynb" in page.url
    expect(page.locator(STATUS)).to_have_attribute("data-state", "running")
    page.screenshot(path=pictures / "tour.png")


def test_a_prompt_is_highlighted_runs_and_its_spend_is_shown(
    page: Page, lab: Lab, pictures: Path
) -> None:
    cells = (LETTERS, PROMPT, RERANK, "%nexhina cost")
    notebook = Notebook(page, lab, "letters.ipynb", *cells)
    expect(page.locator(STATUS)).to_have_attribute("data-state", "running")
    before = page.locator(STATUS).inner_text()
    notebook.run(0)
    prompt = notebook.cell(1)
    expect(prompt.locator(".nx-mark-magic").first).to_have_text("%%nexhina")
    expect(prompt.locator(".nx-mark-option").first).to_have_text("-m")
    expect(prompt.locator(".nx-mark-variable").first).to_contain_text("river")
    expect(notebook.run(1)).to_contain_text("288 km")
    assert page.evaluate(MIME) == "text/x-ipythongfm"
    expect(notebook.run(2)).to_contain_text("charged twice")
    expect(notebook.run(3)).to_contain_text("total")
    assert page.evaluate(MIME) == "text/x-ipython"
    page.wait_for_function(f"document.querySelector('{STATUS}').innerText !== {before!r}")
    page.evaluate(COMMAND, "nexhina:open-panel")
    row = page.locator(".nx-Call").first
    expect(row).to_contain_text("local/rerank")
    page.screenshot(path=pictures / "lab.png")


def test_a_cell_becomes_a_prompt_as_it_is_written(page: Page, lab: Lab) -> None:
    notebook = Notebook(page, lab, "typed.ipynb", "x = 1")
    notebook.write(0, "%%nexhina embed\nred")
    page.wait_for_function(f"{MIME} === 'text/x-ipythongfm'")
    notebook.write(0, "x = 2")
    page.wait_for_function(f"{MIME} === 'text/x-ipython'")


def test_the_panel_shows_health_models_and_inserts_a_cell(
    page: Page, lab: Lab, pictures: Path
) -> None:
    notebook = Notebook(page, lab, "panel.ipynb", "%load_ext nexhina_nb")
    notebook.run(0)
    page.locator(STATUS).click()
    health = page.locator(".nx-Health")
    expect(health.locator(".nx-Health-state")).to_have_text(re.compile("run", re.I))
    expect(health.locator('[data-fact="address"]')).to_contain_text("127.0.0.1")
    expect(page.locator('.nx-Model[data-model="local/chat"] .nx-price')).to_contain_text("$")
    page.locator(".nx-Models-filter input").fill("rerank")
    expect(page.locator(".nx-Model")).to_have_count(1)
    page.locator('.nx-Model[data-model="local/rerank"] .nx-insert').click()
    expect(notebook.cell(1).locator(".cm-content")).to_contain_text(
        "%%nexhina rerank -m local/rerank"
    )
    page.screenshot(path=pictures / "panel.png")


def test_commands_stop_and_start_the_one_gateway(page: Page, lab: Lab) -> None:
    notebook = Notebook(
        page, lab, "commands.ipynb", "%load_ext nexhina_nb", "%nexhina gateway status"
    )
    notebook.run(0)
    status = page.locator(STATUS)
    expect(notebook.run(1)).to_contain_text("127.0.0.1")
    page.evaluate(COMMAND, "nexhina:stop-gateway")
    expect(status).to_have_attribute("data-state", "stopped")
    expect(notebook.run(1)).not_to_contain_text("http://127.0.0.1")
    page.evaluate(COMMAND, "nexhina:start-gateway")
    expect(status).to_have_attribute("data-state", "running")
    expect(notebook.run(1)).to_contain_text("http://127.0.0.1")


def test_the_palette_lists_the_commands(page: Page, lab: Lab) -> None:
    Notebook(page, lab, "palette.ipynb", "")
    box = page.locator(".lm-CommandPalette-input:visible")
    # A dialog that takes the focus closes the palette, and a slow start can put one after it.
    for _ in range(5):
        page.evaluate(COMMAND, "apputils:activate-command-palette")
        with suppress(TimeoutError):
            box.fill("nexhina", timeout=6_000)
            break
    items = page.locator(".lm-CommandPalette-item")
    expect(items.filter(has_text=re.compile("stop", re.I)).first).to_be_visible()


def test_an_error_of_a_cell_is_one_line(page: Page, lab: Lab) -> None:
    notebook = Notebook(
        page, lab, "error.ipynb", "%load_ext nexhina_nb", "%%nexhina -m local/chatt\nHello"
    )
    notebook.run(0)
    output: Any = notebook.run(1)
    expect(output).to_contain_text("local/chat")
    assert len(output.inner_text().strip().splitlines()) == 1
