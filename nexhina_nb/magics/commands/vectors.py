"""``%%nexhina embed`` and ``%%nexhina rerank``: lines of the cell go to the client, a column of a
frame is a batch.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from nexhina_nb.batch.columns import matrix
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.batch.ranked import ERROR
from nexhina_nb.client import Vectors, tables
from nexhina_nb.magics.commands.connection import Stopwatch, connect, preview, price, priced
from nexhina_nb.magics.commands.inputs import frame_column, some_lines
from nexhina_nb.magics.commands.rows import carry_out, each_row, facts_of, remarks
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Embed as EmbedArgs, Rerank
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.rankings import rerank_table
from nexhina_nb.tabular.vectors import Embed

INTO = "embedding"


def embed(context: Context, args: EmbedArgs, body: str) -> Note | None:
    """Texts → vectors; a frame → the same kind of frame with the column "embedding"."""
    if args.frame is None:
        return _embed_lines(context, args, body)
    frame, column = frame_column(context, args, body)
    plan = Embed(column, INTO, args.dimensions)
    return each_row(context, args, plan, frame, _told, cache=not args.no_cache)


def _told(frame: Any) -> str:
    return f'"{INTO}" holds vectors of {matrix(frame[INTO]).shape[1]:,} numbers'


def _embed_lines(context: Context, args: EmbedArgs, body: str) -> Note | None:
    texts = some_lines(context, args, args.column, body)
    model = args.model or context.settings.embed_model
    if (note := priced(context, args, partial(price, "embed", texts, model=model))) is not None:
        return note
    client, watch = connect(context), Stopwatch()
    vectors = client.embed(texts, model=model, dimensions=args.dimensions)
    if vectors.cost is not None:
        context.state.costs.append(vectors.cost)
    context.names.assign(args.out, vectors)
    facts = vectors._repr_mimebundle_()[1]["nexhina"]
    context.screen.show(_in_short(vectors), {**facts, **watch.facts()})
    return None


def _in_short(vectors: Vectors) -> Note:
    rows, length = vectors.shape
    # As many numbers as say that there are some: a saved notebook is no place for all of them.
    with np.printoptions(threshold=0, edgeitems=3, precision=4, suppress=True):
        return Note(f"{rows:,} × {length:,} {vectors.dtype}\n{np.asarray(vectors)}")


def rerank(context: Context, args: Rerank, body: str) -> Note | None:
    """Documents → a ranking; a frame → the same kind of frame, best rows first."""
    assert args.query is not None
    if args.frame is None:
        return _rerank_lines(context, args, args.query, body)
    frame, column = frame_column(context, args, body)

    def batch(options: Options) -> Outcome | Estimate:
        return rerank_table(frame, args.query, options, on=column, query=None, top_n=args.top_n)

    watch, model = Stopwatch(), args.model or context.settings.rerank_model
    outcome = carry_out(context, args, batch, model=model, cache=not args.no_cache)
    if isinstance(outcome, Estimate):
        return preview(context, args, outcome)
    context.names.assign(args.out, outcome.frame)
    context.screen.show(_best(outcome), facts_of(outcome, watch))
    if words := remarks(outcome, ERROR):
        context.screen.show(Note("; ".join(words)))
    return None


def _rerank_lines(context: Context, args: Rerank, query: str, body: str) -> Note | None:
    texts = some_lines(context, args, args.column, body)
    model = args.model or context.settings.rerank_model
    estimate = partial(price, "rerank", query, model=model, documents=texts)
    if (note := priced(context, args, estimate)) is not None:
        return note
    client, watch = connect(context), Stopwatch()
    reply = client.rerank(query, texts, model=model, top_n=args.top_n)
    context.state.costs.append(reply.cost)
    context.names.assign(args.out, reply)
    context.screen.show(reply, watch.facts())
    return None


def _best(outcome: Outcome) -> Note:
    """The best rows of a ranking, as the client shows one."""
    data = tables.mimebundle(["rank", "index", "score", "document"], outcome.best)
    return Note(data["text/plain"], rich=data)
