"""The examples of the documentation run, page by page and in order, in a real shell with a real
gateway.

Every ``python`` and ``ipython`` block of docs/*.md is run. A block that cannot be has the comment
``<!-- not run: WHY -->`` before it. After ``<!-- prints -->`` a block holds what the one before it
printed.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from markdown_it import MarkdownIt
from markdown_it.token import Token
from traitlets.config import Config

from nexhina_nb import discovery
from nexhina_nb.magics.extension import load, unload
from nexhina_nb.secret import Secret
from tests.conftest import run_gateway

PAGES = sorted(Path(__file__).parents[1].joinpath("docs").glob("*.md"))
RUN = ("python", "ipython")


@dataclass(frozen=True)
class Block:
    """A fenced block, the line that it starts at, and the comment before it."""

    language: str
    text: str
    line: int
    comment: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    before: Token | None = None
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            is_comment = before is not None and before.type == "html_block"
            comment = before.content.strip() if before is not None and is_comment else ""
            assert token.map is not None
            yield Block(token.info.strip(), token.content, token.map[0] + 1, comment)
        before = token


def examples(page: Path) -> list[tuple[Block, Block | None]]:
    """The blocks to be run, each with the block of what it prints."""
    found: list[tuple[Block, Block | None]] = []
    for block in blocks(page):
        if block.comment == "<!-- prints -->":
            found[-1] = (found[-1][0], block)
        elif block.language in RUN and not block.comment.startswith("<!-- not run: "):
            found.append((block, None))
    return found


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell that finds a running gateway on this machine, as a kernel does."""
    folder = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=copy.deepcopy(config), ipython_dir=str(tmp_path / "ipython"))
    with run_gateway(folder) as gateway, discovery.holding(folder):
        running = discovery.Running(
            gateway.base_url, os.getpid(), Secret(gateway.key), gateway.store.url
        )
        discovery.announce(folder, running)
        load(shell)
        yield shell
        unload(shell)


@pytest.mark.parametrize("page", [p for p in PAGES if examples(p)], ids=lambda page: page.stem)
def test_the_examples_of(page: Path, shell: InteractiveShell) -> None:
    for block, printed in examples(page):
        with capture_output() as output, warnings.catch_warnings():
            result = shell.run_cell(block.text)
        error = result.error_before_exec or result.error_in_exec
        assert error is None, f"{page.name}:{block.line}: {error!r}"
        if printed is not None:
            shown, expected = (text.rstrip("\n") for text in (output.stdout, printed.text))
            assert shown == expected, f"{page.name}:{printed.line}"


def test_the_runner_finds_what_is_wrong(shell: InteractiveShell, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(1)\n```\n\n<!-- prints -->\n```text\n1\n```\n\n"
        "<!-- not run: it needs a key -->\n```python\n1 / 0\n```\n\n"
        "```ipython\n%nexhina models nothing -o found\n```\n\n```sh\nnexhina demo\n```\n"
    )
    (first, printed), (second, _) = examples(page)
    assert (first.text, first.line) == ("print(1)\n", 1)
    assert printed is not None
    assert printed.text == "1\n"
    assert "-o found" in second.text
    test_the_examples_of(page, shell)
    assert len(shell.user_ns["found"]) == 0
    page.write_text("```python\nprint(2)\n```\n<!-- prints -->\n```text\n1\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:5"):
        test_the_examples_of(page, shell)
    page.write_text("\n```python\n1 / 0\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:2: ZeroDivisionError"):
        test_the_examples_of(page, shell)
