"""A frame that a verb has made, on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nexhina_nb.magics.display import Note
from nexhina_nb.magics.state import Context


def show_frame(
    context: Context,
    out: str | None,
    frame: Any,
    facts: Mapping[str, Any],
    told: Sequence[str],
) -> None:
    """Show a frame, and what is to be told beside its content; of one that went into a variable,
    only that.
    """
    if out is not None:
        words = "; ".join((f"{out}: {len(frame):,} rows, {told[0]}", *told[1:]))
        context.screen.show(Note(words), facts)
        return
    context.screen.show(frame, facts)
    if len(told) > 1:
        context.screen.show(Note("; ".join(told[1:])))


def failed(count: int, total: int, column: str) -> list[str]:
    """What is told of rows that came to nothing."""
    return [f'{count:,} of {total:,} rows failed, "{column}" says why'] if count else []
