"""The documents are true and complete: fresh reference pages, every question of the seed page,
commands that exist, links that lead somewhere.
"""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import click
import pytest
from markdown_it import MarkdownIt
from starlette.routing import Route

import nexhina_nb
from nexhina_nb import settings
from nexhina_nb.cli import main as command_line
from nexhina_nb.client import Client
from nexhina_nb.engines import ENGINES
from nexhina_nb.magics import options, verbs

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]

# The questions of the page that this project was created from, in its order and grouping.
QUESTIONS = {
    "General": [
        "What's the difference between Nexhina and OpenAI's official service?",
        "Which programming languages are supported?",
        "Is there a free trial?",
    ],
    "Call issues": [
        "What should I do if I get a context_length_exceeded error?",
        "What should I do if I get a model_not_found error?",
        "What should I do if the streaming output is interrupted?",
        "Why is the reply content truncated?",
        "The quality of Chinese replies is poor. What should I do?",
    ],
    "Billing": [
        "How many Tokens does a request consume?",
        "How are Tokens counted for streaming requests?",
        "Is billing the same as OpenAI's official service?",
    ],
    "Features": [
        "Is Function Calling supported?",
        "Is image input (Vision) supported?",
        "Is JSON output supported?",
        "Can models be fine-tuned?",
        "How long does video generation take?",
    ],
    "Deployment": [
        "How do I configure CORS?",
        "Can the API be called from an internal network?",
        "Is private deployment supported?",
        "How do I view API call logs?",
    ],
}


@pytest.fixture(scope="module")
def make_reference() -> Iterator[ModuleType]:
    """The script, imported as it is when it runs: with its own folder on the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        yield importlib.import_module("make_reference")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(text: str) -> list[tuple[int, str]]:
    """Level and text of every heading, those in fenced blocks excepted."""
    tokens = MarkdownIt().parse(text)
    return [
        (int(opening.tag[1]), inline.content)
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open"
    ]


def test_the_reference_is_fresh() -> None:
    command = [sys.executable, "scripts/make_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_and_a_forgotten_page_are_noticed(
    make_reference: ModuleType, tmp_path: Path
) -> None:
    pages = {tmp_path / "verbs.md": "new", tmp_path / "routes.md": "same"}
    (tmp_path / "verbs.md").write_text("old")
    (tmp_path / "routes.md").write_text("same")
    (tmp_path / "removed.md").write_text("of old")
    assert make_reference.stale(pages, tmp_path) == ["removed.md", "verbs.md"]


def test_every_setting_is_in_the_reference() -> None:
    text = page("reference/settings.md")
    for row in settings.rows():
        assert f"| `{settings.env_name(row.name)}` |" in text


def test_every_verb_and_option_is_in_the_reference() -> None:
    text = page("reference/verbs.md")
    assert [verb.name for verb in verbs.VERBS] == [t for n, t in headings(text) if n == 2][:-1]
    for verb in verbs.VERBS:
        for _, option in verbs.options(verb):
            assert option.help.replace("|", "\\|") in text, option.label
            assert all(f"`{flag}" in text or f", {flag}" in text for flag in option.flags)


def test_what_is_said_of_a_verb_beyond_its_declaration_exists(make_reference: ModuleType) -> None:
    calls = {v.name for v in verbs.VERBS if issubclass(v.args, options.Call)}
    assert calls <= make_reference.EQUIVALENTS.keys()
    known = {
        f"{method} {route.path}"
        for route in make_reference.served_routes()
        if isinstance(route, Route)
        for method in route.methods or ()
    }
    for name, (endpoint, python, model) in make_reference.EQUIVALENTS.items():
        assert verbs.find(name) is not None or name in make_reference.PLANNED
        assert not endpoint or endpoint in known
        owner, _, rest = python.partition(".")
        assert hasattr({"client": Client, "nx": nexhina_nb}[owner], rest.partition("(")[0])
        assert not model or model in ENGINES


def commands(path: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(f"{path} {name}", child)
    else:
        yield path


def test_every_command_is_in_the_reference() -> None:
    found = [text for level, text in headings(page("reference/commands.md")) if level == 2]
    assert found == sorted(commands("nexhina", command_line))


def test_every_route_is_in_the_reference(make_reference: ModuleType) -> None:
    text = page("reference/routes.md")
    for route in make_reference.served_routes():
        assert isinstance(route, Route)
        assert f"`{route.path}`" in text


def test_every_setting_of_the_front_end_is_told_with_its_default() -> None:
    schema = json.loads((ROOT / "labextension" / "schema" / "plugin.json").read_text())
    text, shown = page("jupyterlab.md"), {True: "on", False: "off"}
    for name, row in schema["properties"].items():
        default = row["default"]
        told = shown[default] if isinstance(default, bool) else default
        assert f"| `{name}` | {told} |" in text


def test_every_route_of_the_server_extension_is_told() -> None:
    handlers = pytest.importorskip("nexhina_nb.server.handlers", reason="install the extra 'lab'")
    for path, _ in handlers.ROUTES:
        assert f"`{path.removeprefix('/')}" in page("jupyterlab.md")


def test_every_notebook_is_part_of_the_documentation() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        link = DOCS / "notebooks" / f"{path.stem}.nblink"
        assert link.is_file(), f"write the line notebooks/{path.name} to {link.relative_to(ROOT)}"
        assert link.read_text() == f"notebooks/{path.name}\n"


def test_every_question_is_answered_in_order() -> None:
    found: dict[str, list[str]] = {}
    for level, text in headings(page("faq.md")):
        if level == 2:
            found[text] = []
        elif level == 3:
            found[list(found)[-1]].append(text)
    assert found == QUESTIONS
    for question in (q for group in QUESTIONS.values() for q in group):
        answer = page("faq.md").partition(f"### {question}\n")[2].partition("\n#")[0]
        assert len(answer.split()) > 15, question


def command_lines() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
            if token.type == "fence" and token.info == "sh":
                for line in token.content.splitlines():
                    if found := re.search(r"(?:^|/)nexhina (.*)", line):
                        yield path.name, found[1]


@pytest.mark.parametrize(("name", "line"), sorted(set(command_lines())))
def test_commands_that_are_shown_exist(name: str, line: str) -> None:
    command: click.Command = command_line
    words = shlex.split(line, comments=True)
    while isinstance(command, click.Group) and words:
        assert words[0] in command.commands, f"{name}: nexhina {line}"
        command = command.commands[words.pop(0)]
    command.make_context("nexhina", words)  # it raises UsageError for what it does not know


def test_the_readme_has_two_commands_and_ci_runs_them() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"^python3 -m venv .*$", readme, re.M)
    assert len(found) == 2
    assert found[0].endswith("nexhina demo")
    assert found[1].endswith("-m pytest")
    assert "^python3 -m venv " in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
