"""Write docs/reference/*.md from the declarations: verbs, commands, settings, routes, Python names,
schemas.

    python scripts/make_reference.py [--check]

With ``--check`` nothing is written, and a stale, missing or forgotten page is an error.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
import reference_python
from reference_python import cell, first
from starlette.routing import BaseRoute, Route

from nexhina_nb import settings, wire
from nexhina_nb.cli import main as command_line
from nexhina_nb.gateway.app import create_app
from nexhina_nb.magics import manual, options, verbs
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.db import open_store

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
Lines = Iterator[str]

_OPTION = re.compile(r"(--[a-z][a-z-]*)")  # in running text

# Verb → endpoint, the same in Python, built-in model. A test checks that all of them exist.
EQUIVALENTS = MappingProxyType(
    {
        "chat": ("POST /v1/chat/completions", "client.chat(prompt)", "local/chat"),
        "respond": ("POST /v1/responses", "client.respond(input)", "local/chat"),
        "ask": ("POST /v1/chat/completions", "nx.ask(frame, prompt)", "local/chat"),
        "embed": ("POST /v1/embeddings", "client.embed(texts)", "local/embed"),
        "rerank": ("POST /v1/rerank", "client.rerank(query, documents)", "local/rerank"),
        "moderate": ("POST /v1/moderations", "client.moderate(texts)", "local/moderate"),
        "image": ("POST /v1/images/generations", "client.image(prompt)", "local/image"),
        "speak": ("POST /v1/audio/speech", "client.speak(text)", "local/speak"),
        "transcribe": (
            "POST /v1/audio/transcriptions", "client.transcribe(file)", "local/transcribe",
        ),
        "translate": ("POST /v1/audio/translations", "client.translate(file)", "local/transcribe"),
        "video": ("POST /v1/videos", "client.video(prompt)", "local/video"),
        "models": ("GET /v1/models", "client.models(pattern)", ""),
        "usage": ("GET /api/usage/token/", "client.usage()", ""),
        "redeem": ("POST /api/user/redeem_key", "client.redeem(code)", ""),
        "cost": ("GET /api/log/token", "nx.cost()", ""),
        "logs": ("", "nx.logs()", ""),
    }
)  # fmt: skip
# Verbs of the finished program; the page says which of them are not there yet.
PLANNED = (
    "respond", "moderate", "image", "speak", "transcribe", "translate", "video", "logs", "keys",
    "channels", "class", "record", "replay",
)  # fmt: skip


def verbs_page() -> Lines:
    """The verbs of the magics."""
    yield "# Verbs\n"
    yield "Every verb of the magics, with its options. `%nexhina?` shows the same in a notebook,"
    yield "and `%%nexhina VERB --help` explains one verb.\n"
    yield "```text"
    yield "%%nexhina [VERB] [OPTION]…     with the text below; VERB is chat unless named"
    yield "%nexhina VERB [OPTION]…        for the verbs that take one line"
    yield "```\n"
    yield "`{{name}}` in the text, or in the value of an option, inserts a variable; so do"
    yield '`{{name.attribute}}`, `{{name[0]}}` and `{{name["key"]}}`. A frame becomes a table.'
    yield "Nothing else in the text is touched, and `--verbatim` leaves these alone as well. Tab"
    yield "completes verbs, options, models and variables. Defaults are [settings](settings.md).\n"
    yield "| Verb | What it does |\n|---|---|"
    for verb in verbs.VERBS:
        yield f"| [`{verb.magic} {verb.name}`](#{verb.name}) | {cell(verb.summary)} |"
    if missing := [f"`{name}`" for name in PLANNED if verbs.find(name) is None]:
        yield f"\nNot there yet: {', '.join(missing)}."
    yield ""
    for verb in verbs.VERBS:
        yield from _verb(verb)
    yield "## Options that verbs share\n"
    yield "These every verb has:\n"
    yield from _options(options.Command, ())
    yield "\nThese every verb has that calls a model:\n"
    yield from _options(options.Call, (options.Command,))


def _verb(verb: verbs.Verb) -> Lines:
    yield f"## {verb.name}\n"
    yield f"```text\n{manual.synopsis(verb)}\n```\n"
    yield _OPTION.sub(r"`\1`", f"{_sentence(verb.summary)} {verb.details}".strip()) + "\n"
    for example in verb.examples:
        yield f"```ipython\n{example}\n```\n"
    if verb.name in EQUIVALENTS:
        yield _equivalents(*EQUIVALENTS[verb.name])
    if verb.args is options.Administration:
        yield "What it takes is on the page of the [command line](commands.md).\n"
    shared = options.Call if issubclass(verb.args, options.Call) else options.Command
    yield from _options(verb.args, (shared,))
    yield "\nAlso: the [options that verbs share](#options-that-verbs-share).\n"


def _equivalents(endpoint: str, python: str, model: str) -> str:
    """One line: the same by HTTP, in Python, and with which built-in model."""
    page = "python.md#" + ("functions-and-widgets" if python.startswith("nx.") else "clients")
    model_link = f"[`{model}`](../engines.md)" if model else ""
    told = (
        ("Endpoint", f"`{endpoint}`" if endpoint else ""),
        ("in Python", f"[`{python}`]({page})" if python else ""),
        ("built-in model", model_link),
    )
    line = " · ".join(f"{label} {value}" for label, value in told if value)
    return f"{line[0].upper()}{line[1:]}\n"


def _options(args: type[options.Command], without: tuple[type[options.Command], ...]) -> Lines:
    left_out = {name for shared in without for name in shared.__dataclass_fields__}
    found = [
        field.metadata["option"]
        for name, field in args.__dataclass_fields__.items()
        if name not in left_out
    ]
    if found:
        yield "| Option | What it does |\n|---|---|"
    for option in found:
        value = "" if option.kind is options.Kind.FLAG else option.placeholder
        usage = f"{', '.join(option.flags)} {value}".strip()
        yield f"| `{cell(usage)}` | {cell(option.help)} |"


def commands_page() -> Lines:
    """The command line."""
    yield "# Command line\n"
    yield "The command is called `nexhina`; `nexhina COMMAND --help` says the same as this page.\n"
    yield from _command("nexhina", command_line)


def _command(path: str, command: click.Command) -> Lines:
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from _command(f"{path} {name}", child)
        return
    yield f"## {path}\n"
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{path} {usage}\n```\n\n{inspect.cleandoc(command.help or '')}\n"
    records = (param.get_help_record(context) for param in command.params)
    rows = [record for record in records if record and record[1]]
    if rows:
        yield "| Option | What it does |\n|---|---|"
        yield from (f"| `{cell(name)}` | {cell(text)} |" for name, text in rows)
        yield ""


def settings_page() -> Lines:
    """The settings."""
    yield "# Settings\n"
    yield "Arguments go before environment variables, these before `nexhina.toml` in the working"
    yield "folder, that before `nexhina.toml` in the home folder (see `home` below). In a notebook,"
    yield '`%config Nexhina.model = "gpt-4o"` sets a client setting for the kernel, and'
    yield "`%config Nexhina` lists them. Times are seconds.\n"
    yield "Rows marked * are not read from the working folder: somebody else's notebook must not be"
    yield "able to send your key elsewhere.\n"
    for side, title in (("client", "Client"), ("gateway", "Gateway, and both")):
        yield f"## {title}\n"
        yield "| Setting | Variable | Default | What it is |\n|---|---|---|---|"
        for row in settings.rows():
            if row.metadata["side"] == side:
                star = "*" if row.metadata["private"] else ""
                name = f"`{row.name}`{star} | `{settings.env_name(row.name)}`"
                yield f"| {name} | {_default(row)} | {cell(row.metadata['help'])} |"
        yield ""


def _default(row: Any) -> str:
    if row.name == "home":
        return "the platform's data folder"
    hidden = isinstance(row.default, Secret) or row.default == ""
    return "" if hidden else f"`{row.default}`"


def routes_page() -> Lines:
    """The routes of the gateway."""
    yield "# Routes of the gateway\n"
    yield "What `nexhina gateway serve` answers. Every route below `/v1`, `/v2` and `/api` wants a"
    yield "key: `Authorization: Bearer sk-…`, or `x-api-key` where Anthropic's clients ask. Errors"
    yield 'have the form of the OpenAI API, `{"error": {"message", "type", "param", "code"}}`, or'
    yield "Anthropic's on its own routes. The gateway describes them itself at `/openapi.json` and"
    yield "`/docs`.\n"
    yield "| Method | Path | |\n|---|---|---|"
    for route in served_routes():
        assert isinstance(route, Route)
        methods = ", ".join(sorted((route.methods or set()) - {"HEAD"})) or "any"
        doc = getattr(route.endpoint, "summary", None) or inspect.getdoc(route.endpoint) or ""
        yield f"| {methods} | `{route.path}` | {cell(doc)} |"


def served_routes() -> list[BaseRoute]:
    """The routes of an application that has started."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(f"sqlite:///{home / 'nexhina.db'}")
        app = create_app(load(environ={}, cwd=home, home=home), store)

        async def started() -> list[BaseRoute]:
            async with app.router.lifespan_context(app):
                return list(app.routes)

        try:
            return asyncio.run(started())
        finally:
            store.close()


def schemas_page() -> Lines:
    """The models of the wire."""
    yield "# Schemas\n"
    yield "What travels, as pydantic models in `nexhina_nb.wire`; all 42 schemas of the Nexhina"
    yield "documentation are among them, by the same names. Requests are checked strictly, replies"
    yield "are read leniently, and unknown fields are kept. Fields in bold must be there.\n"
    module = ""
    for name in sorted(wire.__all__, key=lambda name: (getattr(wire, name).__module__, name)):
        model = getattr(wire, name)
        if model.__module__ != module:
            module = model.__module__
            yield f"\n## {module.rpartition('.')[2].replace('_', ' ').capitalize()}\n"
            yield f"{_sentence(first(sys.modules[module]))}\n"
            yield "| Schema | Fields | |\n|---|---|---|"
        yield f"| `{name}` | {_fields(model)} | {cell(first(model))} |"


def _fields(model: Any) -> str:
    found = getattr(model, "model_fields", {})
    return ", ".join(f"**{n}**" if f.is_required() else n for n, f in found.items())


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


PAGES: dict[str, Callable[[], Lines]] = {
    "verbs": verbs_page,
    "commands": commands_page,
    "settings": settings_page,
    "routes": routes_page,
    "python": reference_python.lines,
    "schemas": schemas_page,
}


def render() -> dict[Path, str]:
    """Every page, by its path."""
    made = "<!-- Made by `python scripts/make_reference.py`; a test fails when it is stale. -->"
    return {
        FOLDER / f"{name}.md": "\n".join((made, "", *lines())).rstrip() + "\n"
        for name, lines in PAGES.items()
    }


def stale(pages: dict[Path, str], folder: Path = FOLDER) -> list[str]:
    """The names of pages that differ from what is on disk, and of those that nothing makes."""
    there = {path: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    paths = sorted(there.keys() | pages.keys())
    return [path.name for path in paths if there.get(path) != pages.get(path)]


def main() -> None:
    """Write the pages, or check them."""
    pages = render()
    if "--check" in sys.argv[1:]:
        if names := stale(pages):
            sys.exit(f"stale in docs/reference: {', '.join(names)}; run scripts/make_reference.py")
        return
    FOLDER.mkdir(exist_ok=True)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
