"""``%%nexhina moderate``: verdicts for lines, for pictures, or for a column of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import narwhals as nw

from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import Inputs, read
from nexhina_nb.client import ModerationReply, Verdict
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.inputs import frame_column, given, lines, some_lines
from nexhina_nb.magics.commands.rows import failed, show_frame
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Moderate
from nexhina_nb.magics.state import Context
from nexhina_nb.wire.moderation import CATEGORIES

FLAGGED, CATEGORY, ERROR = "flagged", "category", "moderate_error"


def moderate(context: Context, args: Moderate, body: str) -> Note | None:
    """Texts → verdicts; a frame → the same kind of frame with their columns."""
    return _lines(context, args, body) if args.frame is None else _rows(context, args, body)


def _lines(context: Context, args: Moderate, body: str) -> Note | None:
    read_lines = lines if args.image else some_lines
    texts = read_lines(context, args, args.column, body)
    if (note := _priced(context, args, texts)) is not None:
        return note
    reply, facts = _ask(context, args, texts)
    context.names.assign(args.out, reply)
    context.screen.show(reply, facts)
    return None


def _rows(context: Context, args: Moderate, body: str) -> Note | None:
    if args.image:
        raise BadInput("--image and --from do not go together", hint="leave one of them out")
    frame, column = frame_column(context, args, body)
    table = Table.of(frame)
    table.check_new((FLAGGED, CATEGORY, ERROR, *CATEGORIES), column)
    inputs = read(table.values(column), f"the column {column!r}")
    if not inputs.texts:
        raise BadInput(f"the column {column!r} holds no texts", hint="name a column of texts")
    if (note := _priced(context, args, inputs.texts)) is not None:
        return note
    reply, facts = _ask(context, args, inputs.texts)
    made = _judged(table, inputs, reply)
    context.names.assign(args.out, made)
    facts |= reply._repr_mimebundle_()[1]["nexhina"]
    count = sum(reply[place].flagged for place in inputs.place if place >= 0)
    told = [f"{count:,} flagged", *failed(len(inputs.bad), inputs.total, ERROR)]
    show_frame(context, args.out, made, facts, told)
    return None


def _priced(context: Context, args: Moderate, texts: Sequence[str]) -> Note | None:
    model = args.model or context.settings.moderate_model
    return priced(context, args, partial(price, "moderate", texts, model=model))


def _ask(
    context: Context, args: Moderate, texts: Sequence[str]
) -> tuple[ModerationReply, dict[str, Any]]:
    images = [given(context.names, image) for image in args.image]
    client, watch = connect(context), Stopwatch()
    model = args.model or context.settings.moderate_model
    reply = client.moderate(texts, model=model, images=images)
    context.state.costs.append(reply.cost)
    return reply, watch.facts()


def _judged(table: Table, inputs: Inputs, reply: ModerationReply) -> Any:
    """The frame with the verdicts of its rows; where there is none, they are missing."""
    rows: list[Verdict | None] = [reply[at] if at >= 0 else None for at in inputs.place]
    names = list(dict.fromkeys([*CATEGORIES, *(name for row in reply for name in row.scores)]))
    columns: dict[str, Column] = {CATEGORY: Values(str, [row and row.category for row in rows])}
    for name in names:
        columns[name] = Values(float, [row and row.scores.get(name) for row in rows])
    if inputs.bad:
        columns[ERROR] = Values(str, [inputs.bad.get(row) for row in range(len(table))])
    flagged = _with_flags(table, [None if row is None else row.flagged for row in rows])
    return flagged.having(columns, without=() if inputs.bad else (ERROR,)).native


def _with_flags(table: Table, flags: Sequence[bool | None]) -> Table:
    frame = nw.from_native(table.frame, eager_only=True)
    column = nw.new_series(FLAGGED, flags, backend=frame.implementation)
    return Table(frame.with_columns(column).to_native(), table.kind)
