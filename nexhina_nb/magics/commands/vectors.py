"""``%%nexhina embed`` and ``%%nexhina rerank``: lines of the cell, or a column of a frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from nexhina_nb.client import RerankReply, Vectors
from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.commands.connection import Stopwatch, connect, guard, preview, price
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.interpolate import interpolate
from nexhina_nb.magics.options import Embed, Rerank
from nexhina_nb.magics.state import Context

INTO = "embedding"


def embed(context: Context, args: Embed, body: str) -> Note | None:
    """Texts → vectors; a frame → the same kind of frame with the column "embedding"."""
    frame, texts = _texts(context, args, body)
    model = args.model or context.settings.embed_model
    if (note := _priced(context, args, "embed", texts, model)) is not None:
        return note
    client, watch = connect(context), Stopwatch()
    vectors = client.embed(texts, model=model, dimensions=args.dimensions)
    if vectors.cost is not None:
        context.state.costs.append(vectors.cost)
    result = vectors if frame is None else frames.add_columns(frame, {INTO: np.asarray(vectors)})
    context.names.assign(args.out, result)
    _show_vectors(context, args, vectors, result, watch)
    return None


def _show_vectors(
    context: Context, args: Embed, vectors: Vectors, result: Any, watch: Stopwatch
) -> None:
    rows, length = vectors.shape
    shown = result
    if args.frame is None:
        # As many numbers as say that there are some: a saved notebook is no place for all of them.
        with np.printoptions(threshold=0, edgeitems=3, precision=4, suppress=True):
            shown = Note(f"{rows:,} × {length:,} {vectors.dtype}\n{np.asarray(vectors)}")
    elif args.out is not None:
        shown = Note(f'{args.out}: {rows:,} rows, "{INTO}" holds vectors of {length:,} numbers')
    facts = vectors._repr_mimebundle_()[1]["nexhina"]
    context.screen.show(shown, {**facts, **watch.facts()})


def rerank(context: Context, args: Rerank, body: str) -> Note | None:
    """Documents → a ranking; a frame → the same kind of frame, best rows first."""
    assert args.query is not None
    frame, texts = _texts(context, args, body)
    model = args.model or context.settings.rerank_model
    note = _priced(context, args, "rerank", args.query, model, documents=texts)
    if note is not None:
        return note
    client, watch = connect(context), Stopwatch()
    reply = client.rerank(args.query, texts, model=model, top_n=args.top_n)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply if frame is None else _sorted(frame, reply))
    context.screen.show(reply, watch.facts())
    return None


def _sorted(frame: Any, reply: RerankReply) -> Any:
    scores = {
        "relevance_score": [row.score for row in reply],
        "rank": list(range(1, len(reply) + 1)),
    }
    return frames.add_columns(frames.take(frame, [row.index for row in reply]), scores)


def _texts(context: Context, args: Embed | Rerank, body: str) -> tuple[Any, list[Any]]:
    """The frame, if one is named, and the texts. Raises BadInput unless there is one source."""
    if args.frame is None:
        if args.column is not None:
            raise BadInput("--column needs --from", hint="name the frame that has the column")
        text = body if args.verbatim else interpolate(body, context.names)
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            raise BadInput(
                "there are no texts", hint="write one a line, or use --from FRAME --column NAME"
            )
        return None, lines
    if body.strip():
        raise BadInput("there is a text, and --from as well", hint="leave one of them out")
    return frames.pick(context.names, args.frame, args.column)


def _priced(
    context: Context, args: Embed | Rerank, verb: str, inputs: Any, model: str, **more: Any
) -> Note | None:
    """What --dry-run shows, else None; with --budget a call that is too dear is refused."""
    if not args.dry_run and args.budget is None:
        return None
    estimated = price(verb, inputs, model=model, **more)
    if args.dry_run:
        return preview(context, args, estimated)
    guard(args, estimated)
    return None
