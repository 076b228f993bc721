"""``%%nexhina moderate``: verdicts for lines, for pictures, or for a column of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import narwhals as nw

from nexhina_nb.client import ModerationReply
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.commands.connection import Stopwatch, connect, price, priced
from nexhina_nb.magics.commands.inputs import frame_column, given, lines, some_lines
from nexhina_nb.magics.commands.rows import each_row
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Moderate
from nexhina_nb.magics.state import Context
from nexhina_nb.tabular import verdicts


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
    return each_row(
        context, args, verdicts.Moderate(column), frame, _flagged, cache=not args.no_cache
    )


def _flagged(frame: Any) -> str:
    count = nw.from_native(frame[verdicts.FLAGGED], series_only=True).sum()
    return f"{count or 0:,} flagged"


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
