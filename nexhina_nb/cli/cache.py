"""``nexhina cache``: what is kept of the answers of batches, so that they are paid for once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nexhina_nb.cli.common import SPAN, current, json_option, print_json, show
from nexhina_nb.settings import Settings, load

if TYPE_CHECKING:
    from nexhina_nb.batch.cache import Cache

_file = click.option(
    "--file", metavar="FILE", help="Another file, as in cache=FILE; else that of the settings."
)
_NOTHING = "No answers are kept."


@click.group(invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Answers that are kept on disk: nothing is paid for twice."""
    if context.invoked_subcommand is None:
        context.invoke(list_kept, file=None, as_json=False)


@cache.command("list")
@_file
@json_option
def list_kept(file: str | None, as_json: bool) -> None:
    """How many answers there are, of which verbs and models, how large and how old.

    Example: nexhina cache list --json
    """
    from nexhina_nb.batch.cache.contents import COLUMNS

    with _opened(file) as found:
        contents = found.summary() if found else None
    if as_json:
        print_json(contents.as_dict() if contents else None)
    else:
        show(COLUMNS, contents.rows() if contents else [], _NOTHING)


@cache.command("clear")
@click.option("--verb", metavar="VERB", help="Only answers of this verb, for example embed.")
@click.option("--model", metavar="GLOB", help="Only answers of this model, or a glob.")
@click.option(
    "--older", type=SPAN, metavar="SPAN", help="Only answers made longer ago, for example 7d."
)
@click.option("--yes", is_flag=True, help="Do not ask before everything is forgotten.")
@_file
def clear(
    verb: str | None, model: str | None, older: int | None, yes: bool, file: str | None
) -> None:
    """Forget answers; whoever asks again pays again. The room goes back to the disk.

    Example: nexhina cache clear --model 'local/*' --older 7d
    """
    with _opened(file) as found:
        if found is None:
            click.echo(_NOTHING)
            return
        if verb is None and model is None and older is None and not yes:
            current().confirm(f"Forget all {found.summary().answers:,} answers?", "--yes")
        gone = found.clear(verb, model, older)
    click.echo(_forgotten(gone))


@cache.command("trim")
@_file
def trim(file: str | None) -> None:
    """Forget what is beyond `cache_mb`, what was used least recently first, and give all room
    that is free in the file back to the disk.

    Example: nexhina cache trim
    """
    with _opened(file) as found:
        click.echo(_forgotten(found.trim()) if found else _NOTHING)


@cache.command("rescue")
@_file
def rescue(file: str | None) -> None:
    """Take back what is sound in damaged files, which were set aside beside the one in use.

    Example: nexhina cache rescue
    """
    from nexhina_nb.batch.cache.rescue import damaged_files, rescue

    path = _path(load(), file)
    for damaged in damaged_files(path):
        with _open(path) as found:
            count = rescue(found, damaged)
        click.echo(f"{_answers(count)} back from {damaged}; the rest cannot be read.")


@cache.command("path")
def path() -> None:
    """Which file it is. Example: nexhina cache path"""
    click.echo(str(_path(load(), None)))


def _forgotten(count: int) -> str:
    return f"{_answers(count)} forgotten."


def _answers(count: int) -> str:
    return "1 answer is" if count == 1 else f"{count:,} answers are"


def _path(settings: Settings, file: str | None) -> Path:
    from nexhina_nb.batch.cache import FILE_NAME, default_path

    named = default_path(settings.home) if file is None else Path(file).expanduser()
    return named / FILE_NAME if named.is_dir() else named


@contextmanager
def _opened(file: str | None) -> Iterator[Cache | None]:
    """The cache; None if there is no file: looking makes none."""
    path = _path(load(), file)
    if not path.exists():
        yield None
        return
    with _open(path) as found:
        if found.aside:
            click.echo(f"The file was damaged, and is now {found.aside}.", err=True)
            click.echo("`nexhina cache rescue` takes back what is sound in it.", err=True)
        yield found


def _open(path: Path) -> Cache:
    from nexhina_nb.batch.cache import Cache

    # 0 is for no cache at all; a file that is there all the same is of the usual size.
    return Cache(path, (load().cache_mb or Settings().cache_mb) << 20)
