"""The command line inside a cell: its commands run here, and tell their help and what may follow.

Loaded when it is needed: the commands and click are no part of ``%load_ext nexhina_nb``.
"""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import click
from click.shell_completion import ShellComplete

from nexhina_nb.cli import main
from nexhina_nb.cli.common import Place
from nexhina_nb.errors import BadInput, NexhinaError

MAGIC = "%nexhina"
_HELP = ["-h", "--help"]


def run(words: Sequence[str], place: Place) -> None:
    """Run a command. Raises what it raises, BadInput for words that it does not take, and
    NexhinaError if it ends with an exit code.
    """
    asked = [*words, "--help"] if len(words) == 1 and _needs_more(words[0]) else list(words)
    # In a thread: commands have event loops of their own, and the kernel's is running in this one.
    pool = ThreadPoolExecutor(1)
    try:
        code = pool.submit(contextvars.copy_context().run, _invoke, asked, place).result()
    finally:
        pool.shutdown(wait=False)
    if code:
        raise NexhinaError(f"`nexhina {words[0]}` found something wrong", hint="it is said above")


def _invoke(words: list[str], place: Place) -> int:
    try:
        code = main.main(
            words, prog_name=MAGIC, standalone_mode=False, obj=place, help_option_names=_HELP
        )
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else MAGIC
        message = " ".join(error.format_message().split()).rstrip(".")
        raise BadInput(message, hint=f"`{path} --help` lists what it takes") from None
    except click.ClickException as error:
        if isinstance(error.__cause__, NexhinaError):
            raise error.__cause__ from None
        raise BadInput(error.format_message()) from None
    return code if isinstance(code, int) else 0


def explain(name: str) -> str:
    """The help of one command."""
    command = main.commands[name]
    parent = click.Context(main, info_name=MAGIC, help_option_names=_HELP)
    with click.Context(command, info_name=name, parent=parent) as context:
        return command.get_help(context)


def follow(words: Sequence[str], word: str) -> list[str] | None:
    """What may stand in the place of ``word`` after the others; None for the path of a file."""
    shell, before = ShellComplete(main, {}, MAGIC, ""), list(words)
    found = shell.get_completions(before, word)
    if not found and not word:
        found = [item for item in shell.get_completions(before, "--") if item.value != "--help"]
    if any(item.type != "plain" for item in found):
        return None
    return [item.value for item in found]


def _needs_more(name: str) -> bool:
    command = main.commands.get(name)
    return isinstance(command, click.Group) and not command.invoke_without_command
