"""The widgets in JupyterLab: a chat that streams and stops, the progress of a batch."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Lab
from tests.browser.notebook import Notebook

CHAT = "import nexhina_nb as nx\n\nchat = nx.Chat()\nchat"
LONG = "Count from 1 to 400."
SAVED = "!window.jupyterapp.shell.currentWidget.context.model.dirty"
RESTART = """window.jupyterapp.shell.currentWidget.sessionContext.session.kernel
  .restart().then(() => null)"""
TURN = ".nexhina-chat-turn"


def ask(page: Page, text: str) -> None:
    box = page.locator(".nexhina-chat-input:visible")
    expect(box).to_be_enabled()
    box.fill(text)
    box.press("Enter")


def test_a_chat_streams_stops_and_says_what_it_cost(page: Page, lab: Lab, pictures: Path) -> None:
    notebook = Notebook(page, lab, "chat.ipynb", CHAT, "chat.cost")
    notebook.run(0)
    ask(page, "What is 15 % of 80?")
    first = page.locator(TURN).nth(0)
    expect(first).to_have_attribute("data-state", "done")
    expect(first.locator(".nexhina-chat-answer")).to_contain_text("12")
    expect(first.locator(".nexhina-chat-bill")).to_contain_text("$")

    ask(page, LONG)
    second = page.locator(TURN).nth(1)
    expect(second).to_have_attribute("data-state", "coming")
    expect(second.locator(".nexhina-chat-answer")).to_contain_text("20")
    page.locator(".nexhina-chat-stop:visible").click()
    expect(second).to_have_attribute("data-state", "stopped")
    expect(second.locator(".nexhina-chat-answer")).to_contain_text("20")
    expect(second.locator(".nexhina-chat-answer")).not_to_contain_text("400")
    # What a stopped answer cost comes from the gateway's log, which may be late on a busy machine.
    expect(second.locator(".nexhina-chat-bill")).to_contain_text(re.compile(r"\$|unknown"))
    expect(page.locator(".nexhina-chat-total")).to_contain_text("$")
    page.screenshot(path=pictures / "chat.png")
    expect(notebook.run(1)).to_contain_text("gateway")


def test_a_chat_is_there_again_after_a_reload(page: Page, lab: Lab) -> None:
    notebook = Notebook(page, lab, "reload.ipynb", CHAT)
    notebook.run(0)
    ask(page, "What is 6 times 7?")
    expect(page.locator(TURN).nth(0)).to_have_attribute("data-state", "done")
    page.evaluate("void window.jupyterapp.commands.execute('docmanager:save')")
    # What is not on disk yet is not there after the reload.
    page.wait_for_function(SAVED)
    page.reload()
    expect(page.locator(TURN).nth(0).locator(".nexhina-chat-answer")).to_contain_text("42")


def test_a_chat_without_its_kernel_keeps_the_question(page: Page, lab: Lab) -> None:
    notebook = Notebook(page, lab, "restart.ipynb", CHAT)
    notebook.run(0)
    expect(page.locator(".nexhina-chat-input:visible")).to_be_enabled()
    page.evaluate(RESTART)
    box = page.locator(".nexhina-chat-input:visible")
    box.fill("Hello?")
    box.press("Enter")
    expect(page.locator(".nexhina-chat-notice:visible")).to_contain_text("run its cell again")
    expect(box).to_have_value("Hello?")


def test_a_batch_shows_its_progress_and_leaves_a_line(page: Page, lab: Lab, pictures: Path) -> None:
    cells = (
        "%load_ext nexhina_nb\nimport pandas as pd\nimport nexhina_nb as nx",
        "frame = pd.DataFrame({'text': [f'letter number {n}' for n in range(3000)]})\n"
        "out = nx.embed(frame, 'text', batch_size=16, cache=False)",
        "nx.matrix(out['embedding']).shape",
    )
    notebook = Notebook(page, lab, "batch.ipynb", *cells)
    notebook.run(0)
    output = notebook.run(1)
    expect(output.locator(".nexhina-progress")).to_contain_text(re.compile(r"3,000"))
    expect(notebook.run(2)).to_contain_text("(3000, 256)")
    page.screenshot(path=pictures / "batch.png")
