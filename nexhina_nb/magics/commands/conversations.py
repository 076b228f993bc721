"""``%nexhina conversations``: the named conversations of this kernel."""

from __future__ import annotations

from nexhina_nb.errors import BadInput
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.nearest import nearest
from nexhina_nb.magics.options import Conversations
from nexhina_nb.magics.state import Context


def conversations(context: Context, args: Conversations) -> Note | None:
    """List them, or forget one or all."""
    kept = context.state.conversations
    if args.action is None:
        lines = [f"{name}: {_turns(len(found.turns) // 2)}" for name, found in kept.items()]
        return Note("\n".join(lines) or "There are no conversations.")
    if args.name is None:
        kept.clear()
    elif kept.pop(args.name, None) is None:
        hint = nearest(args.name, kept, "conversations")
        raise BadInput(f"there is no conversation {args.name!r}", hint=hint)
    return None


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"
