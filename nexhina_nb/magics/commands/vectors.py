"""``%%nexhina embed`` and ``%%nexhina rerank``: lines of the cell go to the client, a column of a
frame is a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nexhina_nb.batch.columns import matrix
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.batch.ranked import ERROR
from nexhina_nb.client import Vectors, tables
from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.commands.connection import Stopwatch, connect, preview, price, priced
from nexhina_nb.magics.commands.inputs import frame_column, some_lines
from nexhina_nb.magics.commands.rows import carry_out, each_row, facts_of, remarks, show_frame
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Embed as EmbedArgs, Rerank
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.rankings import rerank_table
from nexhina_nb.tabular.vectors import Embed


def embed(context: Context, args: EmbedArgs, body: str) -> Note | None:
    """Texts → vectors; a frame → the same kind of frame with a column of them."""
    if args.frame is None:
        _refuse({"--into": args.into, "--too-long": args.too_long})
        return _embed_lines(context, args, body)
    frame, column = frame_column(context, args, body)
    chosen: dict[str, Any] = {"into": args.into, "too_long": args.too_long}
    given = {name: value for name, value in chosen.items() if value is not None}
    plan = Embed(column, dimensions=args.dimensions, **given)
    told = partial(_told, plan.into)
    return each_row(context, args, plan, frame, told, cache=not args.no_cache)


def _told(name: str, frame: Any) -> str:
    return f'"{name}" holds vectors of {matrix(frame[name]).shape[1]:,} numbers'


def _refuse(options: Mapping[str, object]) -> None:
    """Raises BadInput for one that only a frame can have."""
    for flag, value in options.items():
        if value is not None:
            raise BadInput(f"{flag} needs --from", hint="add --from FRAME --column NAME")


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
    """Documents → a ranking; a frame → the same kind of frame, best rows first, once for each
    query.
    """
    _check_query(args)
    if args.frame is None:
        _refuse({"--queries": args.queries})
        assert args.query is not None  # the line was read: there is one, or --queries
        return _rerank_lines(context, args, args.query, body)
    frame, column = frame_column(context, args, body)
    asking, query = _queries(context, args)
    first, second = (frame, args.query) if asking is None else (asking, frame)

    def batch(options: Options) -> Outcome | Estimate:
        return rerank_table(first, second, options, on=column, query=query, top_n=args.top_n)

    watch, model = Stopwatch(), args.model or context.settings.rerank_model
    outcome = carry_out(context, args, batch, model=model, cache=not args.no_cache)
    if isinstance(outcome, Estimate):
        return preview(context, args, outcome)
    context.names.assign(args.out, outcome.frame)
    kept = asking is not None or args.out is not None
    facts, words = facts_of(outcome, watch), remarks(outcome, ERROR, kept=kept)
    if asking is None:
        _show_best(context, outcome, facts, words)
    else:
        told = f"a ranking for each of {len(asking):,} queries"
        show_frame(context, args.out, outcome.frame, facts, [told, *words])
    return None


def _check_query(args: Rerank) -> None:
    if args.query_column is not None and args.queries is None:
        hint = "name the frame that has the column"
        raise BadInput("--query-column needs --queries", hint=hint)
    if args.query is not None and args.queries is not None:
        raise BadInput("--query and --queries do not go together", hint="leave one of them out")


def _queries(context: Context, args: Rerank) -> tuple[Any, Any]:
    """The frame of queries and the name of their column, if there is one."""
    if args.queries is None:
        return None, None
    flags = ("--queries", "--query-column")
    return frames.pick(context.names, args.queries, args.query_column, flags)


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


def _show_best(
    context: Context, outcome: Outcome, facts: Mapping[str, Any], words: Sequence[str]
) -> None:
    """Show the best rows of a ranking as the client shows one, and what is to be told of it."""
    data = tables.mimebundle(["rank", "index", "score", "document"], outcome.best)
    context.screen.show(Note(data["text/plain"], rich=data), facts)
    if words:
        context.screen.show(Note("; ".join(words)))
