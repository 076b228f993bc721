"""``%%nexhina embed`` and ``%%nexhina rerank``: lines of the cell go to the client, a column of a
frame is a batch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from nexhina_nb import tabular
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.batch.ranked import ERROR
from nexhina_nb.client import Vectors, tables
from nexhina_nb.errors import GatewayNotRunning
from nexhina_nb.magics.commands.connection import Stopwatch, connect, preview, price, priced
from nexhina_nb.magics.commands.inputs import frame_column, some_lines
from nexhina_nb.magics.commands.rows import show_frame
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Embed, Rerank
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.price import UnknownPriceWarning

INTO = "embedding"
Batch = Callable[[Options], Outcome | Estimate]


def embed(context: Context, args: Embed, body: str) -> Note | None:
    """Texts → vectors; a frame → the same kind of frame with the column "embedding"."""
    if args.frame is None:
        return _embed_lines(context, args, body)
    frame, column = frame_column(context, args, body)

    def batch(options: Options) -> Outcome | Estimate:
        return tabular.embed_table(frame, column, options, into=INTO, dimensions=args.dimensions)

    return _frame(context, args, batch)


def _embed_lines(context: Context, args: Embed, body: str) -> Note | None:
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
        return tabular.rerank_table(
            frame, args.query, options, on=column, query=None, top_n=args.top_n
        )

    return _frame(context, args, batch)


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


def _frame(context: Context, args: Embed | Rerank, batch: Batch) -> Note | None:
    """Carry out a batch and show what came of it."""
    watch, outcome = Stopwatch(), _carry_out(context, args, batch)
    if isinstance(outcome, Estimate):
        return preview(context, args, outcome)
    context.names.assign(args.out, outcome.frame)
    facts = {
        "model": outcome.model,
        "request_id": outcome.request_id,
        "cost": outcome.cost.as_json(),
        "cached": outcome.progress.cached,
        **watch.facts(),
    }
    remarks = _remarks(args, outcome)
    if isinstance(args, Embed):
        told = f'"{INTO}" holds vectors of {outcome.length:,} numbers'
        show_frame(context, args.out, outcome.frame, facts, [told, *remarks])
        return None
    context.screen.show(_best(outcome), facts)
    if remarks:
        context.screen.show(Note("; ".join(remarks)))
    return None


def _best(outcome: Outcome) -> Note:
    """The best rows of a ranking, as the client shows one."""
    data = tables.mimebundle(["rank", "index", "score", "document"], outcome.best)
    return Note(data["text/plain"], rich=data)


def _carry_out(context: Context, args: Embed | Rerank, batch: Batch) -> Outcome | Estimate:
    settings = context.settings
    default = settings.embed_model if isinstance(args, Embed) else settings.rerank_model
    try:
        client = connect(context)
    except GatewayNotRunning:
        client = None  # what is on disk needs none, nor does a price
    options = Options(
        model=args.model or default,
        client=client,
        cache=not args.no_cache,
        progress=context.origin.is_watched,
        budget=args.budget,
        dry_run=args.dry_run,
        costs=context.state.costs,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)  # the estimate says it
        return batch(options)


def _remarks(args: Embed | Rerank, outcome: Outcome) -> list[str]:
    said, progress = [], outcome.progress
    if progress.cached:
        said.append(f"{progress.cached:,} of {progress.total:,} rows from the cache")
    if progress.failed:
        column = f"{INTO}_error" if isinstance(args, Embed) else ERROR
        said.append(f'{progress.failed:,} of {progress.total:,} rows failed, "{column}" says why')
    return said
