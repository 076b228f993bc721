"""What a cell is about: a text, the lines of it, a column of a frame, a variable."""

from __future__ import annotations

from typing import Any, Protocol

from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.options import CellCall
from nexhina_nb.magics.state import Context


class FromFrame(Protocol):
    """Options of a verb that takes a column of a frame."""

    @property
    def frame(self) -> str | None:
        """The name of the frame."""

    @property
    def column(self) -> str | None:
        """The name of the column."""


def body_text(context: Context, args: CellCall, body: str) -> str:
    """The text below the line, with its variables in place."""
    return (body if args.verbatim else interpolate(body, context.names)).strip("\n")


def whole_text(context: Context, args: CellCall, body: str, what: str, to_do: str) -> str:
    """The same for a verb that cannot do without. Raises BadInput if it is empty."""
    text = body_text(context, args, body)
    if not text.strip():
        raise BadInput(f"the {what} is empty", hint=f"write what to {to_do} below the first line")
    return text


def lines(context: Context, args: CellCall, column: str | None, body: str) -> list[str]:
    """The texts below the line, one a line. Raises BadInput for a column without its frame."""
    if column is not None:
        raise BadInput("--column needs --from", hint="name the frame that has the column")
    return [line for line in body_text(context, args, body).splitlines() if line.strip()]


def some_lines(context: Context, args: CellCall, column: str | None, body: str) -> list[str]:
    """The same. Raises BadInput if there are none."""
    found = lines(context, args, column, body)
    if not found:
        raise BadInput(
            "there are no texts", hint="write one a line, or use --from FRAME --column NAME"
        )
    return found


def frame_column(context: Context, args: FromFrame, body: str = "") -> tuple[Any, Any]:
    """The frame and the name of its column. Raises BadInput if there are texts as well."""
    assert args.frame is not None
    if body.strip():
        raise BadInput("there is a text, and --from as well", hint="leave one of them out")
    return frames.pick(context.names, args.frame, args.column)


def given(names: Names, word: str) -> Any:
    """The value of the variable of that name; the word itself if there is none."""
    return names[word] if word.isidentifier() and word in names else word
