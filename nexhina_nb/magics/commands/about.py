"""``%nexhina help`` and ``%nexhina version``."""

from __future__ import annotations

from nexhina_nb.errors import BadInput
from nexhina_nb.magics import manual, verbs
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.nearest import nearest
from nexhina_nb.magics.options import Administration, Command, Help
from nexhina_nb.magics.state import Context
from nexhina_nb.release import version as installed


def explain(context: Context, args: Help) -> Note:
    """The page of a verb, or the first page."""
    if args.verb is None:
        return Note(manual.manual())
    verb = verbs.find(args.verb)
    if verb is None:
        names = [known.name for known in verbs.VERBS]
        raise BadInput(f"there is no verb {args.verb!r}", hint=nearest(args.verb, names, "verbs"))
    if verb.args is not Administration:
        return Note(manual.page(verb))
    from nexhina_nb.magics import command_line  # noqa: PLC0415 - the command line, for its help

    return Note(f"{manual.page(verb)}\n\n{command_line.explain(verb.name)}")


def version(context: Context, args: Command) -> Note:
    """The version."""
    return Note(f"nexhina_nb {installed()}")
