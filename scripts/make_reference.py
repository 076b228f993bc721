"""Write docs/reference.md from the declarations: settings, magics, commands, routes.

    python scripts/make_reference.py [--check]

With ``--check`` nothing is written, and a stale file is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
from starlette.routing import Route

from nexhina_nb import settings
from nexhina_nb.cli import main as command_line
from nexhina_nb.gateway.app import routes
from nexhina_nb.magics import verbs
from nexhina_nb.magics.options import Kind, Option
from nexhina_nb.secret import Secret

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
INTRODUCTION = """# Reference

Made by `python scripts/make_reference.py` from the declarations in the code; a test fails when it
is stale.
"""


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *_settings(), *_magics(), *_commands(), *_routes()]
    return "\n".join(parts).rstrip() + "\n"


def _settings() -> Iterator[str]:
    yield "\n## Settings\n"
    yield "Arguments go before environment variables, these before `nexhina.toml` in the working"
    yield "folder, that before `nexhina.toml` in the home folder. Rows marked * are not read from"
    yield "the working folder: somebody else's notebook must not send a key elsewhere. Times are"
    yield "seconds.\n"
    yield "| Setting | Variable | Default | What it is |\n|---|---|---|---|"
    for row in settings.rows():
        star = "*" if row.metadata["private"] else ""
        default = row.default
        if row.name == "home":
            default = "the platform's data folder"
        shown = "" if isinstance(default, Secret) or default == "" else f"`{default}`"
        name, variable = row.name, settings.env_name(row.name)
        yield f"| `{name}`{star} | `{variable}` | {shown} | {row.metadata['help']} |"


def _magics() -> Iterator[str]:
    yield "\n## Magics\n"
    for verb in verbs.VERBS:
        yield f"### `{verb.magic} {verb.name}`\n"
        yield f"{verb.summary[0].upper()}{verb.summary[1:]}. {verb.details}".strip() + "\n"
        for example in verb.examples:
            yield f"```\n{example}\n```\n"
        yield "| Option | What it does |\n|---|---|"
        for _, option in verbs.options(verb):
            yield f"| `{_usage(option)}` | {_cell(option.help)} |"
        yield ""


def _usage(option: Option) -> str:
    value = "" if option.kind is Kind.FLAG else option.placeholder
    return _cell(f"{', '.join(option.flags)} {value}".strip())


def _commands() -> Iterator[str]:
    yield "\n## Command line\n"
    yield from _command("nexhina", command_line)


def _command(path: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from _command(f"{path} {name}", child)
        return
    yield f"### `{path}`\n\n{(command.help or '').strip()}\n"
    context = click.Context(command, info_name=path)
    rows = [record for p in command.params if (record := p.get_help_record(context))]
    if rows:
        yield "| Option | What it does |\n|---|---|"
        yield from (f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows)
        yield ""


def _routes() -> Iterator[str]:
    yield "\n## Routes of the gateway\n"
    yield "| Method | Path | |\n|---|---|---|"
    for route in routes(cast("Any", None)):
        assert isinstance(route, Route)
        methods = ", ".join(sorted((route.methods or set()) - {"HEAD"})) or "any"
        doc = (getattr(route.endpoint, "summary", None) or route.endpoint.__doc__ or "").strip()
        yield f"| {methods} | `{route.path}` | {_cell(doc)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page, or check it."""
    page = render()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") != page:
            sys.exit("docs/reference.md is stale: run python scripts/make_reference.py")
        return
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
