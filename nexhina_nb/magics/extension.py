"""The magics in IPython: one object that holds the state, reads a line, and runs its command.

Commands are loaded when they are used: the client, and with it the HTTP library and pydantic, would
make ``%load_ext nexhina_nb`` slow.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from functools import partial
from typing import Any

from IPython.core.inputtransformer2 import cell_magic
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from nexhina_nb.errors import NexhinaError, Stopped
from nexhina_nb.magics import manual
from nexhina_nb.magics.args import Parsed, parse
from nexhina_nb.magics.complete import Completer
from nexhina_nb.magics.destination import Destination
from nexhina_nb.magics.display import Note, Screen
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.model_names import ModelNames
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.options import Administration
from nexhina_nb.magics.state import Context, State
from nexhina_nb.magics.traits import Defaults
from nexhina_nb.magics.verbs import Verb
from nexhina_nb.origin import origin_of


@magics_class
class Nexhina(Magics, Defaults):
    """Defaults of %%nexhina. One that is not set follows the environment and nexhina.toml."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.state = State()
        names = ModelNames(self.destination)
        self.completer = Completer(lambda: shell.user_ns, names, self.state.conversations)

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def nexhina(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return self._run(line, cell, Names(self.shell.user_ns, local_ns or {}))
        except NexhinaError as error:
            error.show_traceback = "--traceback" in line.split()
            raise
        except KeyboardInterrupt:
            raise Stopped("the call was stopped") from None

    def destination(self) -> Destination:
        """Where calls go now."""
        return self.state.destination(self.settings(), self.chosen_base_url())

    def _run(self, line: str, cell: str | None, names: Names) -> Any:
        parsed = parse(line, is_cell=cell is not None, expand=lambda text: interpolate(text, names))
        if parsed.args.help and not isinstance(parsed.args, Administration):
            return Note(manual.page(parsed.verb))
        body = () if cell is None else (cell,)
        with within(getattr(parsed.args, "budget", None)):
            return command(parsed.verb)(self._context(names, parsed), parsed.args, *body)

    def _context(self, names: Names, parsed: Parsed) -> Context:
        settings, origin = self.settings(), origin_of(self.shell)
        streams = settings.stream and not getattr(parsed.args, "no_stream", False)
        return Context(
            settings=settings,
            base_url=self.chosen_base_url(),
            set_base_url=partial(setattr, self, "base_url"),
            state=self.state,
            names=names,
            screen=Screen(self.shell, origin, streams=streams),
            origin=origin,
        )


# What `%nexhina?` shows.
Nexhina.nexhina.__doc__ = manual.manual()


def within(budget: Decimal | None) -> AbstractContextManager[object]:
    """What --budget says of the calls of a command."""
    if budget is None:
        return nullcontext()
    module = importlib.import_module("nexhina_nb.client.budgets")
    found: AbstractContextManager[object] = module.budget(budget)
    return found


def command(verb: Verb) -> Callable[..., Any]:
    """The function that runs a verb."""
    module, _, name = verb.run.partition(":")
    found = importlib.import_module(f"nexhina_nb.magics.commands.{module}")
    function: Callable[..., Any] = getattr(found, name)
    return function


def with_body(lines: list[str]) -> list[str]:
    """A cell of one line, ``%%nexhina embed --from df --column text``, gets an empty body.

    IPython refuses a cell magic without a body, and with an error that nbval does not see.
    """
    if len(lines) == 1 and _ALONE.match(lines[0]):
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


_ALONE = re.compile(r"%%nexhina(\s|$)")
# So that a terminal, which asks whether a cell is complete, goes on waiting for the body.
with_body.has_side_effects = True  # type: ignore[attr-defined]


def load(shell: InteractiveShell) -> None:
    """Register magics, completion and the treatment of cells without a body; once."""
    if loaded(shell) is not None:
        return
    magics = Nexhina(shell)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(magics.completer.match)
    transforms = shell.input_transformer_manager.cleanup_transforms
    place = transforms.index(cell_magic) if cell_magic in transforms else len(transforms)
    transforms.insert(place, with_body)


def unload(shell: InteractiveShell) -> None:
    """Undo `load`; a gateway that this kernel started drains and ends."""
    magics = loaded(shell)
    if magics is None:
        return
    magics.state.close()
    manager = shell.magics_manager
    for kind in ("line", "cell"):
        manager.magics[kind].pop("nexhina", None)
    manager.registry.pop(Nexhina.__name__)
    shell.configurables.remove(magics)
    shell.Completer.custom_matchers.remove(magics.completer.match)
    shell.input_transformer_manager.cleanup_transforms.remove(with_body)


def loaded(shell: InteractiveShell) -> Nexhina | None:
    """The magics of this shell, if they are loaded."""
    found = shell.magics_manager.registry.get(Nexhina.__name__)
    return found if isinstance(found, Nexhina) else None
