"""The documentation site builds without a warning, is whole, and asks nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import nexhina_nb
from nexhina_nb import client, errors, wire

ROOT = Path(__file__).parents[1]
NEEDED = ("sphinx", "myst_nb", "furo")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: install the extra 'docs'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), "docs", str(folder / "html")],
        cwd=ROOT,
        env=os.environ | {"NEXHINA_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder / "html"


class Asked(HTMLParser):
    """Collects what a browser would fetch for a page by itself, and the anchors of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag != "a" and not (tag == "link" and found.get("rel") in ("canonical", "license")):
            self.urls += [
                found[name] for name in ("src", "href", "srcset", "data") if name in found
            ]


def asked(page: Path) -> Asked:
    parser = Asked()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def test_the_important_pages_are_there(site: Path) -> None:
    guides = "tour notebooks faq frames costs jupyterlab widgets gateway accounts classroom engines"
    guides += " security programs"
    endpoints = "chat responses embeddings moderation pictures sound video"
    names = [
        *guides.split(),
        *endpoints.split(),
        "reference",
        "changelog",
        "contributing",
        "index",
        "search",
    ]
    made = [path.stem for path in (ROOT / "docs" / "reference").glob("*.md")]
    notebooks = [path.stem for path in (ROOT / "notebooks").glob("*.ipynb")]
    pages = [
        *names,
        *(f"reference/{name}" for name in made),
        *(f"notebooks/{name}" for name in notebooks),
    ]
    assert [name for name in pages if not (site / f"{name}.html").is_file()] == []
    assert made
    assert notebooks


def test_the_notebooks_show_their_outputs(site: Path) -> None:
    text = (site / "notebooks" / "01_quickstart.html").read_text(encoding="utf-8")
    assert "flows into the Rhine at Koblenz" in text
    assert re.search(r'<img[^>]+src="\.\./_images/\w+\.png"', text)


def test_nothing_is_asked_from_elsewhere(site: Path) -> None:
    outside = re.compile(r"(?:https?:)?//")
    pages = list(site.rglob("*.html"))
    found = {page.name: [u for u in asked(page).urls if outside.match(u)] for page in pages}
    assert {name: urls for name, urls in found.items() if urls} == {}
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", style.read_text()), style.name
    assert len(pages) > 20


def public() -> Iterator[str]:
    for name in nexhina_nb.__all__:
        yield f"nexhina_nb.{name}" if name != "errors" else "nexhina_nb.errors.NexhinaError"
    for name in client.__all__:
        if name not in nexhina_nb.__all__:
            yield f"nexhina_nb.client.{name}"
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, errors.NexhinaError):
            yield f"nexhina_nb.errors.{name}"
    for kind in ("Client", "AsyncClient"):
        for verb in ("chat", "embed", "rerank", "models", "usage", "logs", "close"):
            yield f"nexhina_nb.{kind}.{verb}"


def test_every_public_name_has_an_entry(site: Path) -> None:
    page = asked(site / "reference" / "python.html")
    assert [name for name in public() if name not in page.ids] == []


def test_methods_have_the_signature_that_a_notebook_shows(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    entry = text.partition('id="nexhina_nb.Client.chat"')[2].partition("</dt>")[0]
    shown = re.sub(r"<[^>]+>", "", entry)
    for name in inspect.signature(nexhina_nb.Client.chat).parameters:
        assert name == "self" or name in shown


def test_every_schema_is_listed(site: Path) -> None:
    text = (site / "reference" / "schemas.html").read_text(encoding="utf-8")
    assert [name for name in wire.__all__ if f">{name}</span>" not in text] == []
